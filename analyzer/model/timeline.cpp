#include "analyzer/model/timeline.h"

#include <algorithm>
#include <utility>

namespace forklint::model {
namespace {

constexpr uint32_t most_entries = 1500;  // functions entered in one trace
constexpr uint32_t most_entries_of_function = 40;  // the same, from a function that nothing calls
constexpr uint32_t most_steps = 20000;
constexpr uint32_t most_visits = 3;      // of one function in one trace
constexpr int deepest = 24;              // calls inside each other

using facts::RegionKind;

// Whether an exception type includes what a repeated launch raises.
bool catches_refusal(const File& file, EventId type) {
  Op op = file.event(type).op;
  std::string_view name = op == Op::read || op == Op::attribute ? file.name_of(type) : std::string_view();
  return name == "RuntimeError" || name == "Exception" || name == "BaseException";
}

}  // namespace

// ---- entries

void Walker::start(Entry entry, FileId file, ScopeId scope) {
  trace_ = {.entry = entry, .file = file, .scope = scope};
  visits_.clear();
  imported_.clear();
  stacked_.clear();
  budget_ = entry == Entry::function ? most_entries_of_function : most_entries;
  depth_ = 0;
}

Trace Walker::walk_main(FileId file) {
  start(Entry::main, file, 0);
  imported_.insert(file);
  scope(file, 0, any_frame, none, {});
  return std::move(trace_);
}

Trace Walker::walk_function(FileId file_id, ScopeId scope_id) {
  start(Entry::function, file_id, scope_id);
  const File& file = evaluator_.program().file(file_id);
  const facts::Scope& it = file.facts.scopes[scope_id];
  ValueId receiver = unknown_value;
  if (it.parent != none && file.facts.scopes[it.parent].kind == facts::ScopeKind::class_) {
    ValueId owner = evaluator_.make({.kind = ValueKind::class_, .file = file_id, .index = it.parent});
    receiver = evaluator_.instance_of(owner);
    ValueId constructor = evaluator_.method_of(owner, "__init__");
    const Value made = evaluator_.value(constructor);
    if (constructor != unknown_value && (made.file != file_id || made.index != scope_id)) {
      FrameId inner = evaluator_.enter_unknown(made.file, made.index, receiver);
      scope(made.file, made.index, inner, none, {});
    }
  }
  scope(file_id, scope_id, evaluator_.enter_unknown(file_id, scope_id, receiver), none, {});
  return std::move(trace_);
}

Trace Walker::walk_worker(ValueId function_value, FrameId frame) {
  const Value it = evaluator_.value(function_value);
  start(Entry::worker, it.file, it.index);
  scope(it.file, it.index, frame, none, {});
  return std::move(trace_);
}

Role Walker::role_of(FileId file) const {
  if (file == trace_.file && trace_.entry == Entry::main) return Role::main;
  return importing_ == 0 && trace_.entry != Entry::main ? Role::called : Role::imported;
}

void Walker::forget(uint32_t step) {
  trace_.steps.resize(step);
  for (size_t i = trace_.writes.size(); i-- > 0 && trace_.writes[i].before > step;) trace_.writes[i].before = step;
}

uint32_t Walker::push(Step step) {
  if (trace_.steps.size() >= most_steps) {
    trace_.complete = false;
    return none;
  }
  if (step.kind != StepKind::enter_function && step.kind != StepKind::import_module) ++notable_;
  step.thread = thread_;
  trace_.steps.push_back(step);
  return uint32_t(trace_.steps.size() - 1);
}

// ---- one scope: its events in order, each under the condition of its region

Condition Walker::region_condition(FileId file_id, FrameId frame, RegionId region) {
  const File& file = evaluator_.program().file(file_id);
  const facts::Region& it = file.facts.regions[region];
  switch (it.kind) {
    case RegionKind::then_arm: return implied(evaluator_, {file_id, it.subject}, frame, true, role_of(file_id));
    case RegionKind::else_arm: return implied(evaluator_, {file_id, it.subject}, frame, false, role_of(file_id));
    case RegionKind::loop: {
      Condition condition{.repeated = true};
      if (it.subject != none && it.subject >= it.events.begin && it.subject < it.events.end) {  // while
        Condition test = implied(evaluator_, {file_id, it.subject}, frame, true, role_of(file_id));
        test.uncertain = false;
        condition = condition & test;
      }
      return condition;
    }
    case RegionKind::except_arm: return {.uncertain = true};
    case RegionKind::try_body: {
      // What a repeated launch raises in a child may be caught here.
      Condition condition;
      for (RegionId other = region + 1; other < file.facts.regions.size() && file.facts.regions[other].events.begin >= it.events.begin; ++other) {
        const facts::Region& arm = file.facts.regions[other];
        if (arm.statement != it.statement || arm.kind != RegionKind::except_arm) {
          if (arm.parent == it.parent && arm.statement != it.statement) break;
          continue;
        }
        if (arm.subject == none) condition.handled = true;
        std::vector<EventId> types;
        if (arm.subject != none) {
          if (file.event(arm.subject).op == Op::tuple)
            for (uint32_t i = 0; i < file.event(arm.subject).operands_count; ++i) types.push_back(file.operand(arm.subject, i));
          else types.push_back(arm.subject);
        }
        for (EventId type : types) condition.handled |= catches_refusal(file, type);
      }
      return condition;
    }
    case RegionKind::with: {  // with suppress(RuntimeError):
      Condition condition;
      EventId manager = it.subject == none ? none : file.operand(it.subject, 0);
      if (manager == none || file.event(manager).op != Op::call) return condition;
      for (ValueId value : Values(evaluator_.evaluate({file_id, manager}, frame)))
        if (const knowledge::Api* row = evaluator_.maker(value); row && row->suppresses)
          for (uint32_t i = 1; i < file.event(manager).operands_count; ++i) condition.handled |= catches_refusal(file, file.operand(manager, i));
      return condition;
    }
    case RegionKind::annotation: return {.guard = Guard::never};
    default: return {};
  }
}

// Whether a region's last word takes control away: return, raise, break, continue, exit(). It may stand in an inner
// with; an inner branch may not run.
bool Walker::leaves(FileId file_id, RegionId region, FrameId frame) {
  const File& file = evaluator_.program().file(file_id);
  const facts::Region& it = file.facts.regions[region];
  if (it.events.size() == 0) return false;
  EventId last = it.events.end - 1;
  for (RegionId inner = file.event(last).region; inner != region; inner = file.facts.regions[inner].parent)
    if (inner == none || file.facts.regions[inner].kind != RegionKind::with) return false;
  switch (file.event(last).op) {
    case Op::return_: case Op::raise: case Op::break_: case Op::continue_: return true;
    case Op::call:
      for (ValueId callee : Values(evaluator_.evaluate({file_id, file.operand(last, 0)}, frame)))
        if (const knowledge::Api* row = evaluator_.api(callee); row && (row->exits || row->exits_now)) return true;
      return false;
    default: return false;
  }
}

void Walker::scope(FileId file_id, ScopeId scope_id, FrameId frame, uint32_t parent, const Condition& base, Part part) {
  const File& file = evaluator_.program().file(file_id);
  const facts::FileFacts& f = file.facts;
  const facts::Scope& it = f.scopes[scope_id];
  visited_.insert(key(file_id, scope_id));
  facts::Range events = it.events;
  if (part == Part::before_yield) events.end = file.scopes[scope_id].yields.front();
  if (part == Part::after_yield) events.begin = file.scopes[scope_id].yields.front() + 1;
  Condition outer = base;                        // the scope's own level
  struct Open {
    RegionId region;
    Condition condition;
  };
  std::vector<Open> open;

  auto current = [&]() -> const Condition& { return open.empty() ? outer : open.back().condition; };
  auto close = [&] {
    Open last = open.back();
    open.pop_back();
    const facts::Region& region = f.regions[last.region];
    if (region.events.end > events.end) return;  // it goes on behind the yield
    if (region.kind == RegionKind::with && last.condition.guard != Guard::never)
      for (ValueId manager : Values(evaluator_.evaluate({file_id, file.operand(region.subject, 0)}, frame))) leave_manager(manager, f.events[region.subject].flags & facts::flag_async, {file_id, region.subject}, frame, parent, current());
    bool arm = region.kind == RegionKind::then_arm || region.kind == RegionKind::else_arm;
    if (arm && leaves(file_id, last.region, frame)) {
      Condition otherwise = implied(evaluator_, {file_id, region.subject}, frame, region.kind == RegionKind::else_arm, role_of(file_id));
      Condition& remaining = open.empty() ? outer : open.back().condition;
      // At module level a child that exits here never finishes importing main; it is not protected, it is lost.
      bool main_exits = scope_id == 0 && role_of(file_id) == Role::main && otherwise.guard == Guard::main_only;
      if (main_exits) remaining.child_leaves = true;
      else {
        bool was_uncertain = remaining.uncertain;
        remaining = remaining & otherwise;
        if (otherwise.guard == Guard::none) remaining.uncertain = was_uncertain || otherwise.uncertain;
      }
    }
  };

  auto enter = [&](RegionId region) {
    llvm::SmallVector<RegionId, 8> entered;
    for (RegionId r = region; r != none && (open.empty() || r != open.back().region); r = f.regions[r].parent) entered.push_back(r);
    for (size_t i = entered.size(); i-- > 0;) {
      Condition condition = current();
      if (condition.guard != Guard::never) condition = condition & region_condition(file_id, frame, entered[i]);
      open.push_back({entered[i], condition});
    }
  };

  if (part == Part::after_yield) enter(f.events[events.begin - 1].region);  // where the yield stands
  for (EventId id = events.begin; id < events.end; ++id) {
    RegionId region = f.events[id].region;
    while (!open.empty() && !f.regions[open.back().region].events.contains(id)) close();
    if ((open.empty() ? none : open.back().region) != region) enter(region);
    if (current().guard == Guard::never) continue;
    event(file_id, id, frame, parent, current());
    // assert __name__ == "__main__", at module level, ends a child that imports main
    if (scope_id == 0 && f.events[id].op == Op::assert && open.empty() && role_of(file_id) == Role::main)
      if (implied(evaluator_, {file_id, file.operand(id, 0)}, frame, true, Role::main).guard == Guard::main_only) outer.child_leaves = true;
  }
  while (!open.empty()) close();
}

void Walker::leave(ValueId manager, Site site, FrameId frame, uint32_t parent, const Condition& condition) {
  push({.kind = StepKind::with_leave, .site = site, .frame = frame, .parent = parent, .condition = condition, .subject = manager, .row = evaluator_.maker(manager)});
  for (size_t i = stacked_.size(); i-- > 0;)
    if (stacked_[i].first == manager) push({.kind = StepKind::with_leave, .site = site, .frame = frame, .parent = parent, .condition = condition, .subject = stacked_[i].second, .row = evaluator_.maker(stacked_[i].second)});
}

void Walker::event(FileId file_id, EventId id, FrameId frame, uint32_t parent, const Condition& condition) {
  const File& file = evaluator_.program().file(file_id);
  const facts::Event& it = file.event(id);
  Site site{file_id, id};
  switch (it.op) {
    case Op::call: return call(site, frame, parent, condition);
    case Op::decorate: {  // the decorator is called with what it stands before
      for (ValueId decorator : Values(evaluator_.evaluate({file_id, file.operand(id, 0)}, frame))) {
        ValueKind kind = evaluator_.value(decorator).kind;
        if (kind != ValueKind::function && kind != ValueKind::bound) continue;
        llvm::SmallVector<ArgumentRef, 4> decorated{ArgumentRef{.site = {file_id, file.operand(id, 1)}, .frame = frame}};
        function(decorator, evaluator_.enter(decorator, decorated, site, frame), site, frame, parent, condition);
      }
      return;
    }
    case Op::import:
      if (it.extra == none || it.extra == 0) {
        // import a.b.c runs a, a.b and a.b.c
        std::string name(file.name(it.name));
        for (size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1))
          if (FileId package = evaluator_.program().find_module(name.substr(0, dot), file_id); package != none && trace_.entry != Entry::function) import_file(package, site, parent, condition);
      }
      for (ValueId module : Values(evaluator_.evaluate(site, frame))) import_module(module, site, parent, condition);
      return;
    case Op::import_from:
      for (ValueId value : Values(evaluator_.evaluate(site, frame)))
        if (evaluator_.value(value).kind == ValueKind::module) import_module(value, site, parent, condition);
      return;
    case Op::class_: case Op::comprehension:
      if (it.op == Op::comprehension && file.name(it.name) == "generator" && trace_.entry != Entry::worker) return;
      if (depth_ < deepest) {
        ++depth_;
        scope(file_id, it.extra, evaluator_.enter_inner(file_id, it.extra, frame), parent, condition);
        --depth_;
      }
      return;
    case Op::enter:
      for (ValueId manager : Values(evaluator_.evaluate({file_id, file.operand(id, 0)}, frame))) enter_manager(manager, it.flags & facts::flag_async, site, frame, parent, condition);
      return;
    case Op::iterate:
      take_generators(evaluator_.evaluate({file_id, file.operand(id, 0)}, frame), parent, condition);
      return iterate({file_id, file.operand(id, 0)}, {file_id, file.operand(id, 0)}, frame, parent, condition);
    case Op::bind: case Op::bind_module: case Op::augment: case Op::delete_name: return bind(file_id, id, frame, parent, condition);
    case Op::set_attribute: case Op::augment_attribute: case Op::delete_attribute: return write_attribute(file_id, id, frame, parent, condition);
    case Op::set_subscript: case Op::augment_subscript: case Op::delete_subscript: return changes(file_id, id, frame, parent, condition);
    case Op::raise: push({.kind = StepKind::raise, .site = site, .frame = frame, .parent = parent, .condition = condition}); return;
    case Op::read: case Op::attribute:
      if (it.op == Op::attribute && evaluator_.names_property(file.name(it.name))) property(file_id, id, frame, parent, condition);
      if (trace_.entry == Entry::worker) read(file_id, id, frame, parent, condition);
      return;
    default: return;
  }
}

