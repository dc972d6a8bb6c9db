#include "analyzer/model/pickling.h"

#include <algorithm>

#include "analyzer/model/conditions.h"

namespace forklint::model {
namespace {

using knowledge::Api;
using knowledge::Picklable;
using knowledge::Pickler;

constexpr int deepest = 6;

bool by_value(const PickleContext& context) { return context.pickler == Pickler::dill || context.pickler == Pickler::cloudpickle; }

std::string local_outcome(const PickleContext& context) { return context.newest_python >= 14 ? "raises:PicklingError" : "raises:AttributeError"; }

std::string_view pickler_name(Pickler pickler) { return pickler == Pickler::dill ? "dill" : "cloudpickle"; }

// An enclosing function scope; none at module and class level.
ScopeId enclosing_function(const File& file, ScopeId scope) {
  for (scope = file.facts.scopes[scope].parent; scope != none && scope != 0; scope = file.facts.scopes[scope].parent)
    if (file.facts.scopes[scope].kind == facts::ScopeKind::function || file.facts.scopes[scope].kind == facts::ScopeKind::lambda) return scope;
  return none;
}

std::string article(const std::string& name) {
  std::string_view short_name = name;
  if (short_name.starts_with("builtins.")) short_name.remove_prefix(9);
  bool vowel = !short_name.empty() && std::string_view("aeiouAEIOU").find(short_name[0]) != std::string_view::npos;
  return (vowel ? "an " : "a ") + std::string(short_name);
}

}  // namespace

std::optional<PickleProblem> Pickling::problem(ValueId value, const PickleContext& context) {
  if (context.pickler == Pickler::none) return {};
  open_.clear();
  return find(value, context, 0);
}

std::optional<PickleProblem> Pickling::of_elements(const Values& values, const PickleContext& context, int depth) {
  for (ValueId value : values)
    if (auto found = find(value, context, depth + 1)) {
      found->certain &= values.size() == 1 || depth == 0;
      return found;
    }
  return {};
}

std::optional<PickleProblem> Pickling::find(ValueId id, const PickleContext& context, int depth) {
  if (depth > deepest) return {};
  const Value it = evaluator_.value(id);
  switch (it.kind) {
    case ValueKind::function: return of_function(id, context);
    case ValueKind::class_: return of_class(id, context);
    case ValueKind::bound: return find(it.base, context, depth + 1);
    case ValueKind::object: return of_object(id, context, depth);
    case ValueKind::instance: return of_instance(id, context, depth);
    case ValueKind::container: return of_elements(evaluator_.elements(id), context, depth);
    case ValueKind::generator: case ValueKind::coroutine:
      return PickleProblem{.obstacle = Obstacle::object, .what = it.kind == ValueKind::generator ? "a generator" : "a coroutine", .outcome = "raises:TypeError", .culprit = {it.file, evaluator_.program().file(it.file).facts.scopes[it.index].definition}};
    case ValueKind::module: return PickleProblem{.obstacle = Obstacle::object, .what = "a module", .outcome = "raises:TypeError"};
    case ValueKind::method: return evaluator_.value(it.base).kind == ValueKind::object ? of_object(it.base, context, depth + 1) : it.base == unknown_value ? std::nullopt : find(it.base, context, depth + 1);
    case ValueKind::external: {
      // A module of the standard library passed as a value.
      const std::string& name = evaluator_.symbol(it.symbol);
      bool is_module = !evaluator_.api(id) && name.find('.') == std::string::npos && evaluator_.program().knowledge().knows_module(name);
      if (is_module) return PickleProblem{.obstacle = Obstacle::object, .what = "the module " + name, .outcome = "raises:TypeError"};
      return {};
    }
    default: return {};
  }
}

ValueId Pickling::wrapped_by(ValueId function) {
  const Value it = evaluator_.value(function);
  const File& file = evaluator_.program().file(it.file);
  EventId definition = file.facts.scopes[it.index].definition;
  ScopeId parent = file.facts.scopes[it.index].parent;
  for (EventId id = definition + 1; id < file.facts.scopes[parent].events.end && file.event(id).op == Op::decorate; ++id) {
    for (ValueId decorator : Values(evaluator_.evaluate({it.file, file.operand(id, 0)}, it.frame))) {
      const Value d = evaluator_.value(decorator);
      if (d.kind != ValueKind::object || evaluator_.symbol(d.symbol).find("functools.wraps") == std::string::npos || d.index == none) continue;
      auto arguments = evaluator_.arguments_of(d.site(), d.frame);
      if (arguments.empty()) continue;
      for (ValueId wrapped : evaluator_.values_of(arguments[0])) return wrapped;
    }
  }
  return unknown_value;
}

std::optional<PickleProblem> Pickling::of_function(ValueId id, const PickleContext& context) {
  const Value it = evaluator_.value(id);
  const File& file = evaluator_.program().file(it.file);
  const facts::Scope& scope = file.facts.scopes[it.index];
  Site definition{it.file, scope.definition};
  if (by_value(context)) return {};
  if (scope.kind == facts::ScopeKind::lambda) return PickleProblem{.obstacle = Obstacle::lambda, .what = "a lambda", .outcome = "raises:PicklingError", .culprit = definition};
  if (enclosing_function(file, it.index) == none) return by_name(id, context, false);
  ValueId wrapped = wrapped_by(id);
  if (wrapped != unknown_value && evaluator_.value(wrapped).kind == ValueKind::function) {
    // The wrapper goes by the name of what it wraps: fine where that name leads to the wrapper.
    const Value w = evaluator_.value(wrapped);
    const File& home = evaluator_.program().file(w.file);
    const facts::Scope& original = home.facts.scopes[w.index];
    if (original.parent == 0) {
      Values held = evaluator_.module_member(w.file, home.name(original.name));
      for (ValueId value : held) {
        const Value& v = evaluator_.value(value);
        if (v.kind == ValueKind::function && v.file == it.file && v.index == it.index) return {};
      }
      return PickleProblem{.obstacle = Obstacle::unfindable, .what = "the wrapper of " + std::string(home.name(original.name)), .outcome = "raises:PicklingError", .culprit = definition};
    }
    if (original.parent != none && home.facts.scopes[original.parent].kind == facts::ScopeKind::class_) return {};
  }
  if (wrapped != unknown_value && evaluator_.value(wrapped).kind != ValueKind::function) return {};
  return PickleProblem{.obstacle = Obstacle::nested_function, .what = "the nested function " + std::string(file.name(scope.name)), .outcome = local_outcome(context), .culprit = definition};
}

std::optional<PickleProblem> Pickling::of_class(ValueId id, const PickleContext& context) {
  const Value it = evaluator_.value(id);
  const File& file = evaluator_.program().file(it.file);
  if (by_value(context)) return {};
  if (enclosing_function(file, it.index) == none) return by_name(id, context, true);
  // `global C` inside the function makes it findable after all
  ScopeId parent = file.facts.scopes[it.index].parent;
  NameId name = file.facts.scopes[it.index].name;
  if (auto declared = file.scopes[parent].declared.find(name); declared != file.scopes[parent].declared.end() && declared->second == Op::global) return {};
  return PickleProblem{.obstacle = Obstacle::local_class, .what = "the local class " + std::string(file.name(name)), .outcome = local_outcome(context), .culprit = {it.file, file.facts.scopes[it.index].definition}};
}

// Pickle stores module and qualified name; the child (and pickle itself) must find the same object under it.
std::optional<PickleProblem> Pickling::by_name(ValueId id, const PickleContext& context, bool is_class) {
  const Value it = evaluator_.value(id);
  const File& file = evaluator_.program().file(it.file);
  const facts::Scope& scope = file.facts.scopes[it.index];
  if (scope.parent != 0) return {};  // methods and inner classes go through their class
  Site definition{it.file, scope.definition};
  std::string name(file.name(scope.name));
  std::string kind = is_class ? "the class " : "the function ";
  // Defined only where main runs as the program: a fresh child has no such name.
  for (RegionId region = file.event(scope.definition).region; region != none; region = file.facts.regions[region].parent) {
    const facts::Region& arm = file.facts.regions[region];
    bool branch = arm.kind == facts::RegionKind::then_arm || arm.kind == facts::RegionKind::else_arm;
    if (!branch) continue;
    if (implied(evaluator_, {it.file, arm.subject}, any_frame, arm.kind == facts::RegionKind::then_arm, Role::main).guard == Guard::main_only)
      return PickleProblem{.obstacle = Obstacle::unfindable, .what = kind + name + ", defined under the main guard", .outcome = "raises:AttributeError", .culprit = definition, .only_fresh = true};
  }
  Values held = evaluator_.module_member(it.file, name);
  for (ValueId value : held) {
    const Value& v = evaluator_.value(value);
    if (value == unknown_value) return {};
    if ((v.kind == ValueKind::function || v.kind == ValueKind::class_) && v.file == it.file && v.index == it.index) return {};
    if (v.kind == ValueKind::object || v.kind == ValueKind::external || v.kind == ValueKind::method) {
      // A decorator from outside: not known to hide the function.
      NameId bound = file.find_name(name);
      auto names = file.scopes[0].names.find(bound);
      bool decorated = names != file.scopes[0].names.end() && std::any_of(names->second.events.begin(), names->second.events.end(), [&](EventId e) {
        EventId source = file.operand(e, 0);
        return source != none && file.event(source).op == Op::decorate;
      });
      if (decorated) return {};
    }
  }
  (void)context;
  if (held.empty()) return {};
  return PickleProblem{.obstacle = Obstacle::unfindable, .what = kind + name + ", which " + name + " no longer means", .outcome = "raises:PicklingError", .culprit = definition};
}

std::optional<PickleProblem> Pickling::of_object(ValueId id, const PickleContext& context, int depth) {
  const Value it = evaluator_.value(id);
  const std::string& type = evaluator_.symbol(it.symbol);
  const Api* row = evaluator_.maker(id);
  if (auto inner = evaluator_.partial_function(id)) {
    auto arguments = evaluator_.arguments_of(it.site(), it.frame);
    for (const ArgumentRef& argument : arguments)
      for (ValueId value : evaluator_.values_of(argument))
        if (auto found = find(value, context, depth + 1)) return found;
    return {};
  }
  // Containers that keep their arguments.
  static constexpr std::string_view keeps[] = {"collections.defaultdict", "builtins.dict", "builtins.list", "builtins.tuple", "builtins.set", "collections.deque", "collections.OrderedDict", "types.SimpleNamespace", "operator.methodcaller"};
  if (it.index != none && std::find(std::begin(keeps), std::end(keeps), type) != std::end(keeps)) {
    for (const ArgumentRef& argument : evaluator_.arguments_of(it.site(), it.frame))
      for (ValueId value : evaluator_.values_of(argument)) {
        // list(generator) keeps the elements, not the generator
        ValueKind kind = evaluator_.value(value).kind;
        if (kind == ValueKind::generator) continue;
        if (kind == ValueKind::object && type != "collections.defaultdict" && type != "types.SimpleNamespace" && !argument.keyword) continue;
        if (auto found = find(value, context, depth + 1)) return found;
      }
    return {};
  }
  if (!row) return {};
  if (row->mp_primitive) {
    if (context.process_start) return {};
    return PickleProblem{.obstacle = Obstacle::primitive, .what = article(row->names[0]), .outcome = row->pickle_error.empty() ? "raises:RuntimeError" : row->pickle_error, .culprit = it.site()};
  }
  if (row->picklable == Picklable::process_only && context.process_start) return {};
  if (row->picklable != Picklable::no && row->picklable != Picklable::process_only) return {};
  if (by_value(context) && row->picklable_with.find(pickler_name(context.pickler)) != std::string::npos) return {};
  auto minor = [](const std::string& version) { return version.size() > 2 ? std::atoi(version.c_str() + 2) : 0; };
  if (!row->since.empty() && context.newest_python < minor(row->since)) return {};
  if (!row->until.empty() && context.newest_python >= minor(row->until)) return {};
  bool process = row->launch.has_value();
  // What the name says it is, rather than how it was reached.
  return PickleProblem{.obstacle = process ? Obstacle::process_or_pool : Obstacle::object, .what = article(row->names[0]), .outcome = row->pickle_error.empty() ? "raises:TypeError" : row->pickle_error, .culprit = it.site()};
}

bool Pickling::customised(ValueId class_value) {
  for (std::string_view name : {"__reduce__", "__reduce_ex__", "__getstate__", "__getnewargs__", "__getnewargs_ex__"})
    if (evaluator_.method_of(class_value, name) != unknown_value) return true;
  return false;
}

// copyreg.pickle(C, …) anywhere in the program
bool Pickling::registered(ValueId class_value) {
  if (!registered_) {
    registered_.emplace();
    const auto& files = evaluator_.program().files();
    for (FileId file_id = 0; file_id < files.size(); ++file_id) {
      const File& file = files[file_id];
      if (file.find_name("copyreg") == none) continue;
      for (EventId id = 0; id < file.facts.events.size(); ++id) {
        if (file.event(id).op != Op::call || file.event(id).operands_count < 3) continue;
        for (ValueId callee : Values(evaluator_.evaluate({file_id, file.operand(id, 0)}, any_frame))) {
          if (evaluator_.value(callee).kind != ValueKind::external || evaluator_.type_name(callee) != "copyreg.pickle") continue;
          for (ValueId value : Values(evaluator_.evaluate({file_id, file.operand(id, 1)}, any_frame))) registered_->push_back(value);
        }
      }
    }
  }
  return std::find(registered_->begin(), registered_->end(), class_value) != registered_->end();
}

std::optional<PickleProblem> Pickling::of_instance(ValueId id, const PickleContext& context, int depth) {
  if (std::find(open_.begin(), open_.end(), id) != open_.end()) return {};
  const Value it = evaluator_.value(id);
  if (it.base == unknown_value || evaluator_.value(it.base).kind != ValueKind::class_) return {};
  if (customised(it.base) || registered(it.base)) return {};
  if (auto found = of_class(it.base, context)) {
    if (found->obstacle == Obstacle::local_class) found->what = "an instance of " + found->what;
    return found;
  }
  open_.push_back(id);
  std::optional<PickleProblem> result;
  // Every attribute that some method writes to self, and the fields of a dataclass.
  for (ValueId base : evaluator_.linearised(it.base)) {
    const Value owner = evaluator_.value(base);
    if (owner.kind != ValueKind::class_) continue;
    const File& file = evaluator_.program().file(owner.file);
    std::vector<NameId> names;
    for (const auto& [name, writes] : file.attribute_writes) {
      bool ours = std::any_of(writes.begin(), writes.end(), [&](EventId write) {
        for (ScopeId scope = file.scope_of(write); scope != 0; scope = file.facts.scopes[scope].parent)
          if (file.facts.scopes[scope].parent == owner.index) return true;
        return false;
      });
      if (ours) names.push_back(name);
    }
    // In the order they are written, so that the answer does not depend on hashing.
    std::sort(names.begin(), names.end(), [&](NameId a, NameId b) { return file.attribute_writes.at(a)[0] < file.attribute_writes.at(b)[0]; });
    for (NameId name : names) {
      result = of_attribute(id, it.base, file.name(name), context, depth);
      if (result) break;
    }
    if (result) break;
    for (const auto& [name, bindings] : file.scopes[owner.index].names) {
      EventId last = bindings.events.back();
      if (file.event(last).op != Op::bind) continue;
      EventId value = file.operand(last, 0);
      if (value == none || file.event(value).op != Op::call) continue;
      for (ValueId callee : Values(evaluator_.evaluate({owner.file, file.operand(value, 0)}, any_frame))) {
        if (evaluator_.value(callee).kind != ValueKind::external || evaluator_.type_name(callee) != "dataclasses.field") continue;
        auto arguments = evaluator_.arguments_of({owner.file, value}, any_frame);
        auto factory = evaluator_.argument(arguments, {.keyword = "default_factory"});
        if (!factory) continue;
        for (ValueId maker : evaluator_.values_of(*factory))
          for (ValueId made : evaluator_.call_result(maker, {owner.file, value}, any_frame)) {
            result = find(made, context, depth + 1);
            if (!result) continue;
            result->through_self = true;
            result->attribute = file.name(name);
            result->attribute_write = {owner.file, value};
          }
      }
    }
    if (result) break;
  }
  open_.pop_back();
  return result;
}

std::optional<PickleProblem> Pickling::of_attribute(ValueId instance, ValueId class_value, std::string_view name, const PickleContext& context, int depth) {
  Values held;
  Site write;
  bool deleted = false;
  bool in_constructor = false;
  for (Site site : evaluator_.attribute_writes(class_value, name)) {
    const File& file = evaluator_.program().file(site.file);
    if (write.event == none) write = site;
    ScopeId scope = file.scope_of(site.event);
    in_constructor |= file.name(file.facts.scopes[scope].name) == "__init__" && file.event(site.event).region == none;
  }
  (void)deleted;
  if (write.event == none) return {};
  // Only what the writes say; a class attribute of the same name is not pickled.
  for (ValueId value : evaluator_.attribute(instance, name)) add(held, value);
  for (ValueId value : held) {
    const Value it = evaluator_.value(value);
    // A bound method of the instance itself, a method found on the class: not state.
    if (it.kind == ValueKind::bound && it.base == instance) continue;
    auto found = find(value, context, depth + 1);
    if (!found) continue;
    if (!found->through_self) {
      found->attribute = name;
      found->attribute_write = write;
    }
    found->through_self = true;
    found->certain = in_constructor && held.size() == 1;
    return found;
  }
  return {};
}

}  // namespace forklint::model
