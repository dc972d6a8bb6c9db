// target=work() runs work here, in the parent, and gives the process what it returns: nothing.
#include <algorithm>

#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

// Whether a function certainly returns nothing. One that only raises or does nothing stands for another.
bool returns_nothing(Evaluator& evaluator, ValueId function, Site call, FrameId frame) {
  const Value it = evaluator.value(function);
  if (const knowledge::Api* row = evaluator.api(function); row && it.kind != ValueKind::class_) return row->returns == "None";
  if (it.kind != ValueKind::function && it.kind != ValueKind::bound) return false;
  const File& file = evaluator.program().file(it.file);
  const facts::Scope& scope = file.facts.scopes[it.index];
  if (scope.kind != facts::ScopeKind::function || scope.flags & (facts::scope_generator | facts::scope_async)) return false;
  FrameId inside = evaluator.enter(function, call, frame);
  for (EventId event : file.scopes[it.index].returns) {
    EventId operand = file.operand(event, 0);
    if (operand == none) continue;
    Values values = evaluator.evaluate({it.file, operand}, inside);
    bool null = values.size() == 1 && evaluator.value(values[0]).kind == ValueKind::constant && Op(evaluator.value(values[0]).index) == Op::null;
    if (!null) return false;
  }
  bool works = false;
  for (EventId event = scope.events.begin; event < scope.events.end; ++event) {
    const facts::Event& e = file.event(event);
    if (e.op == Op::raise && e.region == none) return false;
    works |= e.op == Op::call || e.op == Op::bind || e.op == Op::augment || e.op == Op::set_attribute || e.op == Op::augment_attribute || e.op == Op::set_subscript;
  }
  return works;
}

void check(const Model& model, engine::Report& report) {
  Evaluator& evaluator = model.evaluator();
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    for (const Payload& item : model.payload(i)) {
      bool task = item.kind == PayloadKind::task;
      if ((!task && item.kind != PayloadKind::target && item.kind != PayloadKind::initializer) || item.site.event == none || item.value != unknown_value) continue;
      auto [site, frame] = written_by_caller(evaluator, item.site, item.frame);
      const File& file = model.file(site.file);
      if (file.event(site.event).op != Op::call) continue;
      Values callees = evaluator.evaluate({site.file, file.operand(site.event, 0)}, frame);
      if (callees.empty() || !std::all_of(callees.begin(), callees.end(), [&](ValueId callee) { return returns_nothing(evaluator, callee, site, frame); })) continue;
      const Value called = evaluator.value(callees[0]);
      bool ours = called.kind == ValueKind::function || called.kind == ValueKind::bound;
      std::string name(ours ? model.file(called.file).name(model.file(called.file).facts.scopes[called.index].name) : short_name(evaluator.symbol(called.symbol)));
      const Trace& trace = model.trace_of(launch);
      uint32_t step = item.step == none ? launch.step : item.step;
      auto draft = report.finding(site, name + "() runs here, in the parent, and its result None is what the child is given to run");
      draft.under(launch.method.methods - StartMethod::threading, task ? "raises:TypeError" : "wrong");
      if (ours) draft.label({called.file, model.file(called.file).facts.scopes[called.index].definition}, "returns nothing");
      draft.path(trace, step, "given to the child here; pass " + name + " without the brackets, and its arguments beside it")
          .launch(i);
      // The brackets go where nothing is in them. Unsafe, because it runs in another process then.
      const facts::Event& call = file.event(site.event);
      if (call.operands_count == 1) draft.fix({"Pass " + name + " itself", engine::Safety::unsafe, {{{site.file, {file.event(file.operand(site.event, 0)).span.end, call.span.end}}, ""}}});
    }
  }
}

}  // namespace

extern const engine::Rule called_target = {
    .code = "PSM108", .name = "called-target", .family = "launch",
    .summary = "The target is called instead of passed", .severity = Severity::error, .check = check};

}  // namespace forklint::rules
