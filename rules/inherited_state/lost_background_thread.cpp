// A thread of the parent empties a queue: a writer, an exporter, a batcher. A child has the queue and not the thread: what
// it puts there stays there, and what it waits for does not come.
#include <algorithm>

#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

// Queues between threads that code reads: their other side is in the same process.
Values queues(const Model& model, const Trace& code) {
  Values result;
  for (const Step& step : code.steps) {
    if (step.kind != StepKind::read_global && step.kind != StepKind::read_attribute) continue;
    for (ValueId value : Values(model.evaluator().evaluate(step.site, step.frame))) {
      const knowledge::Api* maker = model.evaluator().value(value).kind == ValueKind::object ? model.evaluator().maker(value) : nullptr;
      if (maker && maker->lock && !maker->fork_unsafe.empty()) add(result, value);
    }
  }
  return result;
}

bool starts_thread(const Model& model, const Step& step) {
  if (step.kind != StepKind::api || !step.row->starts) return false;
  const knowledge::Api* maker = model.evaluator().maker(model.evaluator().value(step.subject).base);
  return maker && maker->thread_object;
}

struct Use {
  const Step* step = nullptr;
  bool fresh = true;  // a fresh child lacks the thread as well
  bool waits = false;
};

// Where a worker uses one of the queues without a thread of its own behind it.
Use use_in_child(const Model& model, size_t i, const Values& served) {
  Evaluator& evaluator = model.evaluator();
  Use use;
  for (const WorkerTrace& worker : model.workers(i))
    for (const Step& step : worker.trace.steps) {
      if (starts_thread(model, step)) {
        if (!step.condition.uncertain) return {};
        use.fresh = false;  // started where it is missing: a forked child believes that it is there
      }
      use.waits |= step.kind == StepKind::api && step.row->awaits_result;
      if (use.step || (step.kind != StepKind::read_global && step.kind != StepKind::read_attribute)) continue;
      for (ValueId value : Values(evaluator.evaluate(step.site, step.frame)))
        if (std::any_of(served.begin(), served.end(), [&](ValueId queue) { return same_object(evaluator, queue, value); })) use.step = &step;
    }
  return use;
}

void check(const Model& model, engine::Report& report) {
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    const Trace& trace = model.trace_of(launch);
    if (launch.site.event == none || launch.row->launch->executes || model.workers(i).empty()) continue;
    bool restarted = std::any_of(trace.steps.begin(), trace.steps.begin() + launch.step, [](const Step& step) { return step.kind == StepKind::api && step.row->at_fork; });
    if (restarted) continue;
    for (const LiveThread& thread : live_threads(model.evaluator(), trace, launch.step)) {
      if (thread.step == none) continue;
      for (const ThreadBody& body : trace.threads) {
        if (body.step != thread.step) continue;
        Values served = queues(model, model.walk(body.function, body.frame));
        if (served.empty()) continue;
        Use use = use_in_child(model, i, served);
        if (!use.step) continue;
        StartMethods methods = launch.method.methods & StartMethod::fork;
        bool preloaded = launch.row->launch->reimports_main && model.options().newest_python >= 14;
        if (thread.at_import) methods |= preloaded ? launch.method.methods & StartMethod::forkserver : StartMethods();
        else if (use.fresh && launch.row->launch->reimports_main) methods |= launch.method.methods & fresh_methods;
        report.finding(trace.steps[thread.step].site, "Only the parent has this thread, and the child uses the queue that it serves")
            .under(methods & use.step->condition.methods, use.waits ? "hangs" : "wrong")
            .label(use.step->site, "the child uses the queue here")
            .label(launch.site, "the child starts here, without the thread; start one in the child, or share a queue of multiprocessing")
            .confidence(Confidence::likely)
            .launch(i);
      }
    }
  }
}

}  // namespace

extern const engine::Rule lost_background_thread = {
    .code = "PSM407", .name = "lost-background-thread", .family = "inherited_state",
    .summary = "Worker code relies on a thread that only the parent has", .severity = engine::Severity::warning, .check = check};

}  // namespace forklint::rules
