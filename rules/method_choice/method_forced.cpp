// force=True replaces the default context, but not the context of what exists: locks and queues made before belong to
// the old one, and may not be sent to processes of the new one.
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

void check(const Model& model, engine::Report& report) {
  Evaluator& evaluator = model.evaluator();
  for (const Trace& trace : model.traces()) {
    std::vector<uint32_t> primitives;
    for (uint32_t i = 0; i < trace.steps.size(); ++i) {
      const Step& step = trace.steps[i];
      if (step.kind != StepKind::api) continue;
      if (step.row->mp_primitive) {
        Values made = evaluator.call_result(step.subject, step.site, step.frame);
        if (!made.empty() && context_of(evaluator, trace, i, made[0], model.options().standard).by != ChosenBy::explicit_) primitives.push_back(i);
        else if (!made.empty() && evaluator.value(evaluator.value(made[0]).base).kind != ValueKind::object) primitives.push_back(i);
      }
      if (step.row->method_effect != knowledge::MethodEffect::sets || !is_true(evaluator, step.row->force, step.site, step.frame)) continue;
      auto argument = method_argument(evaluator, *step.row, step.site, step.frame);
      if (!argument || primitives.empty()) continue;
      // A fork lock in a spawned child is refused; the other way round it works.
      const Step& old = trace.steps[primitives.front()];
      if (!precedes(model, trace, primitives.front(), i)) continue;
      report.finding(step.site, "the start method is replaced although objects of the old one exist")
          .under(argument->methods & fresh_methods, "raises:RuntimeError")
          .label(old.site, "belongs to the context of before")
          .confidence(step.condition.certain() && old.condition.certain() ? Confidence::certain : Confidence::likely);
    }
  }
}

}  // namespace

extern const engine::Rule method_forced = {
    .code = "PSM504", .name = "method-forced", .family = "method_choice",
    .summary = "force=True while objects of the old context are alive", .severity = Severity::warning, .check = check};

}  // namespace forklint::rules
