// Instances of the classes of the program: how they say that they are pickled, and the attributes that go along.
#include "analyzer/model/pickling.h"

#include <algorithm>
#include <utility>

#include "analyzer/model/order.h"

namespace forklint::model {

Pickling::Found Pickling::of_instance(ValueId id, const PickleContext& context, int depth) {
  if (std::find(open_.begin(), open_.end(), id) != open_.end()) return {};
  const Value it = evaluator_.value(id);
  if (it.base == unknown_value || evaluator_.value(it.base).kind != ValueKind::class_) return {};
  if (customised(it.base) || registered(it.base)) return {};
  const knowledge::Api* row = evaluator_.api(it.base);
  bool process = row && row->launch && row->launch->starts == knowledge::Starts::start;
  if (process && depth > 0 && started(id, context)) return PickleProblem{.obstacle = Obstacle::process_or_pool, .what = "a process that has started", .outcome = "raises:TypeError", .culprit = it.site()};
  if (auto found = of_class(it.base, context)) {
    if (found->obstacle == Obstacle::local_class) found->what = "an instance of " + found->what;
    return found;
  }
  if (row && !process) {
    // A base from outside says how its instances are sent: queues by their own reduction, threads not at all.
    if (row->mp_primitive || row->picklable == knowledge::Picklable::yes || row->picklable == knowledge::Picklable::process_only) return {};
    const bool test_at_rest = row->holds_tests && context.trace && context.trace->entry == Entry::main;  // a test that no runner runs
    if (row->picklable == knowledge::Picklable::no && !test_at_rest)
      if (auto found = of_row(*row, row->names[0], it.site(), context)) return of_extension(found, evaluator_.symbol(evaluator_.value(evaluator_.external_base(it.base)).symbol));
  }
  open_.push_back(id);
  std::optional<PickleProblem> result = of_attributes(id, context, depth);
  if (!result && !process) result = of_fields(id, context, depth);
  if (result && depth == 0) result->of_called_object = true;
  open_.pop_back();
  return result;
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
    // state["_Client__pool"]: what the class itself calls __pool
    std::string mangled = "_" + std::string(file.name(file.facts.scopes[scope.parent].name)) + "__";
    if (names.back().starts_with(mangled)) names.push_back(names.back().substr(mangled.size() - 2));
  }
  return names;
}

// Every attribute that is written to the object, in the order in which its classes write them.
Pickling::Found Pickling::of_attributes(ValueId id, const PickleContext& context, int depth) {
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

// if self.connection is not None: self.connection = None — whatever it held, it holds nothing now.
bool Pickling::clears_for_sure(const MemberWrite& write, const Trace& trace) {
  const File& file = evaluator_.program().file(write.site.file);
  const facts::Event& event = file.event(write.site.event);
  if (event.op != Op::set_attribute || event.region == none || file.event(file.operand(write.site.event, 1)).op != Op::null) return false;
  const facts::Region& arm = file.facts.regions[event.region];
  if (arm.kind != facts::RegionKind::then_arm || arm.parent != none) return false;
  EventId test = arm.subject;
  const facts::Event& asked = file.event(test);
  if (asked.op == Op::compare && asked.operands_count == 2 && file.name(asked.name) == "is not" && file.event(file.operand(test, 1)).op == Op::null) test = file.operand(test, 0);
  if (file.event(test).op != Op::attribute || file.event(test).name != event.name) return false;
  for (size_t i = std::min<size_t>(write.before, trace.steps.size()); i-- > 0;)
    if (trace.steps[i].kind == StepKind::enter_function && trace.steps[i].inner == write.frame) return trace.steps[i].condition.certain();
  return false;
}

// The write stands in the same activation as what is pickled, and a run that comes to the one does not come to the other.
bool Pickling::passed_by(const MemberWrite& write, const PickleContext& context) {
  if (context.step >= context.trace->steps.size()) return false;
  const Expression& made = context.made;
  const File& home = evaluator_.program().file(write.site.file);
  if (made.site.event != none && made.site.file == write.site.file && home.scope_of(made.site.event) == home.scope_of(write.site.event) && (write.frame == made.frame || write.frame == any_frame)) {
    auto excludes = [&](EventId earlier, EventId later) { return !may_follow(evaluator_, made.site.file, earlier, later, made.frame, Rounds::several); };
    if (excludes(write.site.event, made.site.event) && excludes(made.site.event, write.site.event)) return true;
  }
  for (uint32_t up = context.step; up != none; up = context.trace->steps[up].parent) {
    const Step& step = context.trace->steps[up];
    if ((step.frame != write.frame && write.frame != any_frame) || step.site.file != write.site.file) continue;
    const File& file = evaluator_.program().file(step.site.file);
    ScopeId scope = file.scope_of(step.site.event);
    if (scope != file.scope_of(write.site.event)) continue;
    // An object is constructed once; other methods may be called again.
    bool again = step.condition.repeated && file.name(file.facts.scopes[scope].name) != "__init__";
    return !again && !may_follow(evaluator_, step.site.file, write.site.event, step.site.event, step.frame, Rounds::several);
  }
  return false;
}

Pickling::Found Pickling::of_attribute(ValueId instance, std::string_view name, const PickleContext& context, int depth) {
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
    if (constructor && context.trace && passed_by({.site = write, .frame = any_frame}, context)) continue;
    history.push_back({write, evaluator_.written(write, instance), constructor && file.event(write.event).region == none});
  }
  if (context.trace)
    for (const MemberWrite& write : context.trace->writes) {
      if (write.subject != instance || write.before > context.step || passed_by(write, context)) continue;
      const File& file = evaluator_.program().file(write.site.file);
      const facts::Event& event = file.event(write.site.event);
      if (file.name(event.name) != name || event.op == Op::augment_attribute) continue;
      Values values = event.op == Op::set_attribute ? evaluator_.evaluate({write.site.file, file.operand(write.site.event, 1)}, write.frame) : Values{};
      history.push_back({write.site, values, write.condition.certain() || clears_for_sure(write, *context.trace)});
    }
  bool only = true;
  for (size_t i = history.size(); i-- > 0;) {
    only &= history[i].certain && history[i].values.size() == 1;
    if (one_of_several_makers(history[i].values)) continue;
    for (ValueId value : history[i].values) {
      const Value v = evaluator_.value(value);
      if (v.kind == ValueKind::bound && v.base == instance) continue;
      // What counts is a container that the object keeps, not one in which the object itself is sent.
      int outer = std::exchange(containers_, 0);
      auto found = find(value, context, depth + 1);
      containers_ = outer;
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

// context.Lock(), where the context may be one of processes or one of threads: which it is goes with how the program starts
// its workers, and that is not followed.
bool Pickling::one_of_several_makers(const Values& values) {
  bool primitive = false, other = false;
  for (ValueId value : values) {
    const Value it = evaluator_.value(value);
    if (it.kind != ValueKind::object || it.index == none || it.site() != evaluator_.value(values[0]).site()) return false;
    const knowledge::Api* maker = evaluator_.maker(value);
    const knowledge::Api* of_type = evaluator_.program().knowledge().find(evaluator_.type_name(value));
    bool is_primitive = (maker && maker->mp_primitive) || (of_type && of_type->mp_primitive);
    (is_primitive ? primitive : other) = true;
  }
  return primitive && other;
}

}  // namespace forklint::model
