// A fresh child has its method set before it imports main; main's own call at module level then comes second.
#include "rules/launch/import_failure.h"
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

// The child's import of main ends with this; where main launches several ways, a pool that replaces its workers decides.
std::string refused_again(const Model& model, const Trace& trace, StartMethod method) {
  std::string outcome = "raises:RuntimeError";
  for (const Launch& launch : model.launches())
    if (&model.trace_of(launch) == &trace && launch.site.event != none && launch.method.methods.has(method) && outcome.starts_with("raises:"))
      outcome = failed_import(model, launch, outcome, method);
  return outcome;
}

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
      if (!argument || (argument->methods & fresh_methods).empty()) continue;
      uint32_t place = outermost(trace, i);
      auto draft = report.finding(trace.steps[place].site, "the start method is set while the main module is imported, and so again in every child");
      for (StartMethod method : {StartMethod::spawn, StartMethod::forkserver})
        if (argument->methods.has(method)) draft.under(method, refused_again(model, trace, method));
      draft.path(trace, i, "set here; move it under `if __name__ == \"__main__\":`")
          .confidence(condition.certain() ? Confidence::certain : Confidence::likely);
    }
  }
}

}  // namespace

extern const engine::Rule method_set_at_import = {
    .code = "PSM501", .name = "method-set-at-import", .family = "method_choice",
    .summary = "set_start_method is called while the main module is imported", .severity = Severity::error, .check = check};

}  // namespace forklint::rules