void Walker::enter_manager(ValueId manager, bool async, Site site, FrameId frame, uint32_t parent, const Condition& condition) {
  if (manager == unknown_value) return;
  push({.kind = StepKind::with_enter, .site = site, .frame = frame, .parent = parent, .condition = condition, .subject = manager, .row = evaluator_.maker(manager)});
  special_method(manager, async ? "__aenter__" : "__enter__", site, frame, parent, condition);
  const Value it = evaluator_.value(manager);
  if (it.kind != ValueKind::generator || evaluator_.program().file(it.file).scopes[it.index].yields.empty()) return;
  function(evaluator_.make({.kind = ValueKind::function, .file = it.file, .index = it.index}), it.frame, site, frame, parent, condition, Part::before_yield);
}

void Walker::leave_manager(ValueId manager, bool async, Site site, FrameId frame, uint32_t parent, const Condition& condition) {
  if (manager == unknown_value) return;
  leave(manager, site, frame, parent, condition);
  special_method(manager, async ? "__aexit__" : "__exit__", site, frame, parent, condition);
  const Value it = evaluator_.value(manager);
  if (it.kind != ValueKind::generator || evaluator_.program().file(it.file).scopes[it.index].yields.empty()) return;
  function(evaluator_.make({.kind = ValueKind::function, .file = it.file, .index = it.index}), it.frame, site, frame, parent, condition, Part::after_yield);
}

