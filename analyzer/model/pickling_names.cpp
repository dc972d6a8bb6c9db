// What is pickled by its name: functions, classes, bound methods. Pickle and the child must both find it again.
#include "analyzer/model/pickling.h"

#include <algorithm>

#include "analyzer/model/conditions.h"

namespace forklint::model {
namespace {

std::string local_outcome(const PickleContext& context) { return context.newest_python >= 14 ? "raises:PicklingError" : "raises:AttributeError"; }

// An enclosing function scope; none at module and class level.
ScopeId enclosing_function(const File& file, ScopeId scope) {
  for (scope = file.facts.scopes[scope].parent; scope != none && scope != 0; scope = file.facts.scopes[scope].parent)
    if (file.facts.scopes[scope].kind == facts::ScopeKind::function || file.facts.scopes[scope].kind == facts::ScopeKind::lambda) return scope;
  return none;
}

// `global task` before `def task` inside a function: its name leads to it, but only where that function has run.
bool becomes_global(const File& file, ScopeId scope) {
  const facts::Scope& it = file.facts.scopes[scope];
  auto declared = file.scopes[it.parent].declared.find(it.name);
  return declared != file.scopes[it.parent].declared.end() && declared->second == Op::global;
}

std::optional<PickleProblem> missing_in_child(const File& file, ScopeId scope, std::string_view kind, Site definition) {
  const facts::Scope& it = file.facts.scopes[scope];
  if (file.scopes[0].names.contains(it.name)) return {};  // the child finds something, perhaps another one
  std::string what = std::string(kind) + " " + std::string(file.name(it.name)) + ", which is a global only once " + std::string(file.name(file.facts.scopes[it.parent].name)) + " has run";
  return PickleProblem{.obstacle = Obstacle::unfindable, .what = std::move(what), .outcome = "raises:AttributeError", .culprit = definition, .only_fresh = true, .in_child = true};
}

}  // namespace

Pickling::Found Pickling::of_function(ValueId id, const PickleContext& context) {
  const Value it = evaluator_.value(id);
  const File& file = evaluator_.program().file(it.file);
  const facts::Scope& scope = file.facts.scopes[it.index];
  Site definition{it.file, scope.definition};
  if (context.by_value()) return {};
  if (scope.kind == facts::ScopeKind::lambda) return PickleProblem{.obstacle = Obstacle::lambda, .what = "a lambda", .outcome = enclosing_function(file, it.index) == none ? "raises:PicklingError" : local_outcome(context), .culprit = definition};
  if (enclosing_function(file, it.index) == none) return by_name(id, false);
  if (becomes_global(file, it.index)) return missing_in_child(file, it.index, "the function", definition);
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
  Site decorated = decorated_at(it.frame);
  Values put = decorated.event == none ? Values{} : evaluator_.evaluate(decorated, any_frame);
  bool is_wrapper = std::any_of(put.begin(), put.end(), [&](ValueId value) { return evaluator_.value(value).file == it.file && evaluator_.value(value).index == it.index; });
  if (is_wrapper) {
    // A decorator put it in the place of a function, whose name does not lead to it.
    std::string name(file.name(scope.name));
    return PickleProblem{.obstacle = Obstacle::unfindable, .what = "the wrapper " + name + ", which a decorator put in the function's place", .outcome = local_outcome(context), .culprit = definition};
  }
  return PickleProblem{.obstacle = Obstacle::nested_function, .what = "the nested function " + std::string(file.name(scope.name)), .outcome = local_outcome(context), .culprit = definition};
}

Pickling::Found Pickling::of_class(ValueId id, const PickleContext& context) {
  const Value it = evaluator_.value(id);
  const File& file = evaluator_.program().file(it.file);
  if (context.by_value()) return {};
  if (enclosing_function(file, it.index) == none) return by_name(id, true);
  const Site definition{it.file, file.facts.scopes[it.index].definition};
  if (becomes_global(file, it.index)) return missing_in_child(file, it.index, "the class", definition);
  return PickleProblem{.obstacle = Obstacle::local_class, .what = "the local class " + std::string(file.name(file.facts.scopes[it.index].name)), .outcome = local_outcome(context), .culprit = definition};
}

// A bound method is sent as its object and its name.
Pickling::Found Pickling::of_method(ValueId id, const PickleContext& context, int depth) {
  const Value it = evaluator_.value(id);
  const File& file = evaluator_.program().file(it.file);
  auto found = find(it.base, context, depth + 1);
  if (found) {
    found->of_receiver = true;
    return found;
  }
  std::string_view name = file.name(file.facts.scopes[it.index].name);
  if (!context.by_value() && hidden_by_decorator(it)) {
    // the method calls itself by its wrapper's name, which the class does not have
    return PickleProblem{.obstacle = Obstacle::unfindable, .what = "a method that is really the wrapper " + std::string(name), .outcome = "raises:AttributeError", .culprit = {it.file, file.facts.scopes[it.index].definition}, .in_child = true};
  }
  bool is_private = name.starts_with("__") && !name.ends_with("__");
  if (!is_private || context.by_value()) return {};
  // the method calls itself __work, the attribute is _Class__work
  return PickleProblem{.obstacle = Obstacle::unfindable, .what = "the private method " + std::string(name), .outcome = "raises:AttributeError", .culprit = {it.file, file.facts.scopes[it.index].definition}, .in_child = true};
}

// Pickle stores module and qualified name; the child (and pickle itself) must find the same object under it.
Pickling::Found Pickling::by_name(ValueId id, bool is_class) {
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
      return PickleProblem{.obstacle = Obstacle::unfindable, .what = kind + name + ", defined under the main guard", .outcome = "raises:AttributeError", .culprit = definition, .only_fresh = true, .in_child = true};
  }
  auto bindings = file.scopes[0].names.find(scope.name);
  if (bindings != file.scopes[0].names.end()) {
    const facts::Event& last = file.event(bindings->second.events.back());
    if (last.op == Op::delete_name && last.region == none)
      return PickleProblem{.obstacle = Obstacle::unfindable, .what = kind + name + ", whose name is deleted", .outcome = "raises:PicklingError", .culprit = definition};
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
  if (held.empty()) return {};
  return PickleProblem{.obstacle = Obstacle::unfindable, .what = kind + name + ", which " + name + " no longer means", .outcome = "raises:PicklingError", .culprit = definition};
}

// The `@decorator` whose call the frame, or one around it, is; no event: none is.
Site Pickling::decorated_at(FrameId frame) const {
  for (; frame != any_frame; frame = evaluator_.frame(frame).closure) {
    Site call = evaluator_.frame(frame).call;
    if (call.event == none) continue;
    const File& file = evaluator_.program().file(call.file);
    if (file.event(call.event).op == Op::decorate && file.scope_of(call.event) == 0) return call;
  }
  return {};
}

ValueId Pickling::wrapped_by(ValueId function) {
  const Value it = evaluator_.value(function);
  const File& file = evaluator_.program().file(it.file);
  for (EventId id : file.decorations(it.index)) {
    for (ValueId decorator : Values(evaluator_.evaluate({it.file, file.operand(id, 0)}, it.frame))) {
      const Value d = evaluator_.value(decorator);
      const knowledge::Api* row = d.kind == ValueKind::object && d.index != none ? evaluator_.maker(decorator) : nullptr;
      if (!row || !row->wraps) continue;
      if (auto wrapped = evaluator_.argument(evaluator_.arguments_of(d.site(), d.frame), *row->wraps)) return evaluator_.values_of(*wrapped)[0];
    }
  }
  return unknown_value;
}

// A method that a decorator has replaced by a nested function of another name.
bool Pickling::hidden_by_decorator(const Value& method) {
  const File& file = evaluator_.program().file(method.file);
  if (enclosing_function(file, method.index) == none || file.facts.scopes[method.index].kind == facts::ScopeKind::lambda) return false;
  ValueId function = evaluator_.make({.kind = ValueKind::function, .file = method.file, .index = method.index, .frame = method.frame});
  if (wrapped_by(function) != unknown_value) return false;
  ValueId owner = evaluator_.value(method.base).kind == ValueKind::class_ ? method.base : evaluator_.class_of(method.base);
  bool written_in_class = file.facts.scopes[file.facts.scopes[method.index].parent].kind == facts::ScopeKind::class_;
  if (written_in_class || evaluator_.value(owner).kind != ValueKind::class_) return false;
  return evaluator_.method_of(owner, file.name(file.facts.scopes[method.index].name)) == unknown_value;
}

}  // namespace forklint::model
