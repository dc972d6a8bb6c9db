// In a program that is packaged into an executable, what a child is started with is the program itself. It notices in
// freeze_support() that it is a child; without that it runs as the program, and starts children of its own.
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

bool supports_freezing(const Model& model, const Trace& trace, uint32_t launch) {
  for (uint32_t i = 0; i < launch; ++i) {
    const Step& step = trace.steps[i];
    if (step.kind == StepKind::api && step.row->freeze_support && precedes(model, trace, i, launch)) return true;
  }
  return false;
}

void check(const Model& model, engine::Report& report) {
  for (const Trace& trace : model.traces()) {
    const std::string& packaged = model.file(trace.file).packaged_by;
    if (packaged.empty() || !is_program(model, trace)) continue;
    // Told once for a program, at the first launch that may be met.
    for (size_t i = 0; i < model.launches().size(); ++i) {
      const Launch& launch = model.launches()[i];
      StartMethods fresh = launch.method.methods & fresh_methods;
      if (&model.trace_of(launch) != &trace || launch.site.event == none || fresh.empty() || launch.row->launch->executes) continue;
      if (launch.condition.guard == Guard::never || supports_freezing(model, trace, launch.step)) continue;
      std::string name(packaged.substr(packaged.find_last_of("/\\") + 1));
      report.finding(trace.steps[outermost(trace, launch.step)].site, "the program is packaged by " + name + ", and starts processes without freeze_support() before")
          .under(fresh, "storms")
          .path(trace, launch.step, "each child is the whole program again; call freeze_support() first under the guard")
          .confidence(launch.condition.certain() ? Confidence::certain : Confidence::likely)
          .launch(i);
      break;
    }
  }
}

}  // namespace

extern const engine::Rule missing_freeze_support = {
    .code = "PSM106", .name = "missing-freeze-support", .family = "launch",
    .summary = "A packaged program launches without freeze_support() first", .severity = Severity::error, .check = check};

}  // namespace forklint::rules