// with generator(): the call by itself runs nothing.
bool Walker::runs_in_with(const Value& callee, Site call) const {
  if (callee.kind != ValueKind::function && callee.kind != ValueKind::bound) return false;
  const File& file = evaluator_.program().file(call.file);
  if (call.event + 1 >= file.facts.events.size() || file.event(call.event + 1).op != Op::enter || file.operand(call.event + 1, 0) != call.event) return false;
  const File& home = evaluator_.program().file(callee.file);
  return (home.facts.scopes[callee.index].flags & facts::scope_generator) && !home.scopes[callee.index].yields.empty();
}

// A method that the language calls by itself.
void Walker::special_method(ValueId receiver, std::string_view name, Site site, FrameId frame, uint32_t parent, const Condition& condition) {
  const Value it = evaluator_.value(receiver);
  if (it.kind != ValueKind::instance) return;
  Value method = evaluator_.value(evaluator_.method_of(it.base, name));
  if (method.kind != ValueKind::function) return;
  method.kind = ValueKind::bound;
  method.base = receiver;
  function(evaluator_.make(method), evaluator_.enter_unknown(method.file, method.index, receiver), site, frame, parent, condition);
}

// ---- properties: reading one runs its function

void Walker::property(FileId file_id, EventId id, FrameId frame, uint32_t parent, const Condition& condition) {
  const File& file = evaluator_.program().file(file_id);
  std::string_view name = file.name_of(id);
  for (ValueId owner : Values(evaluator_.evaluate({file_id, file.operand(id, 0)}, frame))) {
    const Value it = evaluator_.value(owner);
    if (it.kind != ValueKind::instance || !evaluator_.is_property(it.base, name)) continue;
    // What it makes it makes once: that is what properties are for.
    const Value f = evaluator_.value(evaluator_.method_of(it.base, name));
    FrameId inner = evaluator_.enter_unknown(f.file, f.index, owner);
    bool done = std::any_of(trace_.steps.begin(), trace_.steps.end(), [&](const Step& step) { return step.kind == StepKind::enter_function && step.inner == inner; });
    if (!done) special_method(owner, name, {file_id, id}, frame, parent, condition);
  }
}

