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

RegionId loop_around(const File& file, RegionId region) {
  while (region != none && file.facts.regions[region].kind != facts::RegionKind::loop) region = file.facts.regions[region].parent;
  return region;
}

// Whether a loop ends in its first round: a way out that does not stand in the arm of a branch.
bool leaves_at_once(const File& file, RegionId region) {
  const facts::Region& loop = file.facts.regions[region];
  for (EventId id = loop.events.begin; id < loop.events.end; ++id) {
    Op op = file.event(id).op;
    if (op != Op::break_ && op != Op::return_ && op != Op::raise) continue;
    bool branched = false;
    for (RegionId inner = file.event(id).region; inner != region && inner != none; inner = file.facts.regions[inner].parent) {
      facts::RegionKind kind = file.facts.regions[inner].kind;
      branched |= kind == facts::RegionKind::then_arm || kind == facts::RegionKind::else_arm || kind == facts::RegionKind::except_arm;
    }
    if (!branched) return true;
  }
  return false;
}

// Whether each round of a loop has another object to start: for process in processes: process.start()
bool bound_in(const File& file, RegionId loop, EventId start) {
  const EventId callee = file.event(start).op == Op::call ? file.operand(start, 0) : none;
  const EventId receiver = callee != none && file.event(callee).op == Op::attribute ? file.operand(callee, 0) : none;
  if (receiver == none || file.event(receiver).op != Op::read) return false;
  const facts::Range& events = file.facts.regions[loop].events;
  for (EventId id = events.begin; id < events.end; ++id)
    if (file.event(id).op == Op::bind && file.event(id).name == file.event(receiver).name) return true;
  return false;
}

// Whether the start stands in a loop that comes back to it.
bool comes_back(const Model& model, const Trace& trace, const Launch& launch) {
  if (!launch.condition.repeated) return false;
  for (uint32_t at = launch.step; at != none; at = trace.steps[at].parent) {
    const File& file = model.file(trace.steps[at].site.file);
    RegionId loop = loop_around(file, file.event(trace.steps[at].site.event).region);
    if (loop != none) return !leaves_at_once(file, loop) && !(at == launch.step && bound_in(file, loop, trace.steps[at].site.event));
  }
  return false;
}

// Whether a loop does something with the variable or attribute `name` but iterate over it: fills it, empties it.
bool changes(const File& file, RegionId loop, NameId name) {
  const facts::Range& events = file.facts.regions[loop].events;
  for (EventId id = events.begin; id < events.end; ++id) {
    const facts::Event& event = file.event(id);
    if (event.op == Op::bind || event.op == Op::augment || event.op == Op::set_attribute) {
      if (event.name == name) return true;
    } else if (event.op == Op::attribute || event.op == Op::set_subscript || event.op == Op::delete_subscript || event.op == Op::call) {
      for (uint32_t i = 0; i < event.operands_count; ++i) {
        const facts::Event& used = file.event(file.operand(id, i));
        if ((used.op == Op::read || used.op == Op::attribute) && used.name == name) return true;
      }
    }
  }
  return false;
}

// for round in …: for process in processes: process.start(), where each round finds the processes of the first.
bool starts_again_in_rounds(const Model& model, const Trace& trace, const Launch& launch) {
  const File& file = model.file(launch.site.file);
  RegionId inner = loop_around(file, file.event(launch.site.event).region);
  RegionId outer = inner == none ? none : loop_around(file, file.facts.regions[inner].parent);
  EventId iterable = inner == none ? none : file.facts.regions[inner].subject;
  if (outer == none || iterable == none || leaves_at_once(file, inner) || leaves_at_once(file, outer)) return false;
  const facts::Event& processes = file.event(iterable);
  if ((processes.op != Op::read && processes.op != Op::attribute) || changes(file, outer, processes.name)) return false;
  const facts::Range& rounds = file.facts.regions[outer].events;
  if (launch.construction.file == launch.site.file && rounds.contains(launch.construction.event)) return false;
  for (ValueId held : Values(model.evaluator().evaluate({launch.site.file, iterable}, launch.frame))) {
    const Value it = model.evaluator().value(held);
    if (it.kind != ValueKind::container) return false;
    const facts::Event& made = model.file(it.file).event(it.index);
    if (made.op == Op::comprehension && model.file(it.file).name(made.name) == "generator") return false;  // empty in the second round
    if (it.file == launch.site.file && rounds.contains(it.index)) return false;
  }
  return trace.steps[launch.step].site == launch.site;
}

void check_starts(const Model& model, engine::Report& report) {
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    const Trace& trace = model.trace_of(launch);
    // A start that depends on something may well ask whether the process is new.
    if (launch.row->launch->starts != knowledge::Starts::start || launch.construction.event == none || launch.condition.handled || !launch.condition.certain()) continue;
    bool rounds = starts_again_in_rounds(model, trace, launch);
    if (!rounds && made_repeatedly(model, trace, launch)) continue;
    const Launch* first = nullptr;
    for (size_t j = 0; j < i && !first && !rounds; ++j) {
      const Launch& other = model.launches()[j];
      if (other.trace == launch.trace && other.object == launch.object && other.step != launch.step && precedes(model, trace, other.step, launch.step)) first = &other;
    }
    if (!first && !rounds && !comes_back(model, trace, launch)) continue;
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
