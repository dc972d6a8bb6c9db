// The module body of a program runs again in every fresh child, with all it prints, writes, makes and removes.
#include "rules/launch/import_failure.h"
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

// What is written to a file that is opened at import as well is told where the file is opened.
uint32_t opening(const Model& model, const Trace& trace, uint32_t i) {
  Evaluator& evaluator = model.evaluator();
  ValueId receiver = evaluator.value(trace.steps[i].subject).base;
  if (receiver == unknown_value) return i;
  const Value object = evaluator.value(receiver);
  const knowledge::Api* maker = evaluator.maker(receiver);
  if (object.kind != ValueKind::object || !maker || maker->handle != knowledge::Handle::file) return i;
  for (uint32_t before = 0; before < i; ++before)
    if (trace.steps[before].kind == StepKind::api && trace.steps[before].site == object.site() && trace.steps[before].frame == object.frame) return before;
  return i;
}

// The last part of the name by which it is called; a row stands for many.
std::string called(const Model& model, const Step& step) {
  const Value& callee = model.evaluator().value(step.subject);
  bool named = callee.kind == ValueKind::external || callee.kind == ValueKind::method;
  return std::string(short_name(named ? std::string_view(model.evaluator().symbol(callee.symbol)) : std::string_view(step.row->names[0])));
}

// The word that an argument of the step holds.
std::string word(const Model& model, const Step& step, const knowledge::Argument& wanted) {
  Evaluator& evaluator = model.evaluator();
  auto given = evaluator.argument(evaluator.arguments_of(step.site, step.frame), wanted);
  auto text = given ? evaluator.constant_string(evaluator.values_of(*given)) : std::nullopt;
  return text ? std::string(*text) : std::string();
}

// A file that is emptied each time that it is opened.
bool truncates(const Model& model, const Step& step) {
  if (!step.row->truncates || word(model, step, *step.row->truncates).find('w') == std::string::npos) return false;
  for (const ArgumentRef& argument : model.evaluator().arguments_of(step.site, step.frame))
    for (ValueId value : model.evaluator().values_of(argument))
      if (const knowledge::Api* row = model.evaluator().api(value); row && row->survives_start) return false;
  return true;
}

// What the step raises when its effect is there already; empty: nothing.
std::string fails_again(const Model& model, const Step& step) {
  Evaluator& evaluator = model.evaluator();
  if (step.row->fails_again.empty() || is_true(evaluator, step.row->repeatable, step.site, step.frame)) return {};
  bool fails = !step.row->exclusive || word(model, step, *step.row->exclusive).find('x') != std::string::npos;
  return fails ? step.row->fails_again : std::string();
}

// Whether something before may have undone the effect: the file is written that is then removed, the folder removed
// that is then made.
bool undone_before(const Model& model, const Trace& trace, uint32_t i, const std::string& error) {
  for (uint32_t before = 0; before < i; ++before) {
    const Step& step = trace.steps[before];
    if (step.kind != StepKind::api || step.condition.guard != Guard::none) continue;
    std::string other = fails_again(model, step);
    bool opposite = !step.row->fails_again.empty() && step.row->fails_again != error && (other.empty() || other != error);
    if (opposite || (step.row->handle == knowledge::Handle::file && step.row->fails_again.empty())) return true;
  }
  return false;
}

// What is seen when the import fails in a child: a pool of the program tells how.
std::string failed_import(const Model& model, const Trace& trace, const std::string& error, StartMethod method) {
  for (const Launch& launch : model.launches())
    if (&model.trace_of(launch) == &trace && launch.site.event != none && launch.row->launch->pool) return rules::failed_import(model, launch, error, method);
  return error;
}

// The program ends with it: an exception is raised in the same branch, and nothing catches it.
bool then_raises(const Model& model, const Trace& trace, uint32_t i) {
  for (uint32_t at = i; at != none; at = trace.steps[at].parent) {
    const facts::FileFacts& f = model.file(trace.steps[at].site.file).facts;
    const RegionId region = f.events[trace.steps[at].site.event].region;
    if (region == none) continue;
    const EventId last = f.regions[region].events.end - 1;
    if (f.events[last].op != Op::raise || f.events[last].region != region) continue;
    bool leaves = false;
    for (EventId id = trace.steps[at].site.event; id < last; ++id) leaves |= f.events[id].op == Op::return_ || f.events[id].op == Op::break_ || f.events[id].op == Op::continue_;
    if (!leaves) return true;
  }
  return false;
}

void check(const Model& model, engine::Report& report) {
  for (const Trace& trace : model.traces()) {
    StartMethods methods = repeating_methods(model, trace);
    if (methods.empty()) continue;
    for (uint32_t i = 0; i < trace.steps.size(); ++i) {
      const Step& step = trace.steps[i];
      // What depends on something may ask whether it has been done.
      if (step.kind != StepKind::api || step.row->runs_command || step.row->exits) continue;
      std::string error = fails_again(model, step);
      if (!error.empty() && undone_before(model, trace, i, error)) error.clear();
      if (!step.row->side_effect && error.empty() && !truncates(model, step)) continue;
      if (step.condition.guard != Guard::none || !step.condition.certain() || step.condition.child_leaves || in_try(model, trace, i) || then_raises(model, trace, i)) continue;
      uint32_t cause = opening(model, trace, i);
      // What a command says is part of the command.
      if (trace.steps[cause].row && trace.steps[cause].row->runs_command) continue;
      uint32_t place = outermost(trace, cause);
      auto draft = report.finding(trace.steps[place].site, called(model, step) + (error.empty() ? " has its effect at import, and so again in every child that imports the program" : " succeeds once, and every child that imports the program does it again"));
      for (StartMethod method : {StartMethod::spawn, StartMethod::forkserver})
        if (methods.has(method)) draft.under(method, error.empty() ? "wrong" : failed_import(model, trace, error, method));
      draft.path(trace, i, "happens here; move it under `if __name__ == \"__main__\":`")
          .confidence(error.empty() ? Confidence::likely : Confidence::certain);
    }
  }
}

}  // namespace

extern const engine::Rule repeated_side_effect = {
    .code = "PSM103", .name = "repeated-side-effect", .family = "launch",
    .summary = "Effects of module-level code are repeated by every child", .severity = Severity::warning, .check = check};

}  // namespace forklint::rules
