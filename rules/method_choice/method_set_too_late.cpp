// The default context is chosen once: by the first call that sets it, asks for it, or makes something of it.
#include <algorithm>

#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

// Whether a step fixes the default context: directly, or by making a queue, lock, pool … of it.
bool fixes(const Model& model, const Trace& trace, uint32_t i) {
  const Step& step = trace.steps[i];
  if (step.kind != StepKind::api) return false;
  Evaluator& evaluator = model.evaluator();
  if (step.row->method_effect == knowledge::MethodEffect::sets) return true;
  // What goes through a context of its own leaves the default alone.
  ValueId receiver = evaluator.value(step.subject).base;
  if (receiver != unknown_value) {
    Values made = evaluator.call_result(step.subject, step.site, step.frame);
    bool own_context = context_of(evaluator, trace, 0, made.empty() ? receiver : made[0], model.options().standard).by != ChosenBy::standard;
    if (own_context) return false;
  }
  if (step.row->method_effect == knowledge::MethodEffect::reads_and_fixes) {
    if (auto named = method_argument(evaluator, *step.row, step.site, step.frame); named && !named->standard) return false;
    return !is_true(evaluator, step.row->fixes_unless, step.site, step.frame);
  }
  return step.row->fixes_context;
}

// Processes and pools that name their own context fix nothing.
bool launches_elsewhere(const Model& model, const Trace& trace, uint32_t i) {
  for (const Launch& launch : model.launches())
    if (&model.trace_of(launch) == &trace && launch.step == i && launch.method.by != ChosenBy::standard) return launch.method.by == ChosenBy::library || launch.method.chosen_at.event != none;
  return false;
}

void check(const Model& model, engine::Report& report) {
  for (const Trace& trace : model.traces()) {
    std::vector<uint32_t> fixed;
    for (uint32_t i = 0; i < trace.steps.size(); ++i) {
      const Step& step = trace.steps[i];
      if (!fixes(model, trace, i)) continue;
      bool sets = step.row->method_effect == knowledge::MethodEffect::sets;
      if (!sets && launches_elsewhere(model, trace, i)) continue;
      bool forced = sets && is_true(model.evaluator(), step.row->force, step.site, step.frame);
      if (sets && !forced && !step.condition.handled && !step.condition.flagged) {
        auto earlier = std::find_if(fixed.begin(), fixed.end(), [&](uint32_t before) { return precedes(model, trace, before, i); });
        // if get_start_method() != "fork": set_start_method("fork") — the second time it is
        auto wanted = method_argument(model.evaluator(), *step.row, step.site, step.frame);
        bool asks_first = wanted && !wanted->unknown && !wanted->methods.empty() && (wanted->methods & step.condition.methods).empty();
        bool repeats = earlier == fixed.end() && step.condition.repeated && !asks_first;
        if (earlier != fixed.end() || repeats) {
          bool certain = step.condition.certain() && (repeats || trace.steps[*earlier].condition.certain());
          auto draft = report.finding(step.site, repeats ? "the start method is set again in each round of a loop" : "the start method is set after it was fixed");
          if (!repeats) draft.path(trace, *earlier, "fixed here").label(trace.steps[*earlier].site, "fixed here");
          draft.confidence(certain ? Confidence::certain : Confidence::likely);
        }
      }
      fixed.push_back(i);
    }
  }
}

}  // namespace

extern const engine::Rule method_set_too_late = {
    .code = "PSM502", .name = "method-set-too-late", .family = "method_choice",
    .summary = "The start method is set after something has fixed it", .severity = Severity::error, .check = check};

}  // namespace forklint::rules
