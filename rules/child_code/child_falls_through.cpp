// After os.fork both processes run the same code. A child whose branch ends without leaving the process goes on with
// what was written for the parent: it prints the report again, waits for children that are not its own, forks again.
#include "rules/child_code/native.h"
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

// A child that comes to where the parent waits for its children has none, or at least not these.
bool waits_for_siblings(const Model& model, const Trace& trace, const Launch& launch) {
  for (uint32_t i = launch.step + 1; i < trace.steps.size(); ++i) {
    const Step& step = trace.steps[i];
    if (step.kind != StepKind::api || step.condition.side_of(launch.site) != Side::both) continue;
    if (!step.row->waits_for && !step.row->waits_all_children) continue;
    // The list of those to wait for is empty in the first child.
    bool some = launch.condition.repeated || !step.condition.repeated;
    return some && !in_try(model, trace, i);
  }
  return false;
}

void check(const Model& model, engine::Report& report) {
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    if (!launch.row->launch->raw_fork || launch.site.event == none) continue;
    const Trace& trace = model.trace_of(launch);
    ForkSide child = follow(model.evaluator(), trace, launch, Side::child);
    if (!child.tested || !child.runs_on || !child.shared) continue;
    // Where the parent leaves, the child is meant to go on: that is how a daemon is made.
    ForkSide parent = follow(model.evaluator(), trace, launch, Side::parent);
    if (!parent.runs_on) continue;
    report.finding(launch.site, "The child runs on into the parent's code")
        .under(StartMethod::fork, waits_for_siblings(model, trace, launch) ? "raises:ChildProcessError" : "wrong")
        .path(trace, launch.step)
        .label(child.first_shared, "the child comes here, as the parent does; end it with os._exit() in its own branch")
        .confidence(Confidence::likely)
        .launch(i);
  }
  child_falls_through_native(model, report);
}

}  // namespace

extern const engine::Rule child_falls_through = {
    .code = "PSM601", .name = "child-falls-through", .family = "child_code",
    .summary = "The child's branch after a fork runs on into the parent's code", .severity = engine::Severity::error, .languages = "py c", .check = check};

}  // namespace forklint::rules