// ---- calls

void Walker::call(Site site, FrameId frame, uint32_t parent, const Condition& condition) {
  const File& file = evaluator_.program().file(site.file);
  changes(site.file, site.event, frame, parent, condition);
  Site callee_site{site.file, file.operand(site.event, 0)};
  Values callees = evaluator_.evaluate(callee_site, frame);
  for (ValueId value : callees) callee(value, site, frame, parent, condition, callees.size() == 1);
}

void Walker::callee(ValueId value, Site site, FrameId frame, uint32_t parent, const Condition& condition, bool only) {
  const Value it = evaluator_.value(value);
  Condition here = condition;
  if (!only) here.uncertain = true;
  switch (it.kind) {
    case ValueKind::function: case ValueKind::bound:
      if (runs_in_with(it, site)) return;
      function(value, evaluator_.enter(value, site, frame), site, frame, parent, here);
      return it.kind == ValueKind::function ? registered(value, site, frame, parent, here) : void();
    case ValueKind::class_: {
      if (const knowledge::Api* row = evaluator_.api(value)) api(value, row, site, frame, parent, here);
      ValueId constructor = evaluator_.method_of(value, "__init__");
      ValueId made = evaluator_.make({.kind = ValueKind::instance, .file = site.file, .index = site.event, .frame = frame, .base = value});
      if (constructor == unknown_value) return special_method(made, "__post_init__", site, frame, parent, here);
      Value bound = evaluator_.value(constructor);
      bound.kind = ValueKind::bound;
      bound.base = made;
      ValueId method = evaluator_.make(bound);
      return function(method, evaluator_.enter(method, site, frame), site, frame, parent, here);
    }
    case ValueKind::instance: {
      ValueId method = evaluator_.method_of(it.base, "__call__");
      if (method == unknown_value) return;
      Value bound = evaluator_.value(method);
      bound.kind = ValueKind::bound;
      bound.base = value;
      ValueId callable = evaluator_.make(bound);
      return function(callable, evaluator_.enter(callable, site, frame), site, frame, parent, here);
    }
    case ValueKind::object: {
      if (auto inner = evaluator_.partial_function(value)) {
        for (ValueId f : evaluator_.values_of(*inner)) {
          ValueKind kind = evaluator_.value(f).kind;
          if (kind != ValueKind::function && kind != ValueKind::bound) continue;
          auto arguments = evaluator_.arguments_of(it.site(), it.frame);
          arguments.erase(arguments.begin());
          for (const ArgumentRef& more : evaluator_.arguments_of(site, frame)) arguments.push_back(more);
          function(f, evaluator_.enter(f, arguments, site, frame), site, frame, parent, here);
        }
        return;
      }
      for (ValueId method : evaluator_.attribute(value, "__call__"))  // Parallel(n_jobs=2)(tasks)
        if (const knowledge::Api* row = evaluator_.api(method)) {
          consume(method, site, frame, parent, here);
          api(method, row, site, frame, parent, here);
        }
      return registered(value, site, frame, parent, here);
    }
    case ValueKind::external: case ValueKind::method:
      consume(value, site, frame, parent, here);
      if (const knowledge::Api* row = evaluator_.api(value)) return api(value, row, site, frame, parent, here);
      return;
    case ValueKind::parameter:
      open_ = true;
      [[fallthrough]];
    default:
      if (trace_.entry == Entry::worker) push({.kind = StepKind::unknown_call, .site = site, .frame = frame, .parent = parent, .condition = here, .subject = value});
      return;
  }
}

