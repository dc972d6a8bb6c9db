// fork and forkserver do not exist on Windows: a project that says it runs there may not name them without a test.
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

// Whether the step, or a call that leads to it, stands in a try with an except: it is prepared for a refusal.
bool prepared(const Model& model, const Trace& trace, uint32_t step) {
  for (uint32_t at = step; at != none; at = trace.steps[at].parent) {
    const facts::FileFacts& f = model.file(trace.steps[at].site.file).facts;
    for (RegionId region = f.events[trace.steps[at].site.event].region; region != none; region = f.regions[region].parent) {
      if (f.regions[region].kind != facts::RegionKind::try_body) continue;
      for (const facts::Region& arm : f.regions)
        if (arm.statement == f.regions[region].statement && arm.kind == facts::RegionKind::except_arm) return true;
    }
  }
  return false;
}

void check(const Model& model, engine::Report& report) {
  if (!model.options().platforms_given || !(model.options().platforms & platform_windows)) return;
  constexpr StartMethods unix_methods = StartMethods(StartMethod::fork) | StartMethod::forkserver;
  for (const Trace& trace : model.traces()) {
    for (uint32_t i = 0; i < trace.steps.size(); ++i) {
      const Step& step = trace.steps[i];
      if (step.kind != StepKind::api || !step.row->method_argument || !(step.condition.platforms & platform_windows)) continue;
      // What runs only where the method was asked about, or in a branch of its own, has been thought of.
      if (!step.condition.certain() || prepared(model, trace, i)) continue;
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
