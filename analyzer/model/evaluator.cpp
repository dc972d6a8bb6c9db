// The evaluator's frame: interning, the dispatch over events, and lookup of names.
#include "analyzer/model/evaluator.h"

#include <algorithm>

namespace forklint::model {
namespace {

constexpr uint16_t deepest_frame = 3;

}  // namespace

void add(Values& values, ValueId value) {
  if (std::find(values.begin(), values.end(), value) != values.end()) return;
  if (values.size() < most_values) values.push_back(value);
  else if (values[most_values - 1] != unknown_value) values[most_values - 1] = unknown_value;
}

void add(Values& values, const Values& others) {
  for (ValueId value : others) add(values, value);
}

static unsigned mixed(std::initializer_list<uint64_t> parts) {
  uint64_t hash = 0;
  for (uint64_t part : parts) hash = (hash ^ part) * 0x9E3779B97F4A7C15ull + (hash >> 29);
  return unsigned(hash >> 32);
}

unsigned Evaluator::KeyInfo::getHashValue(const Key& key) { return mixed({uint64_t(key.file) << 32 | key.frame, key.event}); }

unsigned Evaluator::ValueInfo::getHashValue(const Value& v) {
  return mixed({uint64_t(v.kind) << 32 | v.file, uint64_t(v.index) << 32 | v.frame, uint64_t(v.symbol) << 32 | v.base});
}

Evaluator::Evaluator(const Program& program) : program_(program) {
  values_.push_back({});
  frames_.push_back({});
  intern("");
}

SymbolId Evaluator::intern(std::string_view text) {
  auto it = symbol_ids_.find(text);
  if (it != symbol_ids_.end()) return it->second;
  symbols_.emplace_back(text);
  SymbolId id = SymbolId(symbols_.size() - 1);
  symbol_ids_.emplace(symbols_.back(), id);
  return id;
}

ValueId Evaluator::make(const Value& value) {
  auto [it, added] = value_ids_.try_emplace(value, ValueId(values_.size()));
  if (added) values_.push_back(value);
  return it->second;
}

ValueId Evaluator::external(std::string_view qualified) { return make({.kind = ValueKind::external, .symbol = intern(program_.knowledge().canonical(qualified))}); }

ValueId Evaluator::instance_of(ValueId class_value) { return make({.kind = ValueKind::instance, .base = class_value}); }

// How deep the calls lie in which a value came to be.
uint16_t Evaluator::depth_of(ValueId value) const { return value == unknown_value ? 0 : frames_[values_[value].frame].depth; }

// Frames hold values that were made in frames. Past the deepest one only the scope is remembered, and of which class the
// receiver is: otherwise objects that make each other would go on for ever.
FrameId Evaluator::intern_frame(Frame frame) {
  if (frame.caller != any_frame) frame.depth = std::max(frame.depth, uint16_t(frames_[frame.caller].depth + 1));
  if (frame.receiver != unknown_value) frame.depth = std::max(frame.depth, uint16_t(depth_of(frame.receiver) + 1));
  frame.depth = std::max(frame.depth, frames_[frame.closure].depth);
  if (frame.depth > deepest_frame) {
    frame.caller = any_frame;
    frame.arguments.clear();
    frame.arguments_known = false;
    frame.call = {};
    if (depth_of(frame.receiver) >= deepest_frame) frame.receiver = values_[frame.receiver].kind == ValueKind::instance ? instance_of(values_[frame.receiver].base) : unknown_value;
    if (frames_[frame.closure].depth >= deepest_frame) frame.closure = any_frame;
    frame.depth = deepest_frame;
  }
  uint64_t hash = 0;
  for (uint64_t part : {uint64_t(frame.file), uint64_t(frame.scope), uint64_t(frame.closure), uint64_t(frame.caller), uint64_t(frame.call.file), uint64_t(frame.call.event), uint64_t(frame.receiver), uint64_t(frame.arguments_known)})
    hash = (hash ^ part) * 0x9E3779B97F4A7C15ull + (hash >> 29);
  auto& bucket = frame_ids_[hash];
  for (FrameId id : bucket) {
    const Frame& other = frames_[id];
    if (other.file == frame.file && other.scope == frame.scope && other.closure == frame.closure && other.caller == frame.caller && other.call == frame.call &&
        other.receiver == frame.receiver && other.arguments_known == frame.arguments_known && other.arguments.size() == frame.arguments.size())
      return id;
  }
  frames_.push_back(std::move(frame));
  bucket.push_back(FrameId(frames_.size() - 1));
  return bucket.back();
}

FrameId Evaluator::enter_unknown(FileId file, ScopeId scope, ValueId receiver, FrameId closure) {
  if (receiver == unknown_value && closure == any_frame) return any_frame;
  return intern_frame({.file = file, .scope = scope, .closure = closure, .receiver = receiver});
}

FrameId Evaluator::enter_inner(FileId file, ScopeId scope, FrameId frame) {
  if (frame == any_frame) return any_frame;
  return intern_frame({.file = file, .scope = scope, .closure = frame, .depth = frames_[frame].depth});
}

const Values& Evaluator::evaluate(Site site, FrameId frame) {
  static const Values nothing{unknown_value};
  if (site.event == none) return nothing;
  if (frame != any_frame && same_everywhere(site)) frame = any_frame;
  Key key{site.file, site.event, frame};
  if (auto it = memo_.find(key); it != memo_.end()) return it->second == none ? nothing : results_[it->second];  // none: a cycle
  if (depth_ >= deepest) return nothing;
  memo_[key] = none;
  ++depth_;
  Values result = compute(site, frame);
  --depth_;
  if (result.empty()) result.push_back(unknown_value);
  results_.push_back(std::move(result));
  memo_[key] = uint32_t(results_.size() - 1);
  return results_.back();
}

bool Evaluator::same_everywhere(Site site) {
  if (same_everywhere_.empty()) same_everywhere_.resize(program_.files().size());
  std::vector<bool>& known = same_everywhere_[site.file];
  if (!known.empty()) return known[site.event];
  const File& file = program_.file(site.file);
  known.resize(file.facts.events.size());
  for (EventId id = 0; id < known.size(); ++id) {
    const facts::Event& event = file.event(id);
    switch (event.op) {
      case Op::string: case Op::bytes: case Op::number: case Op::boolean: case Op::null: case Op::import: case Op::import_from: known[id] = true; break;
      case Op::read: {
        ScopeId owner = binding_scope(site.file, file.scope_of(id), event.name);
        known[id] = owner == none || owner == 0;
        break;
      }
      case Op::attribute: known[id] = known[file.operand(id, 0)]; break;
      default: break;
    }
  }
  return known[site.event];
}

Values Evaluator::compute(Site site, FrameId frame) {
  const File& file = program_.file(site.file);
  const facts::Event& event = file.event(site.event);
  auto operand = [&](uint32_t i) { return Site{site.file, file.operand(site.event, i)}; };
  auto same = [&](Value value) {
    value.file = site.file;
    value.frame = frame;
    return Values{make(value)};
  };
  switch (event.op) {
    case Op::string: case Op::bytes: case Op::number: case Op::boolean: case Op::null:
      return {make({.kind = ValueKind::constant, .index = uint32_t(event.op), .symbol = intern(file.name(event.name))})};
    case Op::read: return read_name(site, frame);
    case Op::attribute: {
      Values result;
      std::string_view name = file.name(event.name);
      for (ValueId base : Values(evaluate(operand(0), frame))) add(result, attribute(base, name));
      return result;
    }
    case Op::call: {
      Values result;
      for (ValueId callee : Values(evaluate(operand(0), frame))) add(result, call_result(callee, site, frame));
      return result;
    }
    case Op::import: return import_module(site);
    case Op::import_from: return import_member(site, frame);
    case Op::function: case Op::lambda: return same({.kind = ValueKind::function, .index = event.extra});
    case Op::class_: return same({.kind = ValueKind::class_, .index = event.extra});
    case Op::decorate: return decorate(site, frame);
    case Op::tuple: case Op::list: case Op::set: case Op::dict: case Op::comprehension:
      return same({.kind = ValueKind::container, .index = site.event});
    case Op::subscript: return subscript(site, frame);
    case Op::boolean_operation: {
      Values result;
      bool conjunction = file.name(event.name) == "and";
      for (uint32_t i = 0; i < event.operands_count; ++i) {
        bool last = i + 1 == event.operands_count;
        if (!conjunction && !result.empty() && std::all_of(result.begin(), result.end(), [&](ValueId value) { return is_true(value); })) return result;
        // `a and b` is a only where a is false, which the objects that matter never are.
        for (ValueId value : Values(evaluate(operand(i), frame)))
          if (conjunction ? last || values_[value].kind == ValueKind::constant || values_[value].kind == ValueKind::container : last || !is_false(value)) add(result, value);
      }
      return result;
    }
    case Op::conditional: {
      Values result = evaluate(operand(1), frame);
      add(result, evaluate(operand(2), frame));
      return result;
    }
    case Op::binary: {  // [x] * n, a + b: the containers among the operands; what a type's own operator gives: folder / "name"
      Values result;
      for (uint32_t i = 0; i < 2; ++i)
        for (ValueId part : Values(evaluate(operand(i), frame))) {
          if (values_[part].kind == ValueKind::container) add(result, part);
          if (i != 0 || values_[part].kind != ValueKind::object || file.name(event.name) != "/") continue;
          const knowledge::Api* row = program_.knowledge().find(symbols_[values_[part].symbol] + ".__truediv__");
          if (row) add(result, make({.kind = ValueKind::object, .symbol = intern(row->returns)}));
        }
      return result;
    }
    case Op::await: {
      Values result;
      for (ValueId awaited : Values(evaluate(operand(0), frame))) {
        const Value it = values_[awaited];
        if (it.kind == ValueKind::coroutine) add(result, returns_of(make({.kind = ValueKind::function, .file = it.file, .index = it.index}), it.frame));
        else if (it.kind == ValueKind::object && program_.knowledge().find(symbols_[it.symbol] + ".__await__")) add(result, unknown_value);
        else add(result, awaited);
      }
      return result;
    }
    case Op::iterate: {
      Values result;
      for (ValueId base : Values(evaluate(operand(0), frame))) add(result, elements(base));
      return result;
    }
    case Op::unpack: {
      Values result;
      std::optional<uint32_t> index;
      if (event.name != facts::name_star && event.extra < (1u << 31)) index = event.extra;
      for (ValueId base : Values(evaluate(operand(0), frame))) add(result, elements(base, index));
      return result;
    }
    case Op::enter: {
      Values result;
      for (ValueId manager : Values(evaluate(operand(0), frame))) add(result, entered(manager, site, frame));
      return result;
    }
    case Op::caught: {
      Values result;
      for (ValueId type : Values(evaluate(operand(0), frame))) {
        const Value it = values_[type];
        if (it.kind == ValueKind::class_) add(result, instance_of(type));
        else if (it.kind == ValueKind::external) add(result, make({.kind = ValueKind::object, .file = site.file, .index = site.event, .frame = frame, .symbol = it.symbol}));
      }
      return result;
    }
    default: return {};
  }
}

bool Evaluator::is_true(ValueId id) const {
  const Value& it = values_[id];
  switch (it.kind) {
    case ValueKind::constant: return Op(it.index) != Op::null && !is_false(id) && Op(it.index) != Op::bytes;
    case ValueKind::object: case ValueKind::function: case ValueKind::class_: case ValueKind::module: case ValueKind::bound: return it.kind != ValueKind::object || it.index != none;
    default: return false;
  }
}

bool Evaluator::is_false(ValueId id) const {
  const Value& it = values_[id];
  if (it.kind != ValueKind::constant) return false;
  const std::string& text = symbols_[it.symbol];
  return Op(it.index) == Op::null || (Op(it.index) == Op::string && text.empty()) || (Op(it.index) == Op::number && text == "0") || (Op(it.index) == Op::boolean && text == "False");
}

Values Evaluator::entered(ValueId manager, Site site, FrameId frame) {
  const Value it = values_[manager];
  if (it.kind == ValueKind::instance) {
    ValueId method = method_of(it.base, "__enter__");
    Values given = method == unknown_value ? Values{} : returns_of(method, enter_unknown(values_[method].file, values_[method].index, manager));
    return given.empty() || given[0] == unknown_value ? Values{manager} : given;
  }
  if (it.kind == ValueKind::object) {
    const knowledge::Api* row = program_.knowledge().find(symbols_[it.symbol] + ".__enter__");
    if (row && row->hands_on && it.index != none) {
      auto held = argument(arguments_of(it.site(), it.frame), *row->hands_on);
      return held ? values_of(*held) : Values{};
    }
    if (!row || row->returns.empty() || row->returns == "self") return {manager};
    return {make({.kind = ValueKind::object, .file = site.file, .index = site.event, .frame = frame, .symbol = intern(row->returns), .base = manager})};
  }
  return it.kind == ValueKind::generator ? elements(manager) : Values{manager};  // @contextmanager: what it yields
}

Values Evaluator::read_name(Site site, FrameId frame) {
  const File& file = program_.file(site.file);
  return lookup(site.file, file.scope_of(site.event), file.event(site.event).name, site.event, frame);
}

bool Evaluator::has_name(FileId file_id, ScopeId scope, NameId name) const {
  const File& file = program_.file(file_id);
  if (file.scopes[scope].names.contains(name) && !file.scopes[scope].declared.contains(name)) return true;
  const facts::Scope& it = file.facts.scopes[scope];
  for (uint32_t i = it.parameters.begin; i < it.parameters.end; ++i)
    if (file.facts.parameters[i].name == name) return true;
  return false;
}

ScopeId Evaluator::binding_scope(FileId file_id, ScopeId scope, NameId name) const {
  const File& file = program_.file(file_id);
  bool first = true;
  while (scope != 0) {
    auto declared = file.scopes[scope].declared.find(name);
    if (declared != file.scopes[scope].declared.end() && declared->second == Op::global) break;
    bool visible = first || file.facts.scopes[scope].kind != facts::ScopeKind::class_;
    if (visible && has_name(file_id, scope, name)) return scope;
    first = false;
    scope = file.facts.scopes[scope].parent;
  }
  if (file.scopes[0].names.contains(name) || file.global_writers.contains(name)) return 0;
  return none;
}

namespace {

// Whether a binding stands under `if x is None:` (or `if not x:`) of its own name.
bool replaces_missing(const File& file, EventId binding) {
  const facts::Event& event = file.event(binding);
  if (event.op != Op::bind || event.region == none || file.facts.regions[event.region].kind != facts::RegionKind::then_arm) return false;
  const facts::Event& test = file.event(file.facts.regions[event.region].subject);
  bool none_test = test.op == Op::compare && test.operands_count == 2 && (file.name(test.name) == "is" || file.name(test.name) == "==");
  if (!none_test && !(test.op == Op::unary && file.name(test.name) == "not")) return false;
  const facts::Event& tested = file.event(file.facts.operands_of(test)[0].value);
  if (tested.op != Op::read || tested.name != event.name) return false;
  return !none_test || file.event(file.facts.operands_of(test)[1].value).op == Op::null;
}

}  // namespace

Values Evaluator::lookup(FileId file_id, ScopeId scope, NameId name, EventId at, FrameId frame) {
  const File& file = program_.file(file_id);
  ScopeId owner = binding_scope(file_id, scope, name);
  std::string_view text = file.name(name);
  if (owner == none) {
    Values imported = star_imported(file_id, 0, text);
    return imported.empty() ? builtin(text) : imported;
  }
  if (owner == 0 && scope != 0) {
    // A class body or comprehension of the module runs at its place; a function runs later.
    ScopeId outer = scope;
    while (outer != 0 && (file.facts.scopes[outer].kind == facts::ScopeKind::class_ || file.facts.scopes[outer].kind == facts::ScopeKind::comprehension)) {
      at = file.facts.scopes[outer].definition;
      outer = file.facts.scopes[outer].parent;
    }
    if (outer != 0) return module_variable(file_id, name);
    Values result = bound_values(file_id, reaching(file_id, 0, name, at), any_frame);
    return result.empty() ? module_variable(file_id, name) : result;
  }
  // Walk out to the owner; the frame follows.
  EventId position = at;
  while (scope != owner) {
    const facts::Scope& it = file.facts.scopes[scope];
    bool runs_in_place = it.kind == facts::ScopeKind::class_ || it.kind == facts::ScopeKind::comprehension;
    position = runs_in_place ? it.definition : none;
    if (frame != any_frame && frames_[frame].file == file_id && frames_[frame].scope == scope) frame = frames_[frame].closure;
    scope = it.parent;
  }
  if (owner == 0) frame = any_frame;
  Values result = bound_values(file_id, reaching(file_id, owner, name, position), frame);
  if (owner == 0) {
    if (result.empty()) return module_variable(file_id, name);
    if (file.global_writers.contains(name)) add(result, module_variable(file_id, name));
    return result;
  }
  const facts::Scope& it = file.facts.scopes[owner];
  for (uint32_t i = it.parameters.begin; i < it.parameters.end; ++i) {
    if (file.facts.parameters[i].name != name) continue;
    // A binding that always runs first hides the parameter.
    auto bindings = reaching(file_id, owner, name, position);
    if (std::any_of(bindings.begin(), bindings.end(), [&](EventId binding) { return file.event(binding).region == none; })) continue;
    Values given = parameter_values(file_id, owner, i, frame);
    // `if x is None: x = default` speaks of calls that do not give x, and of those alone.
    bool only_default = !bindings.empty() && std::all_of(bindings.begin(), bindings.end(), [&](EventId binding) { return replaces_missing(file, binding); });
    auto missing = [&](ValueId id) { return values_[id].kind == ValueKind::constant && Op(values_[id].index) == Op::null; };
    bool known = std::none_of(given.begin(), given.end(), [&](ValueId id) { return id == unknown_value || values_[id].kind == ValueKind::parameter; });
    if (only_default && known) {
      if (std::none_of(given.begin(), given.end(), missing)) return given;
      given.erase(std::remove_if(given.begin(), given.end(), missing), given.end());
    }
    add(result, given);
  }
  return result;
}

Values Evaluator::bound_values(FileId file_id, const llvm::SmallVector<EventId, 4>& bindings, FrameId frame) {
  const File& file = program_.file(file_id);
  Values result;
  for (EventId binding : bindings) {
    const facts::Event& event = file.event(binding);
    if (event.op == Op::bind) {
      add(result, evaluate({file_id, file.operand(binding, 0)}, frame));
    } else if (event.op == Op::bind_module) {
      add(result, module_or_external(file_id, std::string(file.name(event.name))));
    } else if (event.op == Op::declare) {
      if (bindings.size() == 1) add(result, annotated(file_id, file.scope_of(binding), file.operand(binding, 0), frame));
    } else if (event.op == Op::augment) {
      // x += y keeps what x held when that is a container
      for (EventId earlier : reaching(file_id, file.scope_of(binding), event.name, binding))
        if (file.event(earlier).op == Op::bind) add(result, evaluate({file_id, file.operand(earlier, 0)}, frame));
      if (result.empty()) add(result, unknown_value);
    }
  }
  return result;
}

Values Evaluator::module_variable(FileId file_id, NameId name) {
  const File& file = program_.file(file_id);
  Values result = bound_values(file_id, reaching(file_id, 0, name, none), any_frame);
  if (auto it = file.global_writers.find(name); it != file.global_writers.end())
    for (ScopeId writer : it->second) add(result, bound_values(file_id, reaching(file_id, writer, name, none), any_frame));
  return result;
}

Values Evaluator::module_member(FileId file_id, std::string_view name) {
  const File& file = program_.file(file_id);
  NameId id = file.find_name(name);
  if (id != none && (file.scopes[0].names.contains(id) || file.global_writers.contains(id))) return module_variable(file_id, id);
  if (FileId sub = program_.submodule(file_id, name); sub != none) return {make({.kind = ValueKind::module, .file = sub})};
  return star_imported(file_id, 0, name);
}

Values Evaluator::star_imported(FileId file_id, ScopeId scope, std::string_view name) {
  const File& file = program_.file(file_id);
  if (name.starts_with('_') || depth_ >= deepest) return {};
  ++depth_;
  Values result;
  for (EventId star : file.scopes[scope].star_imports) {
    for (ValueId module : Values(evaluate({file_id, file.operand(star, 0)}, any_frame))) {
      const Value it = values_[module];
      if (it.kind == ValueKind::module) {
        add(result, module_member(it.file, name));
      } else if (it.kind == ValueKind::external) {
        std::string qualified = symbols_[it.symbol] + "." + std::string(name);
        if (program_.knowledge().find(qualified)) add(result, external(qualified));
      }
    }
  }
  --depth_;
  return result;
}

Values Evaluator::builtin(std::string_view name) { return {external("builtins." + std::string(name))}; }

namespace {

// Whether region `outer` is `inner` or one of its ancestors; none is the whole scope.
bool encloses(const facts::FileFacts& f, RegionId outer, RegionId inner) {
  if (outer == none) return true;
  while (inner != none && inner != outer) inner = f.regions[inner].parent;
  return inner == outer;
}

// Whether two regions lie in different arms of one if: below the place where their ways up meet. A region comes after
// those around it, so the later of the two goes up first; `none` + 1 is 0.
bool exclusive(const facts::FileFacts& f, RegionId a, RegionId b) {
  RegionId below_a = none, below_b = none;
  while (a != b) {
    if (a + 1 > b + 1) below_a = a, a = f.regions[a].parent;
    else below_b = b, b = f.regions[b].parent;
  }
  if (below_a == none || below_b == none) return false;
  const facts::Region &x = f.regions[below_a], &y = f.regions[below_b];
  bool arms = x.kind == facts::RegionKind::then_arm || x.kind == facts::RegionKind::else_arm;
  return arms && x.statement == y.statement && x.kind != y.kind;
}

RegionId innermost_loop(const facts::FileFacts& f, RegionId region) {
  while (region != none && f.regions[region].kind != facts::RegionKind::loop) region = f.regions[region].parent;
  return region;
}

}  // namespace

llvm::SmallVector<EventId, 4> Evaluator::reaching(FileId file_id, ScopeId scope, NameId name, EventId at) const {
  const File& file = program_.file(file_id);
  llvm::SmallVector<EventId, 4> result;
  auto it = file.scopes[scope].names.find(name);
  if (it == file.scopes[scope].names.end()) return result;
  const std::vector<EventId>& all = it->second.events;
  const facts::FileFacts& f = file.facts;
  RegionId here = at == none ? none : file.event(at).region;
  size_t before = at == none ? all.size() : size_t(std::lower_bound(all.begin(), all.end(), at) - all.begin());
  constexpr size_t most_examined = 200;  // a long chain of elif may bind the name in each of its arms
  for (size_t i = before; i-- > 0 && before - i <= most_examined && result.size() < most_values;) {
    RegionId region = file.event(all[i]).region;
    if (exclusive(f, region, here)) continue;
    if (file.event(all[i]).op == Op::delete_name) continue;
    if (file.event(all[i]).op == Op::declare && i != 0) continue;
    result.push_back(all[i]);
    bool certain = region == none || (at != none && encloses(f, region, here));
    if (certain && file.event(all[i]).op != Op::augment) break;
  }
  // Inside a loop, a binding further down may have run in an earlier round.
  if (RegionId loop = at == none ? none : innermost_loop(f, here); loop != none)
    for (size_t i = before; i < all.size() && f.regions[loop].events.contains(all[i]) && result.size() < most_values; ++i) result.push_back(all[i]);
  return result;
}

Values Evaluator::import_module(Site site) {
  const File& file = program_.file(site.file);
  const facts::Event& event = file.event(site.event);
  std::string name = program_.absolute(site.file, event.extra == none ? 0 : event.extra, file.name(event.name));
  if (event.extra != none && event.extra > 0) {
    FileId found = program_.find_module(name, site.file);
    if (found != none) return {make({.kind = ValueKind::module, .file = found})};
    return name.empty() ? Values{} : Values{external(name)};
  }
  return module_or_external(site.file, name);
}

Values Evaluator::module_or_external(FileId from, const std::string& name) {
  if (name.empty()) return {};
  if (!program_.knowledge().knows_module(name))
    if (FileId found = program_.find_module(name, from); found != none && found != from) return {make({.kind = ValueKind::module, .file = found})};
  return {external(name)};
}

Values Evaluator::import_member(Site site, FrameId frame) {
  const File& file = program_.file(site.file);
  std::string_view member = file.name_of(site.event);
  Values result;
  Site module_site{site.file, file.operand(site.event, 0)};
  for (ValueId module : Values(evaluate(module_site, frame))) {
    const Value it = values_[module];
    if (it.kind == ValueKind::module) {
      Values found = module_member(it.file, member);
      add(result, found.empty() ? Values{unknown_value} : found);
    } else if (it.kind == ValueKind::external) {
      std::string qualified = symbols_[it.symbol] + "." + std::string(member);
      // `from package import module`, where only the module is ours
      FileId ours = program_.knowledge().knows_module(qualified) || program_.knowledge().find(qualified) ? none : program_.find_module(qualified, site.file);
      add(result, ours != none ? make({.kind = ValueKind::module, .file = ours}) : external(qualified));
    }
  }
  return result;
}

}  // namespace forklint::model
