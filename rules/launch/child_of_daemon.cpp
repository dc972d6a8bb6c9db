// A daemonic process is killed when its parent ends, and so would leave orphans: multiprocessing lets it start no
// processes of its own. Workers of a pool are daemons.
#include <algorithm>

#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

bool is_true(Evaluator& evaluator, const Values& values) {
  return std::any_of(values.begin(), values.end(), [&](ValueId id) { return evaluator.value(id).kind == ValueKind::constant && evaluator.type_name(id) == "True"; });
}

// The place that makes the workers daemons; nothing when none is known.
std::optional<Site> made_daemon(const Model& model, const Launch& launch) {
  Evaluator& evaluator = model.evaluator();
  const knowledge::Launch& row = *launch.row->launch;
  Site construction = launch.construction.event == none ? launch.site : launch.construction;
  if (row.daemonic) {
    // A subclass or a context of one's own may make workers that are no daemons.
    bool own = evaluator.value(launch.object).kind == ValueKind::instance || launch.method.by == ChosenBy::unknown;
    return own ? std::nullopt : std::optional(construction);
  }
  if (!row.daemon) return {};
  const Trace& trace = model.trace_of(launch);
  for (size_t i = trace.writes.size(); i-- > 0;) {
    const MemberWrite& write = trace.writes[i];
    const File& file = model.file(write.site.file);
    if (write.subject != launch.object || write.before > launch.step || file.name_of(write.site.event) != row.daemon->keyword) continue;
    if (file.event(write.site.event).op != Op::set_attribute) return {};
    return is_true(evaluator, evaluator.evaluate({write.site.file, file.operand(write.site.event, 1)}, write.frame)) ? std::optional(write.site) : std::nullopt;
  }
  const Value object = evaluator.value(launch.object);
  auto given = launch.construction.event == none ? std::nullopt : launcher_argument(evaluator, object.kind == ValueKind::instance ? object.base : unknown_value, launch.construction, launch.construction_frame, *row.daemon);
  return given && is_true(evaluator, evaluator.values_of(*given)) ? std::optional(construction) : std::nullopt;
}

// Commands and raw forks are free; libraries with processes of their own make do without.
bool refused(const Launch& launch) {
  const knowledge::Launch& row = *launch.row->launch;
  return !row.raw_fork && !row.executes && row.chosen != knowledge::Chosen::own_default && launch.site.event != none;
}

// A pool whose initializer fails replaces its workers without end.
std::string outcome_in(const Launch& outer, const Worker& worker) {
  const std::string& repeated = outer.row->launch->fails_at_import;
  bool replaced = worker.kind == PayloadKind::initializer && !repeated.empty() && !repeated.starts_with("raises:");
  return replaced ? repeated : "raises:AssertionError";
}

void check(const Model& model, engine::Report& report) {
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& outer = model.launches()[i];
    auto daemon = made_daemon(model, outer);
    if (!daemon) continue;
    for (const WorkerTrace& worker : model.workers(i)) {
      for (const Launch& inner : find_launches(model.evaluator(), worker.trace, 0, model.options().standard)) {
        if (!refused(inner) || inner.condition.handled) continue;
        auto known = std::find_if(model.launches().begin(), model.launches().end(), [&](const Launch& other) { return other.site == inner.site; });
        report.finding(inner.site, "a daemonic process may not start processes")
            .under(inner.method.methods - StartMethod::threading, outcome_in(outer, worker.worker))
            .label(*daemon, "the process that runs this is a daemon")
            .path(worker.trace, inner.step)
            .confidence(inner.condition.certain() && outer.condition.certain() ? Confidence::certain : Confidence::likely)
            .launch(known == model.launches().end() ? i : size_t(known - model.launches().begin()));
      }
    }
  }
}

}  // namespace

extern const engine::Rule child_of_daemon = {
    .code = "PSM107", .name = "child-of-daemon", .family = "launch",
    .summary = "A daemonic worker launches", .severity = Severity::error, .check = check};

}  // namespace forklint::rules
