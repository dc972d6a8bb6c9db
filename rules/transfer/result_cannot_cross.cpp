// Results of tasks and items of queues and pipes are pickled under every method. A pool reports it to who asks for the
// result; a queue has a thread that fails where nobody looks, and the reader waits for an item that never comes.
#include <algorithm>
#include <set>

#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

class Judge {
 public:
  Judge(const Model& model, engine::Report& report) : model_(model), evaluator_(model.evaluator()), report_(report) {}

  void run() {
    for (size_t i = 0; i < model_.launches().size(); ++i)
      for (const WorkerTrace& worker : model_.workers(i)) {
        if (worker.worker.kind == PayloadKind::task && model_.launches()[i].row->launch->pool) results(i, worker);
        items(worker.trace, i, true);
      }
    for (uint32_t id = 0; id < model_.traces().size(); ++id) items(model_.traces()[id], launch_of(id), false);
  }

 private:
  static constexpr size_t no_launch = SIZE_MAX;

  size_t launch_of(uint32_t trace) const {
    for (size_t i = 0; i < model_.launches().size(); ++i)
      if (model_.launches()[i].trace == trace && model_.launches()[i].site.event != none) return i;
    return no_launch;
  }

  StartMethods methods(size_t launch) const {
    return launch == no_launch ? knowledge::fork_spawn_forkserver : model_.launches()[launch].method.methods - StartMethod::threading;
  }

  std::optional<PickleProblem> problem(const Values& values, knowledge::Pickler pickler, const Trace& trace, uint32_t step, bool& certain) {
    PickleContext context{.pickler = pickler, .oldest_python = model_.options().oldest_python, .newest_python = model_.options().newest_python, .trace = &trace, .step = step};
    for (ValueId value : values) {
      auto found = model_.pickling().problem(value, context);
      if (!found || found->only_fresh) continue;
      certain = values.size() == 1 && found->certain;
      return found;
    }
    return {};
  }

  void explain(engine::Draft& draft, const PickleProblem& problem, Site site) {
    if (problem.culprit.event != none && report_.place(problem.culprit) != report_.place(site)) draft.label(problem.culprit, problem.what + " is made here");
    if (problem.through_self) draft.label(problem.attribute_write, "kept here, as the attribute " + problem.attribute);
  }

  // How many functions the task may run.
  size_t alternatives(size_t id, const Worker& task) const {
    const auto& workers = model_.workers(id);
    return size_t(std::count_if(workers.begin(), workers.end(), [&](const WorkerTrace& other) { return other.worker.kind == PayloadKind::task && other.worker.step == task.step; }));
  }

  // A pool that is entered with `async with`, or whose methods are awaited, awaits in the child what an async function gives.
  bool awaits_tasks(const Launch& launch, const Worker& task) const {
    const Trace& trace = model_.trace_of(launch);
    for (const Step& step : trace.steps)
      if (step.kind == StepKind::with_enter && same_object(evaluator_, step.subject, launch.object) && (model_.file(step.site.file).event(step.site.event).flags & facts::flag_async)) return true;
    if (task.step == none || trace.steps[task.step].row->task->pool) return false;
    Site call = trace.steps[task.step].site;
    const File& file = model_.file(call.file);
    return call.event + 1 < file.facts.events.size() && file.event(call.event + 1).op == Op::await && file.operand(call.event + 1, 0) == call.event;
  }

  void results(size_t id, const WorkerTrace& worker) {
    const Launch& launch = model_.launches()[id];
    const Value function = evaluator_.value(worker.worker.function);
    const File& file = model_.file(function.file);
    const facts::Scope& scope = file.facts.scopes[function.index];
    Site task = worker.worker.step == none ? launch.site : model_.trace_of(launch).steps[worker.worker.step].site;
    // Nobody misses a result that nobody keeps.
    if (worker.worker.step != none && model_.trace_of(launch).steps[worker.worker.step].row->task->lazy_result && is_dropped(model_.program(), task)) return;
    bool wrapped_error = launch.row->launch->starts == knowledge::Starts::construct;
    std::string type_error = wrapped_error ? "raises:MaybeEncodingError" : "raises:TypeError";
    if (scope.flags & (facts::scope_generator | facts::scope_async)) {
      if (alternatives(id, worker.worker) > 1) return;  // which of them runs is not known
      bool generator = scope.flags & facts::scope_generator;
      if (!generator && awaits_tasks(launch, worker.worker)) return returns(id, worker, task);
      report_.finding(task, std::string("the result of the task is a ") + (generator ? "generator" : "coroutine") + ", which cannot be sent back")
          .under(methods(id), type_error).launch(id)
          .label({function.file, scope.definition}, generator ? "a generator function; return a list instead" : "an async function; run it in the task with asyncio.run()");
      return;
    }
    returns(id, worker, task);
  }