// Runs generator expressions among the values.
void Walker::take_generators(const Values& values, uint32_t parent, const Condition& condition) {
  if (trace_.entry == Entry::worker) return;  // walked where it is written
  for (ValueId id : values) {
    const Value it = evaluator_.value(id);
    if (it.kind != ValueKind::container || depth_ >= deepest) continue;
    const File& file = evaluator_.program().file(it.file);
    const facts::Event& made = file.event(it.index);
    if (made.op != Op::comprehension || file.name(made.name) != "generator") continue;
    ++depth_;
    scope(it.file, made.extra, evaluator_.enter_inner(it.file, made.extra, it.frame), parent, condition);
    --depth_;
  }
}

// list(results), sum(x.get() for x in results), gather(*(…)): what is outside the program runs the generator that it is
// given, and a builtin takes all the lazy results of a pool.
void Walker::consume(ValueId callee, Site site, FrameId frame, uint32_t parent, const Condition& condition) {
  static constexpr std::string_view taking[] = {"builtins.list", "builtins.tuple", "builtins.set", "builtins.frozenset", "builtins.dict", "builtins.sorted", "builtins.sum", "builtins.min", "builtins.max", "builtins.any", "builtins.all"};
  const Value it = evaluator_.value(callee);
  bool takes = it.kind == ValueKind::external && std::find(std::begin(taking), std::end(taking), evaluator_.symbol(it.symbol)) != std::end(taking);
  for (const ArgumentRef& argument : evaluator_.arguments_of(site, frame)) {
    Values given = evaluator_.values_of(argument);
    take_generators(given, parent, condition);
    if (!takes) continue;
    if (argument.site.event != none) iterate(argument.site, argument.site, argument.frame, parent, condition);
  }
}

// iter(queue.get, None): every round calls the method, which may be inside a partial.
void Walker::calls_of_iterator(ValueId iterator, FrameId frame, uint32_t parent, const Condition& condition) {
  const Value it = evaluator_.value(iterator);
  auto arguments = evaluator_.arguments_of(it.site(), it.frame);
  if (arguments.size() != 2 || arguments[0].site.event == none) return;
  Condition round = condition;
  round.repeated = true;
  for (ValueId called : evaluator_.values_of(arguments[0])) {
    Values methods{called};
    if (auto inner = evaluator_.partial_function(called)) methods = evaluator_.values_of(*inner);
    for (ValueId method : methods)
      if (const knowledge::Api* row = evaluator_.value(method).kind == ValueKind::method ? evaluator_.api(method) : nullptr) api(method, row, arguments[0].site, frame, parent, round);
  }
}

// Iterating what launches, or waits for the results of tasks or the end of a stream; zip and enumerate iterate what they
// are given. `at` is where a reader would point.
void Walker::iterate(Site iterable, Site at, FrameId frame, uint32_t parent, const Condition& condition) {
  for (ValueId value : Values(evaluator_.evaluate(iterable, frame))) {
    const Value it = evaluator_.value(value);
    const knowledge::Api* row = evaluator_.maker(value);
    bool matters = row && ((row->launch && row->launch->starts == knowledge::Starts::iterate) || (row->task && row->task->lazy_result) || row->takes_over);
    if (matters) push({.kind = StepKind::iterate, .site = at, .frame = frame, .parent = parent, .condition = condition, .subject = value, .row = row});
    if (it.kind == ValueKind::object && it.index != none && evaluator_.type_name(value) == "builtins.iter") calls_of_iterator(value, frame, parent, condition);
    bool passes_on = it.kind == ValueKind::object && it.index != none && (evaluator_.type_name(value) == "builtins.zip" || evaluator_.type_name(value) == "builtins.enumerate");
    if (!passes_on || iterable.event == none) continue;
    for (const ArgumentRef& argument : evaluator_.arguments_of(it.site(), it.frame))
      if (argument.site.event != none && argument.site != iterable) iterate(argument.site, at, argument.frame, parent, condition);
  }
}

void Walker::function(ValueId value, FrameId inner, Site site, FrameId frame, uint32_t parent, const Condition& condition, Part part) {
  const Value it = evaluator_.value(value);
  uint64_t where = key(it.file, it.index);
  bool worker = trace_.entry == Entry::worker;
  if (!worker && part == Part::whole && barren_.contains(where)) return;
  if (depth_ >= deepest || budget_ == 0) {
    trace_.complete = false;
    return;
  }
  // A function inside itself adds nothing.
  for (uint32_t up = parent; up != none; up = trace_.steps[up].parent) {
    const Step& step = trace_.steps[up];
    if (step.kind != StepKind::enter_function) continue;
    const Value& entered = evaluator_.value(step.subject);
    if (entered.file == it.file && entered.index == it.index) return;
  }
  if (part != Part::after_yield && ++visits_[where] > most_visits) return;
  --budget_;
  uint32_t step = push({.kind = StepKind::enter_function, .site = site, .frame = frame, .parent = parent, .condition = condition, .subject = value, .inner = inner});
  if (step == none) return;
  uint32_t before = notable_;
  size_t written = trace_.writes.size();
  bool outer_open = open_;
  open_ = false;
  ++depth_;
  scope(it.file, it.index, inner, step, condition, part);
  --depth_;
  bool empty = notable_ == before;
  if (empty && !worker) {
    if (part == Part::whole && !open_ && trace_.complete && trace_.writes.size() == written) barren_.insert(where);
    forget(step);  // nothing happened in there
  }
  open_ |= outer_open;
}

