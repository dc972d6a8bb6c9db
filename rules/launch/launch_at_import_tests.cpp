// unittest.main() without a guard. A fresh child imports the main module again and so runs it too: it finds no tests there, and leaves
// before it has done what it was started for.
#include <algorithm>
#include <span>

#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

// Whether the call does not say that it goes on afterwards, or whose tests it runs, nor may say so by *arguments.
bool is_plain(const Model& model, const Step& step) {
  const File& file = model.file(step.site.file);
  const facts::Event& call = file.event(step.site.event);
  const std::span operands(file.facts.operands_of(call), call.operands_count);
  if (std::ranges::any_of(operands, [&](const facts::Operand& it) { return file.name(it.keyword).starts_with('*'); })) return false;
  Evaluator& evaluator = model.evaluator();
  const auto arguments = evaluator.arguments_of(step.site, step.frame);
  return std::ranges::none_of(step.row->runs_tests_unless, [&](const knowledge::Argument& it) { return evaluator.argument(arguments, it).has_value(); });
}

// The step that runs the tests of the module whenever that is imported; none when there is none.
uint32_t test_runner(const Model& model, const Trace& trace) {
  for (uint32_t i = 0; i < trace.steps.size(); ++i) {
    const Step& step = trace.steps[i];
    if (step.kind != StepKind::api || !step.row->runs_tests || step.site.file != trace.file) continue;
    const Condition& condition = step.condition;
    if (condition.guard == Guard::none && condition.certain() && !condition.flagged && !condition.handled && !condition.child_leaves && is_plain(model, step)) return i;
  }
  return none;
}

// Whether a trace begins in a method of a class of tests.
bool is_test(const Model& model, const Trace& trace) {
  const File& file = model.file(trace.file);
  ScopeId owner = file.facts.scopes[trace.scope].parent;
  if (owner == none || file.facts.scopes[owner].kind != facts::ScopeKind::class_) return false;
  const facts::Range& events = file.facts.scopes[file.facts.scopes[owner].parent].events;
  for (EventId id = events.begin; id < events.end; ++id) {
    if (file.event(id).op != Op::class_ || file.event(id).extra != owner) continue;
    for (ValueId value : model.evaluator().evaluate({trace.file, id}, any_frame))
      if (const knowledge::Api* base = model.evaluator().api(value); base && base->holds_tests) return true;
  }
  return false;
}

// What is seen when the child leaves while it imports main. From 3.13.8 the forkserver imports main itself, and leaves too.
std::string outcome_of(const Model& model, const Launch& launch, StartMethod method) {
  if (method == StartMethod::forkserver && model.options().newest_python >= 14) return "raises:ConnectionResetError";
  bool process = launch.row->launch->starts == knowledge::Starts::start;
  return process ? "wrong" : launch.row->launch->fails_at_import;
}

}  // namespace

void launch_at_import_tests(const Model& model, engine::Report& report) {
  for (const Trace& trace : model.traces()) {
    if (!is_program(model, trace) || !reimported(model, trace)) continue;
    uint32_t runner = test_runner(model, trace);
    if (runner == none) continue;
    for (size_t i = 0; i < model.launches().size(); ++i) {
      const Launch& launch = model.launches()[i];
      const Trace& test = model.trace_of(launch);
      if (test.entry != Entry::function || test.file != trace.file || launch.site.event == none) continue;
      StartMethods fresh = reimporting_methods(launch);
      if (fresh.empty() || launch.row->launch->fails_at_import.empty() || !is_test(model, test)) continue;
      auto draft = report.finding(trace.steps[outermost(trace, runner)].site, "a child of these tests imports them again, finds none to run here, and ends before it does its work");
      for (StartMethod method : {StartMethod::spawn, StartMethod::forkserver})
        if (fresh.has(method)) draft.under(method, outcome_of(model, launch, method));
      draft.label(launch.site, "launches here").confidence(launch.condition.certain() ? Confidence::certain : Confidence::likely).launch(i);
    }
  }
}

}  // namespace forklint::rules
