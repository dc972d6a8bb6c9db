// A command at module level runs when the program starts, and again in every child that imports the program anew.
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

void check(const Model& model, engine::Report& report) {
  for (const Trace& trace : model.traces()) {
    StartMethods methods = repeating_methods(model, trace);
    if (methods.empty()) continue;
    for (uint32_t i = 0; i < trace.steps.size(); ++i) {
      const Step& step = trace.steps[i];
      // A command that depends on something may ask whether it has run.
      if (step.kind != StepKind::api || !step.row->runs_command || step.condition.guard != Guard::none || !step.condition.certain() || step.condition.child_leaves) continue;
      uint32_t place = outermost(trace, i);
      report.finding(trace.steps[place].site, "a command runs at import, and so again in every child that imports the program")
          .under(methods, "wrong")
          .path(trace, i, "runs here; move it under `if __name__ == \"__main__\":`")
          .confidence(Confidence::likely);
    }
  }
}

}  // namespace

extern const engine::Rule subprocess_at_import = {
    .code = "PSM102", .name = "subprocess-at-import", .family = "launch",
    .summary = "A command runs at import and again in every child", .severity = Severity::warning, .check = check};

}  // namespace forklint::rules