  // What the task returns.
  void returns(size_t id, const WorkerTrace& worker, Site task) {
    const Launch& launch = model_.launches()[id];
    const Value function = evaluator_.value(worker.worker.function);
    const File& file = model_.file(function.file);
    bool wrapped_error = launch.row->launch->starts == knowledge::Starts::construct;
    std::vector<Site> returned;
    for (EventId id_of : file.scopes[function.index].returns)
      if (EventId value = file.operand(id_of, 0); value != none) returned.push_back({function.file, value});
    if (file.facts.scopes[function.index].kind == facts::ScopeKind::lambda) returned.clear();
    for (Site site : returned) {
      bool certain = true;
      auto found = problem(evaluator_.evaluate(site, worker.worker.frame), launch.row->launch->pickler, worker.trace, uint32_t(worker.trace.steps.size()), certain);
      if (!found) continue;
      auto draft = report_.finding(site, "the result of the task holds " + found->what + ", which cannot be sent back");
      // A worker that awaits its tasks dies of it, and nobody answers.
      std::string outcome = awaits_tasks(launch, worker.worker) ? "hangs" : wrapped_error ? "raises:MaybeEncodingError" : found->outcome;
      draft.under(methods(id), outcome).launch(id).confidence(certain ? Confidence::certain : Confidence::likely);
      explain(draft, *found, site);
      draft.label(task, "the task is sent here; return plain data from it");
    }
  }

  void items(const Trace& trace, size_t launch, bool in_child) {
    for (uint32_t i = 0; i < trace.steps.size(); ++i) {
      const Step& step = trace.steps[i];
      if (step.kind != StepKind::api || !step.row->queue_put || !step.row->queue_item) continue;
      ValueId receiver = evaluator_.value(step.subject).base;
      const knowledge::Api* queue = evaluator_.maker(receiver);
      auto item = evaluator_.argument(evaluator_.arguments_of(step.site, step.frame), *step.row->queue_item);
      if (!queue || !item) continue;
      Site site = item->site.event == none ? step.site : item->site;
      bool certain = true;
      auto found = problem(evaluator_.values_of(*item), knowledge::Pickler::pickle, trace, i, certain);
      if (!found || !seen_.insert(site).second) continue;
      // A queue's thread fails by itself; a queue without one fails in put(), and its reader still waits.
      bool feeder = step.row->thread == "call";
      std::string outcome = feeder || (in_child && queue->mp_primitive) ? "hangs" : found->outcome;
      auto draft = report_.finding(site, found->what + (feeder ? " is put on a queue whose thread cannot send it, so that it never arrives" : " cannot be sent to another process"));
      draft.under(methods(launch), outcome).confidence(certain && step.condition.certain() ? Confidence::certain : Confidence::likely);
      if (launch != no_launch) draft.launch(launch);
      explain(draft, *found, site);
      draft.path(trace, i).label(step.site, "pickled here; send plain data, or what the value is made from");
    }
  }

  const Model& model_;
  Evaluator& evaluator_;
  engine::Report& report_;
  std::set<Site> seen_;
};

void check(const Model& model, engine::Report& report) { Judge(model, report).run(); }

}  // namespace

extern const engine::Rule result_cannot_cross = {
    .code = "PSM208", .name = "result-cannot-cross", .family = "transfer",
    .summary = "A result or queue item cannot be pickled", .severity = engine::Severity::error, .check = check};

}  // namespace forklint::rules
