// A forked child has the parent's stack and its exit handlers. When it leaves by an exception, as sys.exit does, or walks
// out of a `with` that the parent had entered, it cleans up what the parent still uses.
#include <algorithm>

#include "rules/child_code/native.h"
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

// Whether leaving a context manager does something that the other process would notice.
bool cleans_up(const Model& model, const Around& it) {
  Evaluator& evaluator = model.evaluator();
  const File& file = model.file(it.site.file);
  for (ValueId manager : Values(evaluator.evaluate({it.site.file, file.operand(it.site.event, 0)}, it.frame))) {
    const Value& value = evaluator.value(manager);
    if (value.kind == ValueKind::instance && evaluator.method_of(value.base, "__exit__") != unknown_value) return true;
    if (value.kind == ValueKind::generator) return true;
    if (value.kind != ValueKind::object) continue;
    const knowledge::Api* maker = evaluator.maker(manager);
    const knowledge::Api* leave = model.program().knowledge().find(evaluator.type_name(manager) + ".__exit__");
    if (!maker) continue;
    bool deletes = maker->handle == knowledge::Handle::directory || (maker->handle == knowledge::Handle::file && !maker->fork_unsafe.empty());
    if (deletes || (leave && leave->side_effect) || (leave && leave->closes && (maker->launch || maker->executor))) return true;
  }
  return false;
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
      for (const Around& it : cleanups)
        if (it.is_with && std::find(child.left.begin(), child.left.end(), it.site) != child.left.end() && cleans_up(model, it))
          report.finding(it.site, "The forked child leaves this with statement, too, and cleans up what the parent still uses")
              .under(StartMethod::fork, "wrong")
              .label(launch.site, "the child is forked here; end it with os._exit() before the with statement ends")
              .confidence(Confidence::likely)
              .launch(i);
      continue;
    }
    Site cleanup;
    std::string what;
    for (const Around& it : cleanups)
      if (cleanup.event == none && (!it.is_with || cleans_up(model, it))) {
        cleanup = it.site;
        what = it.is_with ? "leaving this with statement cleans up for the parent, too" : "this finally clause runs in the child, too";
      }
    for (uint32_t step = 0; step < launch.step && cleanup.event == none; ++step)
      if (trace.steps[step].kind == StepKind::api && trace.steps[step].row->at_exit && precedes(model, trace, step, launch.step)) {
        cleanup = trace.steps[step].site;
        what = "this exit handler runs in the child, too";
      }
    if (cleanup.event == none || child.exit.event == none) continue;
    report.finding(child.exit, "The forked child leaves through the parent's cleanup")
        .under(StartMethod::fork, "wrong")
        .label(launch.site, "the child is forked here")
        .label(cleanup, what + "; os._exit() leaves without it")
        .confidence(Confidence::likely)
        .launch(i);
  }
  child_runs_cleanup_native(model, report);
}

}  // namespace

extern const engine::Rule child_runs_cleanup = {
    .code = "PSM602", .name = "child-runs-cleanup", .family = "child_code",
    .summary = "A forked child leaves through the parent's cleanup", .severity = engine::Severity::error, .languages = "py c", .check = check};

}  // namespace forklint::rules
