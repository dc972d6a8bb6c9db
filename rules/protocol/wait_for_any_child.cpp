// multiprocessing has children of its own: the resource tracker under spawn, and the server of forkserver, which is the
// parent of all workers. Who waits for any child, until none is left, waits for these as well.
#include <algorithm>

#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

bool waits_for_any(Evaluator& evaluator, const Step& step) {
  if (step.row->waits_all_children) return true;
  if (!step.row->waits_for) return false;
  auto argument = evaluator.argument(evaluator.arguments_of(step.site, step.frame), *step.row->waits_for);
  if (!argument || argument->site.event == none) return false;
  const File& file = evaluator.program().file(argument->site.file);
  const facts::Event& event = file.event(argument->site.event);
  if (event.op == Op::unary && file.name(event.name) == "-") return file.name_of(file.operand(argument->site.event, 0)) == "1";
  for (ValueId value : evaluator.values_of(*argument)) {
    const Value& it = evaluator.value(value);
    if (it.kind == ValueKind::external && evaluator.symbol(it.symbol) == step.row->any_child) return true;
  }
  return false;
}

// How the wait goes on: round after round until there is no child left, so many rounds, or once.
struct Rounds {
  bool open = false;          // a `while` around it
  bool until_no_child = false;  // an exception that says so ends it
};

Rounds rounds_of(const Model& model, const Trace& trace, uint32_t step) {
  Rounds result;
  for (; step != none; step = trace.steps[step].parent) {
    const File& file = model.file(trace.steps[step].site.file);
    for (RegionId region = file.event(trace.steps[step].site.event).region; region != none; region = file.facts.regions[region].parent) {
      const facts::Region& it = file.facts.regions[region];
      if (it.kind == facts::RegionKind::loop && it.subject != none && it.events.contains(it.subject)) result.open = true;
      if (it.kind != facts::RegionKind::try_body || result.until_no_child) continue;
      for (const facts::Region& arm : file.facts.regions)
        if (arm.statement == it.statement && arm.kind == facts::RegionKind::except_arm) result.until_no_child = true;
    }
    if (trace.steps[step].kind == StepKind::import_module) break;
  }
  return result;
}

// waitpid(-1, WNOHANG) returns at once; its result says when to stop.
bool asks_and_looks(Evaluator& evaluator, const Model& model, const Step& step) {
  if (!step.row->waits_unless) return false;
  auto options = evaluator.argument(evaluator.arguments_of(step.site, step.frame), *step.row->waits_unless);
  if (!options || options->site.event == none) return false;
  const File& file = model.file(step.site.file);
  if (model.file(options->site.file).event(options->site.event).op == Op::number) return false;
  const facts::Scope& scope = file.facts.scopes[file.scope_of(step.site.event)];
  for (EventId id = step.site.event + 1; id < scope.events.end; ++id)
    for (uint32_t i = 0; i < file.event(id).operands_count; ++i)
      if (file.operand(id, i) == step.site.event) return true;
  return false;
}

// Whether there is a child of os.fork to wait for: each wait then comes back, as long as they are counted.
bool forked_before(const Model& model, uint32_t trace, uint32_t step) {
  return std::any_of(model.launches().begin(), model.launches().end(), [&](const Launch& launch) { return launch.trace == trace && launch.step < step && launch.row->launch->raw_fork && !launch.row->launch->executes; });
}

void check(const Model& model, engine::Report& report) {
  Evaluator& evaluator = model.evaluator();
  for (uint32_t id = 0; id < model.traces().size(); ++id) {
    const Trace& trace = model.traces()[id];
    for (uint32_t i = 0; i < trace.steps.size(); ++i) {
      const Step& step = trace.steps[i];
      if (step.kind != StepKind::api || !waits_for_any(evaluator, step) || asks_and_looks(evaluator, model, step)) continue;
      Rounds rounds = rounds_of(model, trace, i);
      if (forked_before(model, id, i) && !(rounds.open && rounds.until_no_child)) continue;
      StartMethods bites = StartMethod::forkserver;
      if (rounds.open && rounds.until_no_child) bites |= StartMethod::spawn;
      for (size_t l = 0; l < model.launches().size(); ++l) {
        const Launch& launch = model.launches()[l];
        if (launch.trace != id || launch.step > i || launch.site.event == none) continue;
        if (!launch.row->launch->reimports_main || launch.row->launch->executes || launch.row->launch->raw_fork) continue;
        auto draft = report.finding(step.site, "waiting for any child also waits for the helper processes of multiprocessing, which do not end");
        draft.under(launch.method.methods & bites, "hangs").launch(l).path(trace, i);
        draft.confidence(step.condition.certain() && launch.condition.certain() ? Confidence::certain : Confidence::likely);
        draft.label(launch.site, "started here, with helper processes under spawn and forkserver; join() it, or wait for multiprocessing.active_children()");
      }
    }
  }
}

}  // namespace

extern const engine::Rule wait_for_any_child = {
    .code = "PSM704", .name = "wait-for-any-child", .family = "protocol",
    .summary = "Waiting for any child also waits for helper processes", .severity = engine::Severity::error, .check = check};

}  // namespace forklint::rules