void Walker::api(ValueId value, const knowledge::Api* row, Site site, FrameId frame, uint32_t parent, const Condition& condition) {
  uint32_t step = push({.kind = StepKind::api, .site = site, .frame = frame, .parent = parent, .condition = condition, .subject = value, .row = row});
  if (step != none && (row->starts || row->thread == "call")) thread(value, row, step, site, frame, condition);
  if (row->enters)
    if (auto manager = evaluator_.argument(evaluator_.arguments_of(site, frame), *row->enters))
      for (ValueId entered : evaluator_.values_of(*manager)) {
        if (entered == unknown_value) continue;
        stacked_.push_back({evaluator_.value(value).base, entered});
        push({.kind = StepKind::with_enter, .site = site, .frame = frame, .parent = parent, .condition = condition, .subject = entered, .row = evaluator_.maker(entered)});
      }
  if (!row->calls_argument || !row->calls) return;
  auto arguments = evaluator_.arguments_of(site, frame);
  auto argument = evaluator_.argument(arguments, *row->calls);
  if (!argument) return;
  for (ValueId target : evaluator_.values_of(*argument)) {
    ValueKind kind = evaluator_.value(target).kind;
    if (kind == ValueKind::function || kind == ValueKind::bound) function(target, evaluator_.enter(target, {}, site, frame), site, frame, parent, condition);
  }
}

// What a thread runs is walked where it is started; its steps say so. When they really happen is open.
void Walker::thread(ValueId callee, const knowledge::Api* row, uint32_t step, Site site, FrameId frame, const Condition& condition) {
  Site call = site;
  FrameId call_frame = frame;
  if (row->starts) {  // the construction says what it runs
    ValueId object = evaluator_.value(callee).base;
    const Value it = evaluator_.value(object);
    row = evaluator_.maker(object);
    if (!row || !row->thread_object) return;
    if (it.kind == ValueKind::instance) {
      ValueId run = evaluator_.method_of(it.base, "run");
      if (run != unknown_value) {
        Value bound = evaluator_.value(run);
        bound.kind = ValueKind::bound;
        bound.base = object;
        ValueId method = evaluator_.make(bound);
        uint32_t outer = std::exchange(thread_, step);
        FrameId inner = evaluator_.enter(method, {}, site, frame);
        trace_.threads.push_back({step, method, inner});
        function(method, inner, site, frame, step, condition);
        thread_ = outer;
        return;
      }
    }
    if (it.index == none) return;
    call = it.site();
    call_frame = it.frame;
  }
  if (!row->thread_target) return;
  auto given = evaluator_.arguments_of(call, call_frame);
  if (row->task && row->task->pool)  // a pool of processes may be meant instead
    if (auto pool = evaluator_.argument(given, *row->task->pool))
      for (ValueId value : evaluator_.values_of(*pool))
        if (const knowledge::Api* made = evaluator_.maker(value); made && made->launch) return;
  auto target = evaluator_.argument(given, *row->thread_target);
  if (!target) return;
  llvm::SmallVector<ArgumentRef, 4> arguments;
  for (const knowledge::Argument& wanted : row->thread_arguments) {
    if (wanted.rest) {
      int at = 0;
      for (const ArgumentRef& argument : given)
        if (argument.keyword == 0 && !argument.double_star && at++ >= wanted.position) arguments.push_back(argument);
    } else if (auto argument = evaluator_.argument(given, wanted)) {
      argument->star = wanted.keyword != "kwargs";
      argument->double_star = !argument->star;
      argument->keyword = 0;
      arguments.push_back(*argument);
    }
  }
  uint32_t outer = std::exchange(thread_, step);
  for (ValueId callable : evaluator_.values_of(*target)) {
    ValueKind kind = evaluator_.value(callable).kind;
    if (kind != ValueKind::function && kind != ValueKind::bound) continue;
    FrameId inner = evaluator_.enter(callable, arguments, site, frame);
    trace_.threads.push_back({step, callable, inner});
    function(callable, inner, site, frame, step, condition);
  }
  thread_ = outer;
}

// Calling an application object, or the function that stands for a group of commands, runs what was registered with it:
// @app.command() def main(): …; app()
void Walker::registered(ValueId app, Site site, FrameId frame, uint32_t parent, const Condition& condition) {
  const std::vector<Site>* found = registrations(app);
  if (!found) return;
  Condition chosen = condition;
  chosen.uncertain |= found->size() > 1;  // the arguments of the program say which
  for (Site registration : *found)
    for (ValueId target : Values(evaluator_.evaluate(registration, any_frame))) {
      const Value it = evaluator_.value(target);
      if (it.kind == ValueKind::function) function(target, evaluator_.enter_unknown(it.file, it.index, unknown_value), site, frame, parent, chosen);
      else if (it.kind == ValueKind::object && target != app) registered(target, site, frame, parent, chosen);
    }
}

