// Leaving `with Pool()` terminates the pool: what its workers have not yet delivered never comes, and who asks for it
// waits for ever. Executors are different: they finish their tasks first.
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

class Judge {
 public:
  Judge(const Model& model, engine::Report& report, size_t id) : evaluator_(model.evaluator()), model_(model), report_(report), id_(id), launch_(model.launches()[id]), trace_(model.trace_of(launch_)) {}

  void run() {
    for (uint32_t task : launch_.tasks)
      if (trace_.steps[task].row->task->lazy_result && trace_.steps[task].thread == none) follow(task);
  }

 private:
  bool same_making(ValueId value, Site site) const {
    const Value& it = evaluator_.value(value);
    return it.kind == ValueKind::object && it.site() == site;
  }

  bool of_pool(ValueId value) const {
    const Value& pool = evaluator_.value(launch_.object);
    return value == launch_.object || (pool.index != none && same_making(value, pool.site()));
  }

  // Whether a step ends the pool without waiting for its tasks; null when it does neither.
  std::optional<bool> ends(const Step& step) const {
    const knowledge::Api* row = nullptr;
    if (step.kind == StepKind::with_leave && of_pool(step.subject)) row = model_.program().knowledge().find(evaluator_.type_name(step.subject) + ".__exit__");
    if (step.kind == StepKind::api && of_pool(evaluator_.value(step.subject).base)) row = step.row;
    if (!row || (!row->closes && !row->joins)) return {};
    return !row->joins;
  }

  // The results of one task, until they are taken.
  void follow(uint32_t task) {
    Site made = trace_.steps[task].site;
    uint32_t ended = none;
    for (uint32_t i = task + 1; i < trace_.steps.size(); ++i) {
      const Step& step = trace_.steps[i];
      if (step.thread != none) continue;
      auto abrupt = ends(step);
      if (ended == none && abrupt) {
        if (!*abrupt) return;  // joined: all results are there
        ended = i;
      }
      // `while not result.ready()` waits as well.
      if (step.kind == StepKind::api && step.row->asks_for_result && step.condition.repeated && ended == none && same_making(evaluator_.value(step.subject).base, made)) return;
      bool awaits = step.kind == StepKind::api && step.row->awaits_result && same_making(evaluator_.value(step.subject).base, made);
      bool takes = step.kind == StepKind::iterate && same_making(step.subject, made);
      if (!awaits && !takes) continue;
      if (ended != none && precedes(model_, trace_, ended, i)) tell(task, ended, i, awaits);
      return;
    }
  }

  void tell(uint32_t task, uint32_t ended, uint32_t use, bool awaits) {
    const Step& step = trace_.steps[use];
    bool limited = awaits && !evaluator_.arguments_of(step.site, step.frame).empty();
    auto draft = report_.finding(step.site, "the result is asked for after its pool was terminated, and never comes");
    draft.under(launch_.method.methods - StartMethod::threading, limited ? "raises:TimeoutError" : "hangs").launch(id_);
    bool certain = step.condition.certain() && trace_.steps[ended].condition.certain();
    draft.confidence(certain ? Confidence::certain : Confidence::likely);
    draft.label(trace_.steps[task].site, "the task is handed to the pool here");
    draft.label(trace_.steps[ended].site, trace_.steps[ended].kind == StepKind::with_leave ? "leaving this block terminates the pool; take the result inside, or close() and join() the pool first" : "the pool is terminated here; take the result before");
    draft.path(trace_, use);
  }

  Evaluator& evaluator_;
  const Model& model_;
  engine::Report& report_;
  size_t id_;
  const Launch& launch_;
  const Trace& trace_;
};

void check(const Model& model, engine::Report& report) {
  for (size_t i = 0; i < model.launches().size(); ++i)
    if (model.launches()[i].row->launch->pool) Judge(model, report, i).run();
}

}  // namespace

extern const engine::Rule result_after_pool = {
    .code = "PSM702", .name = "result-after-pool", .family = "protocol",
    .summary = "A pending result is asked for after its pool was terminated", .severity = engine::Severity::error, .check = check};

}  // namespace forklint::rules
