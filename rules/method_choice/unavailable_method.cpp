// fork and forkserver do not exist on Windows: a project that says it runs there may not name them without a test.
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

void check(const Model& model, engine::Report& report) {
  if (!model.options().runs_on_windows) return;
  constexpr StartMethods unix_methods = StartMethods(StartMethod::fork) | StartMethod::forkserver;
  for (const Trace& trace : model.traces()) {
    for (uint32_t i = 0; i < trace.steps.size(); ++i) {
      const Step& step = trace.steps[i];
      if (step.kind != StepKind::api || !step.row->method_argument || !(step.condition.platforms & platform_windows)) continue;
      // What runs only where the method was asked about, or in a branch of its own, has been thought of.
      if (!step.condition.certain() || in_try(model, trace, i)) continue;
      auto argument = method_argument(model.evaluator(), *step.row, step.site, step.frame);
      if (!argument || argument->unknown || argument->standard || argument->methods.empty() || !(argument->methods - unix_methods).empty()) continue;
      report.finding(step.site, "this start method does not exist on Windows, where the project says that it runs")
          .under(argument->methods, "raises:ValueError")
          .path(trace, i)
          .label(argument->site, "use spawn there, or ask get_all_start_methods()");
    }
  }
}

}  // namespace

extern const engine::Rule unavailable_method = {
    .code = "PSM506", .name = "unavailable-method", .family = "method_choice",
    .summary = "A start method that a supported platform does not have", .severity = Severity::warning, .check = check};

}  // namespace forklint::rules
