#include "analyzer/model/native/extensions.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "analyzer/model/native/bound_classes.h"
#include "analyzer/model/native/tables.h"

namespace forklint::model::native {
namespace {

class Modules {
 public:
  explicit Modules(const Native& native) : native_(native), program_(native.program()), tables_(program_) {}

  ExtensionModule module(FunctionId init) const {
    const Function& function = program_.function(init);
    ExtensionModule result{.name = name_of(init), .path = program_.units()[function.unit].path, .init = init};
    std::vector<FunctionId> roots = run_at_import(init);
    std::vector<Reached::Entry> start;
    for (FunctionId root : roots) start.push_back({root});
    const Reached reached = reach(program_, native_.forks(), start);
    find_thread(roots, reached, result);
    std::unordered_set<std::string_view> seen;
    for (const Reached::Entry& entry : reached.entries) add_types(entry.function, seen, result);
    judge_by_bases(result.types);
    return result;
  }

 private:
  // What stands for the star of the row's name.
  std::string name_of(FunctionId init) const {
    std::string_view symbol = without_parameters(program_.function(init).symbol);
    for (std::string_view name : program_.natives().find(symbol)->names)
      if (name.ends_with('*') && symbol.starts_with(name.substr(0, name.size() - 1))) return std::string(symbol.substr(name.size() - 1));
    return {};
  }

  // The function that Python calls, and those that its table of slots names for the import.
  std::vector<FunctionId> run_at_import(FunctionId init) const {
    std::vector<FunctionId> result{init};
    const facts::Range events = program_.facts(init).scopes[program_.function(init).scope].events;
    for (EventId at = events.begin; at < events.end; ++at) {
      const Op op = program_.event(init, at).op;
      if (op != Op::read && op != Op::call) continue;
      tables_.each({init, at}, [&](Place place) {
        const NativeApi* row = tables_.row(place);
        if (!row || !row->python_exec || !selected(*row, place)) return;
        for (FunctionId function : program_.function_values(place.function, tables_.field(place, *row->python_exec)))
          if (std::find(result.begin(), result.end(), function) == result.end()) result.push_back(function);
      });
    }
    return result;
  }

  bool selected(const NativeApi& row, Place place) const {
    if (!row.selects) return true;
    EventId given = tables_.field(place, *row.selects);
    if (given == none || program_.event(place.function, given).op != Op::number) return false;
    return std::find(row.selected.begin(), row.selected.end(), program_.name_of(place.function, given)) != row.selected.end();
  }

  // Also the static initialisers and constructors of the files that the module's code is in.
  void find_thread(std::vector<FunctionId> roots, const Reached& reached, ExtensionModule& module) const {
    std::set<uint32_t> units;
    for (const Reached::Entry& entry : reached.entries) units.insert(program_.function(entry.function).unit);
    for (FunctionId root : native_.load_roots())
      if (units.contains(program_.function(root).unit)) roots.push_back(root);
    const Step* best = nullptr;
    FunctionId from = none;
    for (FunctionId root : roots)
      if (const Step* step = native_.effects().of(root, Effect::starts_thread); step && (!best || std::pair(!step->sure, step->distance) < std::pair(!best->sure, best->distance))) best = step, from = root;
    if (!best) return;
    module.thread = native_.effects().way(from, *best, Effect::starts_thread);
    module.sure = best->sure;
  }

  void add(ExtensionModule& module, BoundType type) const {
    auto known = std::find_if(module.types.begin(), module.types.end(), [&](const BoundType& it) { return it.name == type.name; });
    if (known == module.types.end()) module.types.push_back(std::move(type));
    else if (known->place.function != type.place.function || known->place.event != type.place.event) known->refused = false;
  }

  // Pickle support is inherited. What a binding names besides its class, and is neither bound here nor a holder of the
  // standard library, may have some.
  static void judge_by_bases(std::vector<BoundType>& types) {
    std::unordered_map<std::string_view, const BoundType*> by_symbol;
    for (const BoundType& type : types)
      if (!type.symbol.empty()) by_symbol.emplace(type.symbol, &type);
    auto supports = [&](const BoundType& type, std::string_view related) {
      if (related == type.symbol || related.starts_with("std::")) return false;
      auto base = by_symbol.find(related);
      return base == by_symbol.end() || !base->second->refused;
    };
    for (bool changed = true; changed;) {
      changed = false;
      for (BoundType& type : types) {
        if (!type.refused || std::none_of(type.related.begin(), type.related.end(), [&](std::string_view it) { return supports(type, it); })) continue;
        type.refused = false;
        changed = true;
      }
    }
  }

  // The types that a function makes, and those in the data that it names, which is looked at once.
  void add_types(FunctionId function, std::unordered_set<std::string_view>& seen, ExtensionModule& module) const {
    for (BoundType& type : bound_classes(program_, function)) add(module, std::move(type));
    const facts::Range events = program_.facts(function).scopes[program_.function(function).scope].events;
    for (EventId at = events.begin; at < events.end; ++at) {
      if (program_.event(function, at).op != Op::read || !seen.insert(program_.name_of(function, at)).second) continue;
      tables_.each({function, at}, [&](Place place) {
        const NativeApi* row = tables_.row(place);
        if (!row || !row->python_type || !row->python_size || !row->python_name) return;
        std::string_view name = tables_.text({place.function, tables_.field(place, *row->python_name)});
        if (name.empty()) return;
        add(module, {std::string(name.substr(name.rfind('.') + 1)), place, refused(place, *row)});
      });
    }
  }

  // Objects that hold no more than any object does are pickled without help; others need a method that says how.
  bool refused(Place type, const NativeApi& row) const {
    EventId size = tables_.field(type, *row.python_size);
    std::optional<int64_t> bytes = size == none ? std::nullopt : program_.constant(type.function, size);
    if (!bytes || *bytes <= int64_t(row.python_stateless)) return false;
    bool helped = false;
    tables_.each(type, [&](Place place) {
      const facts::Event& event = program_.event(place.function, place.event);
      auto opens = [&](std::string_view name) { return std::find(row.python_open.begin(), row.python_open.end(), name) != row.python_open.end(); };
      if (event.op == Op::string) helped |= is_pickle_method(program_.name_of(place.function, place.event)) || opens(program_.name_of(place.function, place.event));
      if (const NativeApi* inner = tables_.row(place); inner && inner->python_pickle) helped |= selected(*inner, place);
      if (place.event != type.event || place.function != type.function) return;
      for (uint32_t i = 0; i < event.operands_count; ++i) {
        helped |= opens(program_.facts(place.function).name(program_.facts(place.function).operands_of(event)[i].keyword));
      }
    });
    return !helped;
  }

  const Native& native_;
  const Program& program_;
  Tables tables_;
};

}  // namespace

std::vector<ExtensionModule> extension_modules(const Native& native) {
  std::vector<ExtensionModule> result;
  if (native.python_roots().empty()) return result;
  Modules modules(native);
  for (FunctionId init : native.python_roots()) {
    ExtensionModule module = modules.module(init);
    if (!module.name.empty()) result.push_back(std::move(module));
  }
  return result;
}

}  // namespace forklint::model::native
