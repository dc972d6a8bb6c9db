// A fresh child imports the main module again. What launches while that happens would launch in the child too: Python
// refuses (RuntimeError), or, for pools that replace their dead workers, repeats it without end.
#include "rules/launch/import_failure.h"
#include "rules/support.h"

namespace forklint::rules {

void launch_at_import_native(const model::Model& model, engine::Report& report);  // C and C++
void launch_at_import_tests(const model::Model& model, engine::Report& report);   // by the tests that unittest.main() runs

namespace {

using namespace model;

// What is seen under a fresh method when a child reaches the launch.
std::string outcome_of(const Model& model, const Launch& launch, StartMethod method) {
  bool server = method == StartMethod::forkserver && model.options().newest_python == 14;  // it imports main first, and is refused
  return server ? "raises:RuntimeError" : launch.row->launch->fails_at_import;
}

void check(const Model& model, engine::Report& report) {
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    const Trace& trace = model.trace_of(launch);
    if (launch.site.event == none || !launch.row->launch->reimports_main || launch.condition.guard == Guard::never) continue;
    if (!is_program(model, trace) || !reimported(model, trace)) continue;
    const Condition& condition = launch.condition;
    StartMethods fresh = launch.method.methods & fresh_methods;
    if (condition.flagged || condition.handled) continue;
    if (condition.guard == Guard::spawn_main && condition.uncertain) continue;  // it asks which process it is in, and something else
    if (condition.guard == Guard::spawn_main) fresh = server_may_die(model) ? fresh & StartMethod::forkserver : StartMethods();
    else if (condition.guard != Guard::none && !condition.child_leaves) continue;
    if (fresh.empty() || launch.row->launch->fails_at_import.empty()) continue;
    uint32_t place = outermost(trace, launch.step);
    std::string_view launcher = short_name(launch.row->names[0]);
    std::string message = std::string(launcher) + (place == launch.step ? " starts" : ", reached from here, starts") + " processes while the main module is imported";
    auto draft = report.finding(trace.steps[place].site, std::move(message));
    for (StartMethod method : {StartMethod::spawn, StartMethod::forkserver})
      if (fresh.has(method)) draft.under(method, outcome_of(model, launch, method));
    draft.path(trace, launch.step, "launches here")
        .confidence(condition.certain() ? Confidence::certain : Confidence::likely)
        .launch(i);
  }
  launch_at_import_tests(model, report);
  launch_at_import_native(model, report);
}

}  // namespace

extern const engine::Rule launch_at_import = {
    .code = "PSM101", .name = "launch-at-import", .family = "launch",
    .summary = "A launch is reached while the main module is imported", .severity = engine::Severity::error, .languages = "py c", .check = check};

}  // namespace forklint::rules
