// After os.fork both processes run the same code. A child whose branch ends without leaving the process goes on with
// what was written for the parent: it prints the report again, waits for children that are not its own, forks again.
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

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
        .under(StartMethod::fork, "wrong")
        .path(trace, launch.step)
        .label(child.first_shared, "the child comes here, as the parent does; end it with os._exit() in its own branch")
        .confidence(Confidence::likely)
        .launch(i);
  }
}

}  // namespace

extern const engine::Rule child_falls_through = {
    .code = "PSM601", .name = "child-falls-through", .family = "child_code",
    .summary = "The child's branch after a fork runs on into the parent's code", .severity = engine::Severity::error, .check = check};

}  // namespace forklint::rules