// What module-level code has handed to a method of `app`: by decorator, or as the argument of app.add(f).
const std::vector<Site>* Walker::registrations(ValueId app) {
  if (!registrations_) {
    registrations_.emplace();
    for (FileId id = 0; id < evaluator_.program().files().size(); ++id) {
      const File& file = evaluator_.program().file(id);
      for (EventId event = 0; event < file.facts.events.size(); ++event) {
        const facts::Event& it = file.event(event);
        bool decorated = it.op == Op::decorate;
        if (!decorated && (it.op != Op::call || file.scope_of(event) != 0 || it.operands_count != 2)) continue;
        EventId method = file.operand(event, 0);
        if (file.event(method).op == Op::call) method = file.operand(method, 0);
        if (method == none || file.event(method).op != Op::attribute) continue;
        for (ValueId owner : Values(evaluator_.evaluate({id, file.operand(method, 0)}, any_frame))) {
          ValueKind kind = evaluator_.value(owner).kind;
          if (kind == ValueKind::function || kind == ValueKind::object) (*registrations_)[owner].push_back({id, decorated ? event : file.operand(event, 1)});
        }
      }
    }
  }
  auto it = registrations_->find(app);
  return it == registrations_->end() ? nullptr : &it->second;
}

// ---- imports

void Walker::import_module(ValueId module, Site site, uint32_t parent, const Condition& condition) {
  if (trace_.entry == Entry::function) return;  // by whoever calls it, as the imports of its own file
  const Value it = evaluator_.value(module);
  if (it.kind == ValueKind::module) import_file(it.file, site, parent, condition);
  else if (it.kind == ValueKind::external)
    if (const knowledge::Api* row = evaluator_.program().knowledge().find(evaluator_.symbol(it.symbol)); row && row->thread == "import")
      push({.kind = StepKind::api, .site = site, .parent = parent, .condition = condition, .subject = module, .row = row});
}

void Walker::import_file(FileId file, Site site, uint32_t parent, const Condition& condition) {
  if (!replaying_ && site.file != file && importing_ > 0) modules_[site.file].imports.push_back({site.event, file});
  if (!imported_.insert(file).second || depth_ >= deepest * 2) return;
  uint32_t before = notable_;
  uint32_t step = push({.kind = StepKind::import_module, .site = site, .parent = parent, .condition = condition, .file = file});
  if (step == none) return;
  ModuleImports& known = modules_[file];
  ++depth_;
  ++importing_;
  if (known.quiet) {
    for (size_t i = 0; i < modules_[file].imports.size(); ++i) {
      auto [event, module] = modules_[file].imports[i];
      replaying_ = true;
      import_file(module, {file, event}, step, condition);
    }
    replaying_ = false;
  } else {
    uint32_t nested_before = nested_notable_;
    replaying_ = false;
    known.imports.clear();
    scope(file, 0, any_frame, step, condition);
    modules_[file].quiet = notable_ - before == nested_notable_ - nested_before && trace_.complete;
  }
  --importing_;
  --depth_;
  nested_notable_ += notable_ - before;
  if (notable_ == before) forget(step);
}

// ---- writes and reads of what outlives a call

void Walker::bind(FileId file_id, EventId id, FrameId frame, uint32_t parent, const Condition& condition) {
  const File& file = evaluator_.program().file(file_id);
  NameId name = file.event(id).name;
  ScopeId scope_id = file.scope_of(id);
  auto declared = file.scopes[scope_id].declared.find(name);
  bool global = declared != file.scopes[scope_id].declared.end() && declared->second == Op::global;
  if (!global && scope_id != 0) return;
  // What import-time code binds is bound again in every child: it matters only where that is not so.
  bool repeats = !global && scope_id == 0 && condition.guard == Guard::none && trace_.entry != Entry::worker;
  if (repeats && file.event(id).op != Op::augment) return;
  push({.kind = StepKind::write_global, .site = {file_id, id}, .frame = frame, .parent = parent, .condition = condition, .file = file_id, .name = name});
}

// The module variable through which an event's value is reached, if it is one: x, x.y, module.x
std::pair<FileId, NameId> Walker::global_of(FileId file_id, EventId base) {
  const File& file = evaluator_.program().file(file_id);
  if (base == none) return {none, none};
  const facts::Event& it = file.event(base);
  if (it.op == Op::subscript) return global_of(file_id, file.operand(base, 0));
  if (it.op == Op::read) {
    ScopeId owner = evaluator_.binding_scope(file_id, file.scope_of(base), it.name);
    if (owner != 0) return {none, none};
    // An imported name belongs to the module it comes from.
    for (EventId binding : evaluator_.reaching(file_id, 0, it.name, none)) {
      EventId value = file.operand(binding, 0);
      if (value == none || file.event(value).op != Op::import_from) continue;
      for (ValueId module : Values(evaluator_.evaluate({file_id, file.operand(value, 0)}, any_frame))) {
        const Value m = evaluator_.value(module);
        if (m.kind != ValueKind::module) continue;
        const File& source = evaluator_.program().file(m.file);
        NameId name = source.find_name(file.name_of(value));
        if (name != none && source.scopes[0].names.contains(name)) return {m.file, name};
      }
    }
    return {file_id, it.name};
  }
  if (it.op == Op::attribute)
    for (ValueId module : Values(evaluator_.evaluate({file_id, file.operand(base, 0)}, any_frame))) {
      const Value m = evaluator_.value(module);
      if (m.kind != ValueKind::module) continue;
      const File& source = evaluator_.program().file(m.file);
      NameId name = source.find_name(file.name(it.name));
      if (name != none) return {m.file, name};
    }
  return {none, none};
}

