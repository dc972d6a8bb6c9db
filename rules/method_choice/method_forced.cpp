// force=True replaces the default context, but not the context of what exists: locks and queues made before belong to
// the old one, and may not be sent to processes of the new one.
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

// Whether what a step made is still there when a later one is reached: the call that made it has not ended, or it is
// sent to a process afterwards.
bool alive(const Model& model, const Trace& trace, uint32_t made, ValueId value, uint32_t later) {
  uint32_t owner = trace.steps[made].parent;
  if (owner == none) return true;
  for (uint32_t up = trace.steps[later].parent; up != none; up = trace.steps[up].parent)
    if (up == owner) return true;
  Evaluator& evaluator = model.evaluator();
  bool sent = false;
  for (size_t i = 0; i < model.launches().size() && !sent; ++i) {
    if (&model.trace_of(model.launches()[i]) != &trace || model.launches()[i].step < later) continue;
    for (const Payload& item : model.payload(i))
      for (ValueId held : item.site.event == none || item.value != unknown_value ? Values{item.value} : Values(evaluator.evaluate(item.site, item.frame)))
        each_sent(model, trace, model.launches()[i].step, held, [&](ValueId id) { sent |= id == value; });
  }
  return sent;
}

void check(const Model& model, engine::Report& report) {
  Evaluator& evaluator = model.evaluator();
  struct Made {
    uint32_t step;
    ValueId value;
  };
  for (const Trace& trace : model.traces()) {
    std::vector<Made> primitives;
    for (uint32_t i = 0; i < trace.steps.size(); ++i) {
      const Step& step = trace.steps[i];
      if (step.kind != StepKind::api) continue;
      if (step.row->mp_primitive) {
        Values made = evaluator.call_result(step.subject, step.site, step.frame);
        bool own_context = !made.empty() && evaluator.value(evaluator.value(made[0]).base).kind == ValueKind::object;
        if (!made.empty() && !own_context) primitives.push_back({i, made[0]});
      }
      if (step.row->method_effect != knowledge::MethodEffect::sets || !is_true(evaluator, step.row->force, step.site, step.frame)) continue;
      auto argument = method_argument(evaluator, *step.row, step.site, step.frame);
      if (!argument || (argument->methods & fresh_methods).empty()) continue;
      for (const Made& old : primitives) {
        // A fork lock in a spawned child is refused; the other way round it works.
        Method before = context_of(evaluator, trace, old.step, old.value, model.options().standard);
        if (!before.methods.has(StartMethod::fork) || !precedes(model, trace, old.step, i) || !alive(model, trace, old.step, old.value, i)) continue;
        const Step& maker = trace.steps[old.step];
        report.finding(step.site, "the start method is replaced although objects of the old one exist")
            .under(argument->methods & fresh_methods, model.options().newest_python >= 11 ? "raises:RuntimeError" : "hangs")
            .label(maker.site, "belongs to the context of before")
            .confidence(step.condition.certain() && maker.condition.certain() && before.methods == StartMethods(StartMethod::fork) ? Confidence::certain : Confidence::likely);
        break;
      }
    }
  }
}

}  // namespace

extern const engine::Rule method_forced = {
    .code = "PSM504", .name = "method-forced", .family = "method_choice",
    .summary = "force=True while objects of the old context are alive", .severity = Severity::warning, .check = check};

}  // namespace forklint::rules
