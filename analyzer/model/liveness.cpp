#include "analyzer/model/liveness.h"

#include <algorithm>

#include "analyzer/model/order.h"

namespace forklint::model {

Deed deed_of(Evaluator& evaluator, const Step& step) {
  if (step.kind == StepKind::api) {
    const Value& callee = evaluator.value(step.subject);
    return {step.row, callee.kind == ValueKind::method ? callee.base : unknown_value};
  }
  if (step.kind != StepKind::with_enter && step.kind != StepKind::with_leave) return {};
  const Value& manager = evaluator.value(step.subject);
  const std::string_view method = step.kind == StepKind::with_enter ? "__enter__" : "__exit__";
  if (manager.kind == ValueKind::instance && evaluator.method_of(manager.base, method) == unknown_value)  // class Pool(ProcessPoolExecutor)
    if (const knowledge::Api* base = evaluator.api(manager.base); base && !base->names.empty())
      return {evaluator.program().knowledge().find((base->returns.empty() || base->returns == "self" ? base->names[0] : base->returns) + "." + std::string(method)), step.subject};
  if (manager.kind != ValueKind::object) return {};
  return {evaluator.program().knowledge().find(evaluator.symbol(manager.symbol) + "." + std::string(method)), step.subject};
}

bool exclusive(const Step& a, const Step& b) { return (a.condition & b.condition).guard == Guard::never; }

bool inside(const Trace& trace, uint32_t step, uint32_t outer) {
  for (uint32_t up = step; up != none; up = trace.steps[up].parent)
    if (up == outer) return true;
  return false;
}

namespace {

using knowledge::Api;

// What one call may do, by one callee or another: where the first was a thread, the next is one too.
bool alternative(Evaluator& evaluator, const Step& a, const Step& b) {
  if (a.site != b.site) return false;
  if (a.frame == b.frame && a.parent == b.parent) return true;
  const File& file = evaluator.program().file(a.site.file);
  return file.event(a.site.event).op == Op::call && evaluator.evaluate({a.site.file, file.operand(a.site.event, 0)}, a.frame).size() > 1;
}

class Threads {
 public:
  Threads(Evaluator& evaluator, const Trace& trace, uint32_t at) : evaluator_(evaluator), trace_(trace), at_(at) {}

  std::vector<LiveThread> run() {
    for (uint32_t i = 0; i < at_; ++i) step(i);
    const Step& here = trace_.steps[at_];
    std::erase_if(alive_, [&](const LiveThread& thread) { return exclusive(trace_.steps[thread.step], here) || elsewhere(thread.step) || dispatched(thread.step, here) || own(thread, here.thread) || loop_over(thread.step) || nowhere_forked(thread.step) || gone(thread); });
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

  // Where there are only such platforms, nothing forks.
  bool nowhere_forked(uint32_t start) const { return !(trace_.steps[start].condition.platforms & (platform_linux | platform_macos)); }

  // A pool that only a variable of a function held, and the function has returned.
  bool gone(const LiveThread& thread) {
    const Api* maker = thread.object == unknown_value ? nullptr : evaluator_.maker(thread.object);
    const Value it = evaluator_.value(thread.object);
    if (!maker || !maker->launch || !maker->launch->ends_with_function || it.index == none) return false;
    const uint32_t function = trace_.steps[thread.step].parent;
    if (function == none || trace_.steps[function].kind != StepKind::enter_function || trace_.steps[function].inner != trace_.steps[thread.step].frame || inside(trace_, at_, function)) return false;
    return trace_.steps[thread.step].site == it.site() && stays_local(evaluator_, thread.object);
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
    if (it.kind == StepKind::with_leave) ended_with_tasks(it.subject);
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

  void ended_with_tasks(ValueId pool) {
    const Api* maker = pool == unknown_value ? nullptr : evaluator_.maker(pool);
    const Value made = evaluator_.value(pool);
    if (!maker || !maker->launch || made.index == none) return;
    maker = launching_row(evaluator_, maker, made.site(), made.frame);
    if (maker && maker->launch->ends_with_task) std::erase_if(alive_, [&](const LiveThread& thread) { return same_object(evaluator_, thread.object, pool); });
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
      if (!maker || !maker->launch || maker->launch->starts != knowledge::Starts::first_task) continue;
      if (const Value made = evaluator_.value(pool); made.index != none) maker = launching_row(evaluator_, maker, made.site(), made.frame);
      if (maker && maker->launch->starts_threads && (!maker->launch->ends_with_task || entered(i, pool))) add(i, pool);
    }
  }

  // Whether a `with` around several tasks keeps it.
  bool entered(uint32_t task, ValueId pool) const {
    bool result = false;
    for (uint32_t i = 0; i < task; ++i)
      if (const Step& it = trace_.steps[i]; (it.kind == StepKind::with_enter || it.kind == StepKind::with_leave) && same_object(evaluator_, it.subject, pool)) result = it.kind == StepKind::with_enter;
    return result;
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

}  // namespace

std::vector<LiveThread> live_threads(Evaluator& evaluator, const Trace& trace, uint32_t at) { return Threads(evaluator, trace, at).run(); }

std::vector<uint32_t> child_steps(const Trace& trace, const Launch& launch) {
  std::vector<uint32_t> result;
  if (!launch.row->launch->raw_fork) return result;
  for (uint32_t i = launch.step + 1; i < trace.steps.size(); ++i)
    if (trace.steps[i].condition.side_of(launch.site) == Side::child) result.push_back(i);
  return result;
}

}  // namespace forklint::model
