// A forked child has the parent's stack and its exit handlers. When it leaves by an exception, as sys.exit does, or walks
// out of a `with` that the parent had entered, it cleans up what the parent still uses.
#include <algorithm>

#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

// What is seen when a context manager is left twice, in both processes: a folder is removed once, the second time it is not
// there. "": nothing that the other process would notice.
std::string cleans_up(const Model& model, const Around& it) {
  Evaluator& evaluator = model.evaluator();
  const File& file = model.file(it.site.file);
  for (ValueId manager : Values(evaluator.evaluate({it.site.file, file.operand(it.site.event, 0)}, it.frame))) {
    const Value& value = evaluator.value(manager);
    if (value.kind == ValueKind::instance && evaluator.method_of(value.base, "__exit__") != unknown_value) return "wrong";
    if (value.kind == ValueKind::generator) return "wrong";
    if (value.kind != ValueKind::object) continue;
    const knowledge::Api* maker = evaluator.maker(manager);
    const knowledge::Api* leave = model.program().knowledge().find(evaluator.type_name(manager) + ".__exit__");
    if (!maker) continue;
    if (maker->handle == knowledge::Handle::directory) return "raises:FileNotFoundError";
    bool deletes = maker->handle == knowledge::Handle::file && !maker->fork_unsafe.empty();
    if (deletes || (leave && leave->side_effect) || (leave && leave->closes && (maker->launch || maker->executor))) return "wrong";
  }
  return {};
}

void check(const Model& model, engine::Report& report) {
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    if (!launch.row->launch->raw_fork || launch.site.event == none) continue;
    const Trace& trace = model.trace_of(launch);
    ForkSide child = follow(model.evaluator(), trace, launch, Side::child);
    if (!child.tested || child.runs_on) continue;
    ForkSide parent = follow(model.evaluator(), trace, launch, Side::parent);
    if (!parent.runs_on && !parent.exits) continue;  // the parent is gone: the child is its heir
    std::vector<Around> cleanups = around(model.evaluator(), trace, launch.step);
    if (!child.exits) {  // os._exit, but too late
      for (const Around& it : cleanups) {
        if (!it.is_with || std::find(child.left.begin(), child.left.end(), it.site) == child.left.end()) continue;
        std::string outcome = cleans_up(model, it);
        if (outcome.empty()) continue;
        report.finding(it.site, "The forked child leaves this with statement, too, and cleans up what the parent still uses")
            .under(StartMethod::fork, outcome)
            .label(launch.site, "the child is forked here; end it with os._exit() before the with statement ends")
            .confidence(Confidence::likely)
            .launch(i);
      }
      continue;
    }
    Site cleanup;
    std::string what, outcome = "wrong";
    for (const Around& it : cleanups)
      if (std::string twice = it.is_with ? cleans_up(model, it) : "wrong"; cleanup.event == none && !twice.empty()) {
        cleanup = it.site;
        outcome = twice;
        what = it.is_with ? "leaving this with statement cleans up for the parent, too" : "this finally clause runs in the child, too";
      }
    for (uint32_t step = 0; step < launch.step && cleanup.event == none; ++step)
      if (trace.steps[step].kind == StepKind::api && trace.steps[step].row->at_exit) {
        cleanup = trace.steps[step].site;
        what = "this exit handler runs in the child, too";
      }
    if (cleanup.event == none || child.exit.event == none) continue;
    report.finding(child.exit, "The forked child leaves through the parent's cleanup")
        .under(StartMethod::fork, outcome)
        .label(launch.site, "the child is forked here")
        .label(cleanup, what + "; os._exit() leaves without it")
        .confidence(Confidence::likely)
        .launch(i);
  }
}

}  // namespace

extern const engine::Rule child_runs_cleanup = {
    .code = "PSM602", .name = "child-runs-cleanup", .family = "child_code",
    .summary = "A forked child leaves through the parent's cleanup", .severity = engine::Severity::error, .check = check};

}  // namespace forklint::rules
