#include "analyzer/model/liveness.h"

#include <algorithm>

#include "analyzer/model/order.h"

namespace forklint::model {
namespace {

using knowledge::Api;

// What a step does to a receiver, also by entering or leaving a `with`.
struct Deed {
  const Api* row = nullptr;
  ValueId receiver = unknown_value;
};

Deed deed_of(Evaluator& evaluator, const Step& step) {
  if (step.kind == StepKind::api) {
    const Value& callee = evaluator.value(step.subject);
    return {step.row, callee.kind == ValueKind::method ? callee.base : unknown_value};
  }
  if (step.kind != StepKind::with_enter && step.kind != StepKind::with_leave) return {};
  const Value& manager = evaluator.value(step.subject);
  const std::string_view method = step.kind == StepKind::with_enter ? "__enter__" : "__exit__";
  if (manager.kind == ValueKind::instance && evaluator.method_of(manager.base, method) == unknown_value)  // class Pool(ProcessPoolExecutor)
    if (const Api* base = evaluator.api(manager.base); base && !base->names.empty())
      return {evaluator.program().knowledge().find((base->returns.empty() || base->returns == "self" ? base->names[0] : base->returns) + "." + std::string(method)), step.subject};
  if (manager.kind != ValueKind::object) return {};
  return {evaluator.program().knowledge().find(evaluator.symbol(manager.symbol) + "." + std::string(method)), step.subject};
}

bool exclusive(const Step& a, const Step& b) { return (a.condition & b.condition).guard == Guard::never; }

// What one call may do, by one callee or another: where the first was a thread, the next is one too.
bool alternative(Evaluator& evaluator, const Step& a, const Step& b) {
  if (a.site != b.site) return false;
  if (a.frame == b.frame && a.parent == b.parent) return true;
  const File& file = evaluator.program().file(a.site.file);
  return file.event(a.site.event).op == Op::call && evaluator.evaluate({a.site.file, file.operand(a.site.event, 0)}, a.frame).size() > 1;
}

bool inside(const Trace& trace, uint32_t step, uint32_t outer) {
  for (uint32_t up = step; up != none; up = trace.steps[up].parent)
    if (up == outer) return true;
  return false;
}

class Threads {
 public:
  Threads(Evaluator& evaluator, const Trace& trace, uint32_t at) : evaluator_(evaluator), trace_(trace), at_(at) {}

  std::vector<LiveThread> run() {
    for (uint32_t i = 0; i < at_; ++i) step(i);
    const Step& here = trace_.steps[at_];
    std::erase_if(alive_, [&](const LiveThread& thread) { return exclusive(trace_.steps[thread.step], here) || elsewhere(thread.step) || dispatched(thread.step, here) || own(thread, here.thread) || loop_over(thread.step); });
    if (here.thread != none) alive_.push_back({});
    return std::move(alive_);
  }

 private:
  // A run that starts the thread does not come here: by another arm, or in another process.
  bool elsewhere(uint32_t start) {
    for (const Condition::Fork& fork : trace_.steps[start].condition.forks)
      if (fork.side == Side::child && trace_.steps[at_].condition.side_of(fork.site) != Side::child) return true;
    return !may_follow(evaluator_, trace_, start, at_, Rounds::several);
  }

  // The thread comes of a call that starts the other kind of worker where this step is reached.
  bool dispatched(uint32_t start, const Step& here) {
    for (uint32_t up = start; up != none; up = trace_.steps[up].parent)
      if (alternative(evaluator_, trace_.steps[up], here)) return true;
    return false;
  }

  // The thread that runs the step itself; nested starts count as others.
  bool own(const LiveThread& thread, uint32_t current) const { return current != none && thread.step == current; }

  // What is iterated has its helpers as long as its loop goes on; they end with it.
  bool loop_over(uint32_t iteration) const {
    const Step& it = trace_.steps[iteration];
    if (it.kind != StepKind::iterate) return false;
    const facts::FileFacts& f = evaluator_.program().file(it.site.file).facts;
    for (uint32_t up = at_; up != none; up = trace_.steps[up].parent) {
      const Step& here = trace_.steps[up];
      if (here.frame != it.frame || here.site.file != it.site.file) continue;
      for (RegionId region = f.events[here.site.event].region; region != none; region = f.regions[region].parent)
        if (f.regions[region].kind == facts::RegionKind::loop && f.regions[region].subject == it.site.event) return false;
    }
    return true;
  }

