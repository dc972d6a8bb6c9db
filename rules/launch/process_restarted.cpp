// A process object starts once, and only the process that started it may join it.
#include <algorithm>

#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

// Whether one construction stands for several objects: in a loop or a comprehension, here or further up.
bool made_repeatedly(const Model& model, const Trace& trace, const Launch& launch) {
  uint32_t made = none;
  for (uint32_t i = 0; i < launch.step && made == none; ++i)
    if (trace.steps[i].kind == StepKind::api && trace.steps[i].site == launch.construction && trace.steps[i].frame == launch.construction_frame) made = i;
  if (made == none || trace.steps[made].condition.repeated) return true;
  for (uint32_t up = made; up != none; up = trace.steps[up].parent) {
    const File& file = model.file(trace.steps[up].site.file);
    if (file.facts.scopes[file.scope_of(trace.steps[up].site.event)].kind == facts::ScopeKind::comprehension) return true;
  }
  return false;
}

// Whether the start stands in a loop that comes back to it: no way out beside the arms of a branch.
bool comes_back(const Model& model, const Trace& trace, const Launch& launch) {
  if (!launch.condition.repeated) return false;
  for (uint32_t at = launch.step; at != none; at = trace.steps[at].parent) {
    const Step& step = trace.steps[at];
    const File& file = model.file(step.site.file);
    for (RegionId region = file.event(step.site.event).region; region != none; region = file.facts.regions[region].parent) {
      if (file.facts.regions[region].kind != facts::RegionKind::loop) continue;
      const facts::Region& loop = file.facts.regions[region];
      for (EventId id = loop.events.begin; id < loop.events.end; ++id) {
        Op op = file.event(id).op;
        if (op != Op::break_ && op != Op::return_ && op != Op::raise) continue;
        bool branched = false;
        for (RegionId inner = file.event(id).region; inner != region && inner != none; inner = file.facts.regions[inner].parent)
          branched |= file.facts.regions[inner].kind == facts::RegionKind::then_arm || file.facts.regions[inner].kind == facts::RegionKind::else_arm || file.facts.regions[inner].kind == facts::RegionKind::except_arm;
        if (!branched) return false;
      }
      return true;
    }
  }
  return false;
}

void check_starts(const Model& model, engine::Report& report) {
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    const Trace& trace = model.trace_of(launch);
    // A start that depends on something may well ask whether the process is new.
    if (launch.row->launch->starts != knowledge::Starts::start || launch.construction.event == none || launch.condition.handled || !launch.condition.certain()) continue;
    if (made_repeatedly(model, trace, launch)) continue;
    const Launch* first = nullptr;
    for (size_t j = 0; j < i && !first; ++j) {
      const Launch& other = model.launches()[j];
      if (other.trace == launch.trace && other.object == launch.object && other.step != launch.step && precedes(model, trace, other.step, launch.step)) first = &other;
    }
    if (!first && !comes_back(model, trace, launch)) continue;
    auto draft = report.finding(launch.site, first ? "a process that was started before is started again" : "the same process is started in each round of a loop");
    draft.under(launch.method.methods - StartMethod::threading, "raises:AssertionError").label(launch.construction, "made here; each start needs a new object");
    if (first) draft.label(first->site, "first started here");
    draft.path(trace, launch.step).confidence(first && !first->condition.certain() ? Confidence::likely : Confidence::certain).launch(i);
  }
}

// A forked child has the objects of its siblings, and is not their parent.
void check_joins(const Model& model, engine::Report& report) {
  Evaluator& evaluator = model.evaluator();
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    if (!launch.method.methods.has(StartMethod::fork)) continue;
    for (const WorkerTrace& worker : model.workers(i)) {
      for (uint32_t at = 0; at < worker.trace.steps.size(); ++at) {
        const Step& step = worker.trace.steps[at];
        if (step.kind != StepKind::api || !step.row->joins || step.condition.handled) continue;
        ValueId receiver = evaluator.value(step.subject).base;
        auto other = std::find_if(model.launches().begin(), model.launches().end(), [&](const Launch& it) {
          return it.object == receiver && it.trace == launch.trace && it.step < launch.step && it.row->launch->starts == knowledge::Starts::start;
        });
        if (receiver == unknown_value || other == model.launches().end()) continue;
        report.finding(step.site, "a process is joined by another than its parent")
            .under(StartMethod::fork, "raises:AssertionError")
            .label(other->site, "started by the parent here; only the parent may join it")
            .label(launch.site, "this child is started here")
            .path(worker.trace, at)
            .confidence(step.condition.certain() ? Confidence::certain : Confidence::likely)
            .launch(i);
      }
    }
  }
}

void check(const Model& model, engine::Report& report) {
  check_starts(model, report);
  check_joins(model, report);
}

}  // namespace

extern const engine::Rule process_restarted = {
    .code = "PSM109", .name = "process-restarted", .family = "launch",
    .summary = "A process is started twice, or joined by another process", .severity = Severity::error, .check = check};

}  // namespace forklint::rules