void Walker::write_attribute(FileId file_id, EventId id, FrameId frame, uint32_t parent, const Condition& condition) {
  const File& file = evaluator_.program().file(file_id);
  NameId name = file.event(id).name;
  EventId base = file.operand(id, 0);
  Values owners = evaluator_.evaluate({file_id, base}, frame);
  for (ValueId owner : owners) {
    ValueKind kind = evaluator_.value(owner).kind;
    if ((kind != ValueKind::instance && kind != ValueKind::object) || trace_.writes.size() >= most_steps) continue;
    Condition certain = condition;
    certain.uncertain |= owners.size() > 1;
    trace_.writes.push_back({.site = {file_id, id}, .frame = frame, .subject = owner, .before = uint32_t(trace_.steps.size()), .condition = certain});
  }
  if (file.event(id).op == Op::delete_attribute) return;
  for (ValueId owner : owners) {
    const Value it = evaluator_.value(owner);
    if (it.kind == ValueKind::module || it.kind == ValueKind::class_ || it.kind == ValueKind::external) {
      Step step{.kind = StepKind::write_attribute, .site = {file_id, id}, .frame = frame, .parent = parent, .condition = condition, .subject = owner, .name = name};
      if (it.kind == ValueKind::module) {
        NameId inside = evaluator_.program().file(it.file).find_name(file.name(name));
        if (inside != none) {
          step.kind = StepKind::write_global;
          step.file = it.file;
          step.name = inside;
        }
      }
      push(step);
      return;
    }
  }
  // decimal.getcontext().prec = 4
  for (ValueId owner : owners) {
    if (evaluator_.value(owner).kind != ValueKind::object) continue;
    const knowledge::Api* row = evaluator_.program().knowledge().find(evaluator_.type_name(owner) + ".__setattr__");
    if (!row || row->process_setting.empty()) continue;
    push({.kind = StepKind::write_item, .site = {file_id, id}, .frame = frame, .parent = parent, .condition = condition, .subject = owner, .row = row});
    return;
  }
  // settings.debug = True, where settings is a module variable that holds an object
  if (auto [owner_file, variable] = global_of(file_id, base); owner_file != none)
    push({.kind = StepKind::change_global, .site = {file_id, id}, .frame = frame, .parent = parent, .condition = condition, .file = owner_file, .name = variable});
}

void Walker::changes(FileId file_id, EventId id, FrameId frame, uint32_t parent, const Condition& condition) {
  const File& file = evaluator_.program().file(file_id);
  EventId base = file.operand(id, 0);
  if (file.event(id).op == Op::call) {
    static constexpr std::string_view changing[] = {"append", "add", "appendleft", "extend", "update", "insert", "setdefault", "clear", "pop", "remove", "popitem", "discard", "sort", "reverse"};
    if (base == none || file.event(base).op != Op::attribute) return;
    std::string_view method = file.name_of(base);
    if (std::find(std::begin(changing), std::end(changing), method) == std::end(changing)) return;
    base = file.operand(base, 0);
  }
  if (file.event(id).op != Op::call) {  // os.environ[…] = …: what the object's own item assignment does
    const char* method = file.event(id).op == Op::delete_subscript ? ".__delitem__" : ".__setitem__";
    for (ValueId owner : Values(evaluator_.evaluate({file_id, base}, frame))) {
      if (evaluator_.value(owner).kind != ValueKind::external) continue;
      const knowledge::Api* row = evaluator_.program().knowledge().find(evaluator_.type_name(owner) + method);
      if (!row || (row->frozen_setting.empty() && row->process_setting.empty())) continue;
      push({.kind = StepKind::write_item, .site = {file_id, id}, .frame = frame, .parent = parent, .condition = condition, .subject = owner, .row = row});
      return;
    }
  }
  if (auto [owner_file, variable] = global_of(file_id, base); owner_file != none) {
    push({.kind = StepKind::change_global, .site = {file_id, id}, .frame = frame, .parent = parent, .condition = condition, .file = owner_file, .name = variable});
    return;
  }
  if (base == none || file.event(base).op != Op::attribute) return;
  for (ValueId owner : Values(evaluator_.evaluate({file_id, file.operand(base, 0)}, frame))) {
    const Value it = evaluator_.value(owner);
    bool lasting = it.kind == ValueKind::class_ || (it.kind == ValueKind::instance && it.index != none && it.frame == any_frame);
    if (lasting) push({.kind = StepKind::change_attribute, .site = {file_id, id}, .frame = frame, .parent = parent, .condition = condition, .subject = owner, .name = file.event(base).name});
  }
}

void Walker::read(FileId file_id, EventId id, FrameId frame, uint32_t parent, const Condition& condition) {
  const File& file = evaluator_.program().file(file_id);
  if (file.event(id).op == Op::attribute) {
    for (ValueId owner : Values(evaluator_.evaluate({file_id, file.operand(id, 0)}, frame))) {
      ValueKind kind = evaluator_.value(owner).kind;
      if (kind == ValueKind::class_ || kind == ValueKind::external || kind == ValueKind::instance)
        push({.kind = StepKind::read_attribute, .site = {file_id, id}, .frame = frame, .parent = parent, .condition = condition, .subject = owner, .name = file.event(id).name});
    }
  }
  auto [owner_file, variable] = global_of(file_id, id);
  if (owner_file != none)
    push({.kind = StepKind::read_global, .site = {file_id, id}, .frame = frame, .parent = parent, .condition = condition, .file = owner_file, .name = variable});
}

}  // namespace forklint::model