  void step(uint32_t i) {
    const Step& it = trace_.steps[i];
    if (it.kind == StepKind::iterate) return iterated(i);
    Deed deed = deed_of(evaluator_, it);
    if (!deed.row) return;
    const Api& row = *deed.row;
    if (row.repaired_after_fork) return;
    if (deed.receiver != unknown_value && (row.joins || row.closes)) {
      std::erase_if(alive_, [&](const LiveThread& thread) { return same_object(evaluator_, thread.object, deed.receiver) || made_by(thread.object, deed.receiver); });
      return;
    }
    if (row.closes && row.calls_argument) return run_ended(it);
    if (row.starts) {
      const Api* maker = evaluator_.maker(deed.receiver);
      if (maker && maker->thread_object) add(i, deed.receiver);
      return;
    }
    if (it.kind != StepKind::api) return;
    if (row.thread == "import") add(i, unknown_value);
    if (row.thread == "construct") add(i, result_of(it));
    if (row.thread == "call" && !goes_to_processes(it)) add(i, deed.receiver);
    if (row.launch && row.launch->starts_threads && row.launch->starts != knowledge::Starts::first_task && row.launch->starts != knowledge::Starts::iterate && !launches_nothing(evaluator_, *row.launch, it.site, it.frame)) add(i, result_of(it));
    if (row.task) first_task(i, it, deed.receiver);
  }

  void iterated(uint32_t i) {
    const Step& it = trace_.steps[i];
    const Value made = evaluator_.value(it.subject);
    bool starts = it.row && it.row->launch && it.row->launch->starts_threads && made.index != none;
    if (starts && !launches_nothing(evaluator_, *it.row->launch, made.site(), made.frame)) add(i, it.subject);
  }

  // An executor of processes has its helper thread from the first task on.
  void first_task(uint32_t i, const Step& it, ValueId receiver) {
    Values pools{receiver};
    if (it.row->task->pool) {
      auto arguments = evaluator_.arguments_of(it.site, it.frame);
      auto argument = evaluator_.argument(arguments, *it.row->task->pool);
      pools = argument ? evaluator_.values_of(*argument) : Values{};
    }
    for (ValueId pool : pools) {
      const Api* maker = pool == unknown_value ? nullptr : evaluator_.maker(pool);
      if (maker && maker->launch && maker->launch->starts_threads && maker->launch->starts == knowledge::Starts::first_task) add(i, pool);
    }
  }

  // run_in_executor(processes, …): the pool is not one of threads.
  bool goes_to_processes(const Step& it) {
    if (!it.row->task || !it.row->task->pool) return false;
    auto arguments = evaluator_.arguments_of(it.site, it.frame);
    auto argument = evaluator_.argument(arguments, *it.row->task->pool);
    if (!argument) return false;
    Values pools = evaluator_.values_of(*argument);
    return std::any_of(pools.begin(), pools.end(), [&](ValueId pool) { return evaluator_.value(pool).kind != ValueKind::constant; });
  }

  ValueId result_of(const Step& it) {
    Values made = evaluator_.call_result(it.subject, it.site, it.frame);
    return made.empty() ? unknown_value : made[0];
  }

  bool made_by(ValueId object, ValueId receiver) const { return object != unknown_value && same_object(evaluator_, evaluator_.value(object).base, receiver); }

