// A fresh child has its method set before it imports main; main's own call at module level then comes second.
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

void check(const Model& model, engine::Report& report) {
  for (const Trace& trace : model.traces()) {
    if (!is_program(model, trace) || !reimported(model, trace)) continue;
    for (uint32_t i = 0; i < trace.steps.size(); ++i) {
      const Step& step = trace.steps[i];
      if (step.kind != StepKind::api || step.row->method_effect != knowledge::MethodEffect::sets) continue;
      const Condition& condition = step.condition;
      if (condition.guard != Guard::none || condition.flagged || condition.handled || in_import(trace, i)) continue;
      if (is_true(model.evaluator(), step.row->force, step.site, step.frame)) continue;
      auto argument = method_argument(model.evaluator(), *step.row, step.site, step.frame);
      if (!argument) continue;
      uint32_t place = outermost(trace, i);
      report.finding(trace.steps[place].site, "the start method is set while the main module is imported, and so again in every child")
          .under(argument->methods & fresh_methods, "raises:RuntimeError")
          .path(trace, i, "set here; move it under `if __name__ == \"__main__\":`")
          .confidence(condition.certain() ? Confidence::certain : Confidence::likely);
    }
  }
}

}  // namespace

extern const engine::Rule method_set_at_import = {
    .code = "PSM501", .name = "method-set-at-import", .family = "method_choice",
    .summary = "set_start_method is called while the main module is imported", .severity = Severity::error, .check = check};

}  // namespace forklint::rules
