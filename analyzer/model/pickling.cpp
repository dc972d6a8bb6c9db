#include "analyzer/model/pickling.h"

#include <algorithm>

#include "analyzer/model/conditions.h"
#include "analyzer/model/timeline.h"

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
  containers_ = 0;
  return find(value, context, 0);
}

std::optional<PickleProblem> Pickling::of_elements(const Values& values, const PickleContext& context, int depth) {
  ++containers_;
  std::optional<PickleProblem> found;
  for (size_t i = 0; i < values.size() && !found; ++i) found = find(values[i], context, depth + 1);
  --containers_;
  return found;
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

// A bound method is sent as its object and its name.
std::optional<PickleProblem> Pickling::of_method(ValueId id, const PickleContext& context, int depth) {
  const Value it = evaluator_.value(id);
  const File& file = evaluator_.program().file(it.file);
  auto found = find(it.base, context, depth + 1);
  if (found) {
    found->of_receiver = true;
    return found;
  }
  std::string_view name = file.name(file.facts.scopes[it.index].name);
  if (!by_value(context) && hidden_by_decorator(it)) {
    // the method calls itself by its wrapper's name, which the class does not have
    return PickleProblem{.obstacle = Obstacle::unfindable, .what = "a method that is really the wrapper " + std::string(name), .outcome = "raises:AttributeError", .culprit = {it.file, file.facts.scopes[it.index].definition}, .in_child = true};
  }
  bool is_private = name.starts_with("__") && !name.ends_with("__");
  if (!is_private || by_value(context) || context.oldest_python >= 15) return {};
  // the method calls itself __work, the attribute is _Class__work
  return PickleProblem{.obstacle = Obstacle::unfindable, .what = "the private method " + std::string(name), .outcome = "raises:AttributeError", .culprit = {it.file, file.facts.scopes[it.index].definition}, .in_child = true};
}

std::optional<PickleProblem> Pickling::find(ValueId id, const PickleContext& context, int depth) {
  if (depth > deepest) return {};
  const Value it = evaluator_.value(id);
  switch (it.kind) {
    case ValueKind::function: return of_function(id, context);
    case ValueKind::class_: return of_class(id, context);
    case ValueKind::bound: return of_method(id, context, depth);
    case ValueKind::object: return of_object(id, context, depth);
    case ValueKind::instance: return of_instance(id, context, depth);
    case ValueKind::container: {
      const File& file = evaluator_.program().file(it.file);
      const facts::Event& event = file.event(it.index);
      if (event.op == Op::comprehension && file.name(event.name) == "generator") return PickleProblem{.obstacle = Obstacle::object, .what = "a generator", .outcome = "raises:TypeError", .culprit = it.site()};
      return of_elements(evaluator_.elements(id), context, depth);
    }
    case ValueKind::generator: case ValueKind::coroutine:
      return PickleProblem{.obstacle = Obstacle::object, .what = it.kind == ValueKind::generator ? "a generator" : "a coroutine", .outcome = "raises:TypeError", .culprit = {it.file, evaluator_.program().file(it.file).facts.scopes[it.index].definition}};
    case ValueKind::module: return PickleProblem{.obstacle = Obstacle::object, .what = "a module", .outcome = "raises:TypeError"};
    case ValueKind::method: {
      if (it.base == unknown_value) return {};
      // A method that is known, or a member of an enumeration; an attribute may be anything.
      const Value base = evaluator_.value(it.base);
      const Api* maker = evaluator_.maker(it.base);
      bool member = base.kind == ValueKind::object && maker && maker->makes_class && std::string_view(evaluator_.symbol(it.symbol)).substr(evaluator_.symbol(base.symbol).size() + 1).find('.') == std::string_view::npos;
      if (!evaluator_.api(id) && !member) return {};
      return find(it.base, context, depth + 1);
    }
    case ValueKind::external: {
      // A module of the standard library passed as a value.
      const std::string& name = evaluator_.symbol(it.symbol);
      bool is_module = !evaluator_.api(id) && name.find('.') == std::string::npos && evaluator_.program().knowledge().knows_module(name);
      if (const Api* row = evaluator_.api(id); row && row->is_object) return of_row(*row, row->names[0], {}, context);
      if (is_module) return PickleProblem{.obstacle = Obstacle::object, .what = "the module " + name, .outcome = "raises:TypeError"};
      return {};
    }
    default: return {};
  }
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
  if (scope.kind == facts::ScopeKind::lambda) return PickleProblem{.obstacle = Obstacle::lambda, .what = "a lambda", .outcome = enclosing_function(file, it.index) == none ? "raises:PicklingError" : local_outcome(context), .culprit = definition};
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
  if (Site decorated = decorated_at(it.frame); decorated.event != none) {
    // A decorator put it in the place of a function, whose name does not lead to it.
    std::string name(file.name(scope.name));
    return PickleProblem{.obstacle = Obstacle::unfindable, .what = "the wrapper " + name + ", which a decorator put in the function's place", .outcome = local_outcome(context), .culprit = definition};
  }
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
  if (evaluator_.is_pair(id)) return of_elements(evaluator_.elements(id), context, depth);
  // Containers that keep their arguments.
  static constexpr std::string_view keeps[] = {"collections.defaultdict", "builtins.dict", "builtins.list", "builtins.tuple", "builtins.set", "collections.deque", "collections.OrderedDict", "types.SimpleNamespace", "operator.methodcaller"};
  if (it.index != none && std::find(std::begin(keeps), std::end(keeps), type) != std::end(keeps)) {
    for (const ArgumentRef& argument : evaluator_.arguments_of(it.site(), it.frame))
      for (ValueId value : evaluator_.values_of(argument)) {
        // list(generator) keeps the elements, not the generator
        ValueKind kind = evaluator_.value(value).kind;
        if (kind == ValueKind::generator) continue;
        bool holds = type == "collections.defaultdict" || type == "types.SimpleNamespace" || type == "operator.methodcaller" || argument.keyword;
        if (!holds && kind != ValueKind::container) continue;
        auto found = holds ? find(value, context, depth + 1) : of_elements(evaluator_.elements(value), context, depth);
        if (!found) continue;
        // Its own callable, which nobody sees from outside.
        bool function = found->obstacle == Obstacle::lambda || found->obstacle == Obstacle::nested_function;
        if (function && type == "collections.defaultdict" && !found->through_self) {
          found->what = "a defaultdict over " + found->what;
          found->obstacle = Obstacle::object;
        }
        return found;
      }
    return {};
  }
  if (type == "builtins.object" && it.base != unknown_value) {  // of a class that a call made
    auto found = find(it.base, context, depth + 1);
    if (found && found->obstacle == Obstacle::local_class) found->what = "an instance of " + found->what;
    if (found || it.index == none) return found;
    for (const ArgumentRef& argument : evaluator_.arguments_of(it.site(), it.frame)) {  // named tuples keep what they are given
      Values given = evaluator_.values_of(argument);
      if (argument.star || argument.double_star) continue;
      if (auto held = of_elements(given, context, depth)) {
        held->certain &= given.size() == 1;
        return held;
      }
    }
    return {};
  }
  if (row && row->makes_class) return of_made_class(id, *row, context);
  // A call that is known to make its result only by the type of that result.
  if (!row || row->picklable == Picklable::unknown)
    if (const Api* of_type = evaluator_.program().knowledge().find(type)) row = of_type;
  if (!row) return {};
  if (row->launch && row->launch->starts == knowledge::Starts::start && !started(id, context)) return {};
  if (row->picklable == Picklable::no && registered(evaluator_.external(type))) return {};
  return of_row(*row, row->names[0], it.site(), context);
}

// namedtuple("Box", …): found again where a module-level name Box holds it.
std::optional<PickleProblem> Pickling::of_made_class(ValueId id, const Api& row, const PickleContext& context) {
  const Value it = evaluator_.value(id);
  if (by_value(context) || it.index == none) return {};
  auto argument = evaluator_.argument(evaluator_.arguments_of(it.site(), it.frame), *row.makes_class);
  auto text = argument ? evaluator_.constant_string(evaluator_.values_of(*argument)) : std::nullopt;
  if (!text) return {};
  std::string name(*text);
  for (ValueId value : evaluator_.module_member(it.file, name)) {
    const Value& held = evaluator_.value(value);
    if (value == unknown_value || (held.file == it.file && held.index == it.index)) return {};
  }
  bool local = evaluator_.program().file(it.file).scope_of(it.index) != 0;
  return PickleProblem{.obstacle = local ? Obstacle::local_class : Obstacle::unfindable, .what = (local ? "the local class " : "the class ") + name, .outcome = "raises:PicklingError", .culprit = it.site()};
}

// What a row says of an object.
std::optional<PickleProblem> Pickling::of_row(const Api& row_, const std::string& name, Site culprit, const PickleContext& context) {
  const Api* row = &row_;
  if (row->mp_primitive) {
    if (context.process_start) return {};
    return PickleProblem{.obstacle = Obstacle::primitive, .what = article(name), .outcome = row->pickle_error.empty() ? "raises:RuntimeError" : row->pickle_error, .culprit = culprit};
  }
  if (row->picklable == Picklable::process_only && context.process_start) return {};
  if (row->picklable != Picklable::no && row->picklable != Picklable::process_only) return {};
  if (by_value(context) && row->picklable_with.find(pickler_name(context.pickler)) != std::string::npos) return {};
  auto minor = [](const std::string& version) { return version.size() > 2 ? std::atoi(version.c_str() + 2) : 0; };
  if (!row->since.empty() && context.newest_python < minor(row->since)) return {};
  if (!row->until.empty() && context.oldest_python >= minor(row->until)) return {};
  // What the name says it is, rather than how it was reached.
  Obstacle obstacle = row->launch ? Obstacle::process_or_pool : Obstacle::object;
  return PickleProblem{.obstacle = obstacle, .what = article(name), .outcome = row->pickle_error.empty() ? "raises:TypeError" : row->pickle_error, .culprit = culprit};
}

bool Pickling::customised(ValueId class_value) {
  for (std::string_view name : {"__reduce__", "__reduce_ex__", "__getnewargs__", "__getnewargs_ex__"})
    if (evaluator_.method_of(class_value, name) != unknown_value) return true;
  return evaluator_.method_of(class_value, "__getstate__") != unknown_value && !left_behind(class_value);
}

// __getstate__ that copies __dict__, drops some names and returns the copy: the names. Null: it does something else.
std::optional<std::vector<std::string>> Pickling::left_behind(ValueId class_value) {
  const Value method = evaluator_.value(evaluator_.method_of(class_value, "__getstate__"));
  if (method.kind != ValueKind::function) return {};
  const File& file = evaluator_.program().file(method.file);
  const facts::Scope& scope = file.facts.scopes[method.index];
  auto is_dict = [&](EventId id) { return id != none && file.event(id).op == Op::attribute && file.name_of(id) == "__dict__"; };
  // self.__dict__.copy(), dict(self.__dict__), {**self.__dict__}
  auto copies_dict = [&](EventId id) {
    const facts::Event& event = file.event(id);
    if (event.op == Op::dict) return event.operands_count == 1 && is_dict(file.operand(id, 0));
    if (event.op != Op::call) return false;
    EventId callee = file.operand(id, 0);
    bool method_call = callee != none && file.event(callee).op == Op::attribute && file.name_of(callee) == "copy" && event.operands_count == 1;
    if (method_call) return is_dict(file.operand(callee, 0));
    return callee != none && event.operands_count == 2 && (file.name_of(callee) == "dict" || file.name_of(callee) == "copy") && is_dict(file.operand(id, 1));
  };
  NameId state = none;
  std::vector<std::string> names;
  auto holds_state = [&](EventId id) { return id != none && file.event(id).op == Op::read && file.event(id).name == state; };
  for (EventId id = scope.events.begin; id < scope.events.end; ++id) {
    const facts::Event& event = file.event(id);
    EventId key = none;
    switch (event.op) {
      case Op::bind:
        if (state != none || !copies_dict(file.operand(id, 0))) return {};
        state = event.name;
        break;
      case Op::delete_subscript: case Op::set_subscript:
        if (holds_state(file.operand(id, 0))) key = file.operand(id, 1);
        break;
      case Op::call: {
        EventId callee = file.operand(id, 0);
        bool on_state = callee != none && file.event(callee).op == Op::attribute && holds_state(file.operand(callee, 0));
        if (!on_state) break;
        if (file.name_of(callee) != "pop") return {};
        key = file.operand(id, 1);
        break;
      }
      case Op::return_:
        if (state == none ? !copies_dict(file.operand(id, 0)) && !is_dict(file.operand(id, 0)) : !holds_state(file.operand(id, 0))) return {};
        break;
      default: break;
    }
    if (event.region != none && file.facts.regions[event.region].kind == facts::RegionKind::loop) return {};
    if (key == none) continue;
    if (file.event(key).op != Op::string) return {};
    names.emplace_back(file.name_of(key));
  }
  return names;
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
  const Api* row = evaluator_.api(it.base);
  bool process = row && row->launch && row->launch->starts == knowledge::Starts::start;
  if (process && depth > 0 && started(id, context)) return PickleProblem{.obstacle = Obstacle::process_or_pool, .what = "a process that has started", .outcome = "raises:TypeError", .culprit = it.site()};
  if (auto found = of_class(it.base, context)) {
    if (found->obstacle == Obstacle::local_class) found->what = "an instance of " + found->what;
    return found;
  }
  if (row && !process) {
    // A base from outside says how its instances are sent: queues by their own reduction, threads not at all.
    if (row->mp_primitive || row->picklable == Picklable::yes || row->picklable == Picklable::process_only) return {};
    if (row->picklable == Picklable::no)
      if (auto found = of_row(*row, row->names[0], it.site(), context)) return found;
  }
  open_.push_back(id);
  std::optional<PickleProblem> result = of_attributes(id, context, depth);
  if (!result && !process) result = of_fields(id, context, depth);
  if (result && depth == 0) result->of_called_object = true;
  open_.pop_back();
  return result;
}

// Every attribute that is written to the object, in the order in which its classes write them.
std::optional<PickleProblem> Pickling::of_attributes(ValueId id, const PickleContext& context, int depth) {
  const Value it = evaluator_.value(id);
  std::vector<std::string> names;
  auto note = [&](std::string_view name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.emplace_back(name);
  };
  for (ValueId base : evaluator_.linearised(it.base)) {
    const Value owner = evaluator_.value(base);
    if (owner.kind != ValueKind::class_) continue;
    const File& file = evaluator_.program().file(owner.file);
    std::vector<EventId> writes;
    for (ScopeId method : file.scopes[owner.index].children)
      for (EventId event = file.facts.scopes[method].events.begin; event < file.facts.scopes[method].events.end; ++event)
        if (file.event(event).op == Op::set_attribute) note(file.name_of(event));
  }
  if (context.trace)
    for (const MemberWrite& write : context.trace->writes)
      if (write.subject == id && write.before <= context.step) note(evaluator_.program().file(write.site.file).name_of(write.site.event));
  std::vector<std::string> dropped = left_behind(it.base).value_or(std::vector<std::string>());
  for (const std::string& name : names) {
    if (std::find(dropped.begin(), dropped.end(), name) != dropped.end()) continue;
    if (auto found = of_attribute(id, name, context, depth)) return found;
  }
  return {};
}

// What an object made from a dataclass or a named tuple is given, and the factories of its fields.
std::optional<PickleProblem> Pickling::of_fields(ValueId id, const PickleContext& context, int depth) {
  const Value it = evaluator_.value(id);
  if (evaluator_.method_of(it.base, "__init__") != unknown_value) return {};
  const Value owner = evaluator_.value(it.base);
  const File& file = evaluator_.program().file(owner.file);
  auto through = [&](std::optional<PickleProblem> found, std::string_view name, Site write) {
    if (!found) return found;
    if (!found->through_self) {
      found->attribute = name;
      found->attribute_write = write;
    }
    found->through_self = true;
    return found;
  };
  struct Field {
    std::string_view name;
    EventId standard = none;  // what it is bound to in the class
  };
  std::vector<Field> fields;
  for (EventId event = file.facts.scopes[owner.index].events.begin; event < file.facts.scopes[owner.index].events.end; ++event) {
    if (file.scope_of(event) != owner.index) continue;
    const facts::Event& it_event = file.event(event);
    if (it_event.op == Op::declare && !of_class_only({owner.file, file.operand(event, 0)})) fields.push_back({file.name(it_event.name)});
    if (it_event.op == Op::bind && !fields.empty() && fields.back().name == file.name(it_event.name)) fields.back().standard = file.operand(event, 0);
  }
  if (fields.empty()) return {};
  std::vector<bool> given(fields.size());
  size_t position = 0;
  for (const ArgumentRef& argument : it.index == none ? llvm::SmallVector<ArgumentRef, 4>() : evaluator_.arguments_of(it.site(), it.frame)) {
    if (argument.star || argument.double_star) return {};
    size_t at = position;
    if (argument.keyword) at = size_t(std::find_if(fields.begin(), fields.end(), [&](const Field& field) { return field.name == evaluator_.symbol(argument.keyword); }) - fields.begin());
    else ++position;
    if (at >= fields.size()) break;
    given[at] = true;
    Values values = evaluator_.values_of(argument);
    for (ValueId value : values)
      if (auto found = through(find(value, context, depth + 1), fields[at].name, argument.site.event == none ? it.site() : argument.site)) {
        found->certain &= values.size() == 1;
        return found;
      }
  }
  if (it.index == none || !keeps_defaults(it.base)) return {};
  for (size_t at = 0; at < fields.size(); ++at) {
    if (given[at] || fields[at].standard == none) continue;
    Site site{owner.file, fields[at].standard};
    for (ValueId value : standard_of(site))
      if (auto found = through(find(value, context, depth + 1), fields[at].name, site)) return found;
  }
  return {};
}

// What is annotated so is no attribute of the objects.
bool Pickling::of_class_only(Site annotation) {
  const File& file = evaluator_.program().file(annotation.file);
  while (annotation.event != none && file.event(annotation.event).op == Op::unknown) annotation.event = file.operand(annotation.event, 0);  // ClassVar[dict]
  for (ValueId value : annotation.event == none ? Values{} : Values(evaluator_.evaluate(annotation, any_frame)))
    if (evaluator_.value(value).kind == ValueKind::external && (evaluator_.type_name(value) == "typing.ClassVar" || evaluator_.type_name(value) == "dataclasses.InitVar")) return true;
  return false;
}

// Whether every object gets the values that are bound in the class as attributes of its own.
bool Pickling::keeps_defaults(ValueId class_value) {
  const Value owner = evaluator_.value(class_value);
  const File& file = evaluator_.program().file(owner.file);
  EventId definition = file.facts.scopes[owner.index].definition;
  auto generates = [&](ValueId value) {
    ValueKind kind = evaluator_.value(value).kind;
    return (kind == ValueKind::external || kind == ValueKind::object) && evaluator_.type_name(value) == "dataclasses.dataclass";
  };
  for (EventId id = definition + 1; id < file.facts.events.size() && id < definition + 64; ++id) {
    if (file.event(id).op != Op::decorate || file.operand(id, 1) == none) continue;
    EventId decorated = file.operand(id, 1);
    while (file.event(decorated).op == Op::decorate) decorated = file.operand(decorated, 1);
    if (decorated != definition) continue;
    Values decorators = evaluator_.evaluate({owner.file, file.operand(id, 0)}, any_frame);
    if (std::any_of(decorators.begin(), decorators.end(), generates)) return true;
  }
  const Api* base = evaluator_.api(evaluator_.external_base(class_value));
  return base && base->makes_class && base->names[0] != "enum.Enum";
}

// What a field holds that is not given: the value, or what field(default=…) or field(default_factory=…) say.
Values Pickling::standard_of(Site site) {
  const File& file = evaluator_.program().file(site.file);
  if (file.event(site.event).op == Op::call)
    for (ValueId callee : Values(evaluator_.evaluate({site.file, file.operand(site.event, 0)}, any_frame))) {
      if (evaluator_.value(callee).kind != ValueKind::external || evaluator_.type_name(callee) != "dataclasses.field") continue;
      auto arguments = evaluator_.arguments_of(site, any_frame);
      if (auto standard = evaluator_.argument(arguments, {.keyword = "default"})) return evaluator_.values_of(*standard);
      Values result;
      if (auto factory = evaluator_.argument(arguments, {.keyword = "default_factory"}))
        for (ValueId maker : evaluator_.values_of(*factory)) add(result, evaluator_.call_result(maker, site, any_frame));
      return result;
    }
  return evaluator_.evaluate(site, any_frame);
}

// context.Lock(), where the context may be one of processes or one of threads: which it is goes with how the program starts
// its workers, and that is not followed.
bool Pickling::one_of_several_makers(const Values& values) {
  bool primitive = false, other = false;
  for (ValueId value : values) {
    const Value it = evaluator_.value(value);
    if (it.kind != ValueKind::object || it.index == none || it.site() != evaluator_.value(values[0]).site()) return false;
    const Api* maker = evaluator_.maker(value);
    const Api* of_type = evaluator_.program().knowledge().find(evaluator_.type_name(value));
    bool is_primitive = (maker && maker->mp_primitive) || (of_type && of_type->mp_primitive);
    (is_primitive ? primitive : other) = true;
  }
  return primitive && other;
}

std::optional<PickleProblem> Pickling::of_attribute(ValueId instance, std::string_view name, const PickleContext& context, int depth) {
  const Value it = evaluator_.value(instance);
  struct Held {
    Site write;
    Values values;
    bool certain;
  };
  std::vector<Held> history;
  // __init__ has run; what other methods write is known from the trace alone.
  for (Site write : evaluator_.attribute_writes(it.base, name)) {
    const File& file = evaluator_.program().file(write.file);
    ScopeId scope = file.scope_of(write.event);
    bool constructor = file.name(file.facts.scopes[scope].name) == "__init__";
    if (!constructor && context.trace) continue;
    if (constructor && context.trace && std::any_of(context.trace->writes.begin(), context.trace->writes.end(), [&](const MemberWrite& w) { return w.site == write && w.subject == instance; })) continue;
    history.push_back({write, evaluator_.written(write, instance), constructor && file.event(write.event).region == none});
  }
  if (context.trace)
    for (const MemberWrite& write : context.trace->writes) {
      if (write.subject != instance || write.before > context.step) continue;
      const File& file = evaluator_.program().file(write.site.file);
      const facts::Event& event = file.event(write.site.event);
      if (file.name(event.name) != name || event.op == Op::augment_attribute) continue;
      Values values = event.op == Op::set_attribute ? evaluator_.evaluate({write.site.file, file.operand(write.site.event, 1)}, write.frame) : Values{};
      history.push_back({write.site, values, write.condition.certain()});
    }
  bool only = true;
  for (size_t i = history.size(); i-- > 0;) {
    only &= history[i].certain && history[i].values.size() == 1;
    if (one_of_several_makers(history[i].values)) continue;
    for (ValueId value : history[i].values) {
      const Value v = evaluator_.value(value);
      if (v.kind == ValueKind::bound && v.base == instance) continue;
      auto found = find(value, context, depth + 1);
      if (!found) continue;
      if (!found->through_self) {
        found->attribute = name;
        found->attribute_write = history[i].write;
      }
      found->through_self = true;
      found->certain &= only;
      if (std::find(context.told.begin(), context.told.end(), found->attribute_write) != context.told.end()) continue;
      return found;
    }
    if (history[i].certain) break;  // what was there before is gone
  }
  return {};
}

// A process object may be pickled as long as it has not started. In a loop the same object of ours stands for the
// processes of earlier rounds, when a container keeps them.
bool Pickling::started(ValueId process, const PickleContext& context) const {
  if (!context.process_start) return true;  // its secret key is sent to its own child only
  if (!context.trace) return false;
  const Value it = evaluator_.value(process);
  for (uint32_t i = 0; i <= context.step && i < context.trace->steps.size(); ++i) {
    const Step& step = context.trace->steps[i];
    if (step.kind != StepKind::api || !step.row || !step.row->starts) continue;
    ValueId receiver = evaluator_.value(step.subject).base;
    // One object may be known through several frames: its making is what counts.
    if (receiver != process && (receiver == unknown_value || it.index == none || evaluator_.value(receiver).site() != it.site())) continue;
    if (i < context.step || (containers_ > 0 && step.condition.repeated)) return true;
  }
  return false;
}

}  // namespace forklint::model