  // asyncio.run(main()): the threads of the loop's own executor end with it.
  void run_ended(const Step& run) {
    const File& file = evaluator_.program().file(run.site.file);
    auto under = [&](uint32_t step) {
      for (uint32_t up = trace_.steps[step].parent; up != none; up = trace_.steps[up].parent)
        for (uint32_t i = 1; i < file.event(run.site.event).operands_count; ++i)
          if (trace_.steps[up].site == Site{run.site.file, file.operand(run.site.event, i)}) return true;
      return false;
    };
    std::erase_if(alive_, [&](const LiveThread& thread) {
      const Step& start = trace_.steps[thread.step];
      const Api* owner = thread.object == unknown_value ? nullptr : evaluator_.maker(thread.object);
      return start.kind == StepKind::api && start.row->thread == "call" && !start.row->queue_put && !(owner && owner->executor) && under(thread.step);
    });
  }

  void add(uint32_t i, ValueId object) {
    const Step& it = trace_.steps[i];
    for (LiveThread& known : alive_)
      if (object != unknown_value && same_object(evaluator_, known.object, object)) {
        known.certain |= it.condition.certain();
        return;
      }
    alive_.push_back({i, object, trace_.entry == Entry::main && it.condition.guard == Guard::none, it.condition.certain()});
  }

