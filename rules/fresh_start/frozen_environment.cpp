// The fork server starts with the first process that needs it and keeps the environment, umask and limits of that
// moment. What the parent changes later reaches spawned and forked children, but not those of the server.
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

// The setting that a step changes; empty: none.
std::string changed(const Step& step) { return (step.kind == StepKind::api || step.kind == StepKind::write_item) && step.row ? step.row->frozen_setting : std::string(); }

// os.environ[key] = value: the object is read, but none of what it holds.
bool only_written(const Model& model, const Step& step) {
  const File& file = model.file(step.site.file);
  constexpr EventId near = 40;  // the value and the key may stand in between
  for (EventId id = step.site.event + 1; id < file.facts.events.size() && id < step.site.event + near; ++id)
    if (file.operand(id, 0) == step.site.event) return file.event(id).op == Op::set_subscript || file.event(id).op == Op::delete_subscript;
  return false;
}

const Step* read_in_child(const Model& model, size_t i, const std::string& what) {
  for (const WorkerTrace& worker : model.workers(i)) {
    if (worker.worker.kind == PayloadKind::initializer)
      for (const Step& step : worker.trace.steps)
        if (changed(step) == what) return nullptr;  // every worker sets it itself
  }
  for (const WorkerTrace& worker : model.workers(i))
    for (const Step& step : worker.trace.steps) {
      if (changed(step) == what) break;
      if (step.kind == StepKind::api && step.row->reads_setting == what) return &step;
      if ((step.kind == StepKind::read_attribute || step.kind == StepKind::read_global) && only_written(model, step)) continue;
      if (step.kind == StepKind::read_attribute) {
        const std::string name = model.evaluator().value(step.subject).kind == ValueKind::external ? model.evaluator().type_name(step.subject) + "." + std::string(model.file(step.site.file).name(step.name)) : std::string();
        const knowledge::Api* row = name.empty() ? nullptr : model.program().knowledge().find(name);
        if (row && row->reads_setting == what) return &step;
      }
      if (step.kind == StepKind::read_global)  // from os import environ
        for (ValueId value : model.evaluator().module_variable(step.file, step.name))
          if (const knowledge::Api* row = model.evaluator().api(value); row && row->reads_setting == what) return &step;
      // A umask shows in every file that is made.
      if (what == "umask" && step.kind == StepKind::api && step.row->handle == knowledge::Handle::file) return &step;
    }
  return nullptr;
}

// Both are repeated by one loop: the second round changes what the first round's launch has fixed.
bool same_loop(const Model& model, const Trace& trace, uint32_t a, uint32_t b) {
  std::vector<uint32_t> of_a{a}, of_b{b};
  for (uint32_t up = trace.steps[a].parent; up != none; up = trace.steps[up].parent) of_a.push_back(up);
  for (uint32_t up = trace.steps[b].parent; up != none; up = trace.steps[up].parent) of_b.push_back(up);
  while (!of_a.empty() && !of_b.empty() && of_a.back() == of_b.back()) {
    if (trace.steps[of_a.back()].condition.repeated) return true;
    of_a.pop_back();
    of_b.pop_back();
  }
  if (of_a.empty() || of_b.empty()) return false;
  Site first = trace.steps[of_a.back()].site, second = trace.steps[of_b.back()].site;
  if (first.file != second.file) return false;
  const facts::FileFacts& f = model.file(first.file).facts;
  for (RegionId region = f.events[first.event].region; region != none; region = f.regions[region].parent)
    if (f.regions[region].kind == facts::RegionKind::loop && f.regions[region].events.contains(second.event)) return true;
  return false;
}

// What is written is not the same in every round.
bool varies(const Model& model, const Step& step) {
  const File& file = model.file(step.site.file);
  const facts::Event& event = file.event(step.site.event);
  for (uint32_t i = 1; i < event.operands_count; ++i) {
    Values values = model.evaluator().evaluate({step.site.file, file.operand(step.site.event, i)}, step.frame);
    if (values.size() != 1 || model.evaluator().value(values[0]).kind != ValueKind::constant) return true;
  }
  return false;
}

void check(const Model& model, engine::Report& report) {
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    if (launch.site.event == none || !launch.method.methods.has(StartMethod::forkserver)) continue;
    const Trace& trace = model.trace_of(launch);
    // The server starts with the first launch of this trace that may use it.
    const Launch* first = nullptr;
    for (const Launch& other : model.launches())
      if (other.trace == launch.trace && other.step < launch.step && other.site.event != none && other.method.methods.has(StartMethod::forkserver) && (!first || other.step < first->step)) first = &other;
    if (!first && launch.condition.repeated) first = &launch;
    if (!first) continue;
    for (uint32_t step = 0; step < launch.step; ++step) {
      std::string what = changed(trace.steps[step]);
      if (what.empty() || (trace.entry == Entry::main && trace.steps[step].condition.guard == Guard::none)) continue;
      bool later = step > first->step || (first->condition.repeated && varies(model, trace.steps[step]) && same_loop(model, trace, step, first->step));
      if (!later) continue;
      const Step* read = read_in_child(model, i, what);
      if (!read) continue;
      report.finding(trace.steps[step].site, "Changes the " + what + " after the fork server has started, which keeps the old one")
          .under(StartMethod::forkserver, "wrong")
          .label(first->site, "the server starts with this")
          .label(read->site, "the child reads it here")
          .label(launch.site, "this child does not see the change; make it before the first launch, or send the value")
          .confidence(trace.steps[step].condition.certain() ? Confidence::likely : Confidence::possible)
          .launch(i);
    }
  }
}

}  // namespace

extern const engine::Rule frozen_environment = {
    .code = "PSM306", .name = "frozen-environment", .family = "fresh_start",
    .summary = "The environment changes after the fork server has started", .severity = engine::Severity::error, .check = check};

}  // namespace forklint::rules
