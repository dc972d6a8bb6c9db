// An exception that ends a task is sent back as its class and its args, and made again by calling the class with these.
// Where that fails it fails in a thread of the parent: a pool waits for ever, an executor breaks.
#include "analyzer/model/exceptions.h"
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

struct Judge {
  const Model& model;
  engine::Report& report;
  size_t launch_id;
  const Launch& launch;
  const WorkerTrace& worker;

  // Pools of multiprocessing go on waiting; executors mark themselves as broken.
  std::string lost() const { return launch.row->launch->starts == knowledge::Starts::construct ? "hangs" : "raises:BrokenProcessPool"; }
  std::string refused(const PickleProblem& problem) const { return launch.row->launch->starts == knowledge::Starts::construct ? "raises:MaybeEncodingError" : problem.outcome; }

  void judge(uint32_t index) const {
    Evaluator& evaluator = model.evaluator();
    const Step& step = worker.trace.steps[index];
    Site raised{step.site.file, model.file(step.site.file).operand(step.site.event, 0)};
    if (raised.event == none) return;
    Values values = evaluator.evaluate(raised, step.frame);
    for (ValueId value : values) {
      if (evaluator.value(value).kind == ValueKind::class_) value = evaluator.instance_of(value);
      ValueId class_value = evaluator.class_of(value);
      if (class_value == unknown_value || caught(evaluator, worker.trace, index, class_value)) continue;
      PickleContext context{.pickler = launch.row->launch->pickler, .oldest_python = model.options().oldest_python, .newest_python = model.options().newest_python};
      auto problem = model.pickling().problem(value, context);
      std::optional<std::string> why = problem ? std::nullopt : cannot_be_made_again(evaluator, value);
      if (!problem && !why) continue;
      std::string message = why ? "the exception cannot be made again where the result is awaited: " + *why
                            : std::string("the exception cannot be sent back from the task: it ") + (problem->obstacle == Obstacle::local_class ? "is " : "holds ") + problem->what;
      auto draft = report.finding(step.site, std::move(message));
      draft.under(launch.method.methods - StartMethod::threading, problem ? refused(*problem) : lost()).launch(launch_id);
      draft.confidence(values.size() == 1 ? Confidence::certain : Confidence::likely);
      const Value& owner = evaluator.value(class_value);
      draft.label({owner.file, model.file(owner.file).facts.scopes[owner.index].definition}, problem ? "of this class" : "its class passes other arguments to its base than it takes itself");
      draft.path(worker.trace, index);
      draft.label(worker.worker.step == none ? launch.site : model.trace_of(launch).steps[worker.worker.step].site, "the task is sent here; forward all arguments to super().__init__(), or define __reduce__");
      return;
    }
  }
};

void check(const Model& model, engine::Report& report) {
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    if (!launch.row->launch->pool) continue;
    for (const WorkerTrace& worker : model.workers(i)) {
      if (worker.worker.kind != PayloadKind::task) continue;
      for (uint32_t step = 0; step < worker.trace.steps.size(); ++step)
        // A module whose import fails fails in every process, and first in the parent.
        if (worker.trace.steps[step].kind == StepKind::raise && worker.trace.steps[step].thread == none && !in_import(worker.trace, step)) Judge{model, report, i, launch, worker}.judge(step);
    }
  }
}

}  // namespace

extern const engine::Rule exception_cannot_cross = {
    .code = "PSM207", .name = "exception-cannot-cross", .family = "transfer",
    .summary = "A task raises an exception that cannot be made again in the parent", .severity = engine::Severity::error, .check = check};

}  // namespace forklint::rules