  Evaluator& evaluator_;
  const Trace& trace_;
  uint32_t at_;
  std::vector<LiveThread> alive_;
};

bool is_false(Evaluator& evaluator, const Values& values) {
  return values.size() == 1 && evaluator.value(values[0]).kind == ValueKind::constant && (evaluator.symbol(evaluator.value(values[0]).symbol) == "False" || evaluator.symbol(evaluator.value(values[0]).symbol) == "0");
}

}  // namespace

namespace {

// Whether two frames may be one activation: entered from one place, by frames of which the same holds.
bool same_activation(const Evaluator& evaluator, FrameId a, FrameId b, int depth = 0) {
  constexpr int deepest = 12;
  if (a == b || a == any_frame || b == any_frame || depth > deepest) return true;
  const Frame& x = evaluator.frame(a);
  const Frame& y = evaluator.frame(b);
  if (x.file != y.file || x.scope != y.scope) return false;
  if (x.receiver != y.receiver && !same_object(evaluator, x.receiver, y.receiver)) return false;
  if (x.call.event == none || y.call.event == none) return true;  // called by nobody known
  return x.call == y.call && same_activation(evaluator, x.caller, y.caller, depth + 1);
}

// if cls.threads is None: cls.threads = ThreadPoolExecutor() — made once, whoever asks first.
bool made_once(const Evaluator& evaluator, const Value& object) {
  const File& file = evaluator.program().file(object.file);
  constexpr EventId near = 4;
  for (EventId id = object.index + 1; id < file.facts.events.size() && id <= object.index + near; ++id) {
    const facts::Event& event = file.event(id);
    const ScopeId scope = file.scope_of(id);
    EventId owner = none;
    if (event.op == Op::set_attribute && file.operand(id, 1) == object.index) owner = file.operand(id, 0);
    else if (event.op != Op::bind || file.operand(id, 0) != object.index || scope == 0 || file.binding_scope(scope, event.name) != 0) continue;
    if (owner != none) {
      if (file.event(owner).op != Op::read) return false;
      const bool of_class = file.name_of(owner) == "cls" || file.binding_scope(scope, file.event(owner).name) == 0;
      if (!of_class) return false;
    }
    if (event.region == none || file.facts.regions[event.region].kind != facts::RegionKind::then_arm) return false;
    EventId test = file.facts.regions[event.region].subject;
    const bool negated = file.event(test).op == Op::unary && file.name_of(test) == "not";
    const bool null = file.event(test).op == Op::compare && file.event(test).operands_count == 2 && file.name_of(test) == "is" && file.event(file.operand(test, 1)).op == Op::null;
    if (!negated && !null) return false;
    const EventId asked = file.operand(test, 0);
    return asked != none && (file.event(asked).op == Op::read || file.event(asked).op == Op::attribute) && file.event(asked).name == event.name;
  }
  return false;
}

}  // namespace

bool same_object(const Evaluator& evaluator, ValueId a, ValueId b) {
  if (a == unknown_value || b == unknown_value) return false;
  if (a == b) return true;
  const Value& x = evaluator.value(a);
  const Value& y = evaluator.value(b);
  bool made = x.kind == ValueKind::object || x.kind == ValueKind::instance || x.kind == ValueKind::container;
  if (!made || x.kind != y.kind || x.file != y.file || x.index != y.index || x.symbol != y.symbol || x.index == none) return false;
  return same_activation(evaluator, x.frame, y.frame) || made_once(evaluator, x);
}

std::vector<LiveThread> live_threads(Evaluator& evaluator, const Trace& trace, uint32_t at) { return Threads(evaluator, trace, at).run(); }

Taking taking(Evaluator& evaluator, const Step& step) {
  Deed deed = deed_of(evaluator, step);
  if (!deed.row || !deed.row->acquires || deed.receiver == unknown_value) return {};
  ValueId lock = deed.receiver;
  const Api* maker = evaluator.maker(lock);
  if (!maker || !maker->lock || maker->mp_primitive) return {};
  if (step.kind == StepKind::api) {
    auto arguments = evaluator.arguments_of(step.site, step.frame);
    if (deed.row->waits_unless)
      if (auto argument = evaluator.argument(arguments, *deed.row->waits_unless); argument && is_false(evaluator, evaluator.values_of(*argument))) return {};
    if (deed.row->time_limit && evaluator.argument(arguments, *deed.row->time_limit)) return {};
  }
  const Value it = evaluator.value(lock);
  if (maker->lock_argument && it.index != none) {  // a condition over a lock is that lock
    auto arguments = evaluator.arguments_of(it.site(), it.frame);
    if (auto argument = evaluator.argument(arguments, *maker->lock_argument))
      for (ValueId inner : evaluator.values_of(*argument))
        if (const Api* made = evaluator.maker(inner); made && made->lock) {
          lock = inner;
          maker = made;
        }
  }
  return {lock, maker->reentrant};
}

std::vector<HeldLock> held_locks(Evaluator& evaluator, const Trace& trace, uint32_t at) {
  std::vector<HeldLock> result;
  uint32_t current = trace.steps[at].thread;
  for (uint32_t i = 0; i < at; ++i) {
    const Step& step = trace.steps[i];
    if (step.thread != current || exclusive(step, trace.steps[at])) continue;
    if (Taking taken = taking(evaluator, step); taken.lock != unknown_value) {
      if (may_follow(evaluator, trace, i, at, Rounds::several)) result.push_back({taken, i, false, step.condition.certain()});
      continue;
    }
    Deed deed = deed_of(evaluator, step);
    if (deed.row && deed.row->releases) {
      Step as_taken = step;
      as_taken.kind = StepKind::with_enter;
      as_taken.subject = deed.receiver;
      ValueId lock = taking(evaluator, as_taken).lock;
      std::erase_if(result, [&](const HeldLock& held) { return same_object(evaluator, held.taken.lock, lock == unknown_value ? deed.receiver : lock); });
    }
  }
  for (const LiveThread& thread : live_threads(evaluator, trace, at)) {
    if (thread.step == none) {  // the main thread, while this one runs: what it holds around the start of this one
      uint32_t start = current;
      for (HeldLock held : start == none ? std::vector<HeldLock>() : held_locks(evaluator, trace, start)) {
        if (held.by_other) continue;
        held.by_other = true;
        result.push_back(held);
      }
      continue;
    }
    for (uint32_t i = thread.step + 1; i < trace.steps.size(); ++i) {
      const Step& step = trace.steps[i];
      if (!inside(trace, i, thread.step)) {
        if (step.thread == none || step.thread < thread.step) break;
        continue;
      }
      if (step.thread != thread.step) continue;
      if (Taking taken = taking(evaluator, step); taken.lock != unknown_value) result.push_back({taken, i, true, false});
    }
  }
  return result;
}

std::vector<uint32_t> child_steps(const Trace& trace, const Launch& launch) {
  std::vector<uint32_t> result;
  if (!launch.row->launch->raw_fork) return result;
  for (uint32_t i = launch.step + 1; i < trace.steps.size(); ++i)
    if (trace.steps[i].condition.side_of(launch.site) == Side::child) result.push_back(i);
  return result;
}

}  // namespace forklint::model
