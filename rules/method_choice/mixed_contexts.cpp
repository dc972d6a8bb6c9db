// Locks and queues of a fork context have no name by which a fresh child could open them. Those of spawn and forkserver
// have one, and may go anywhere.
#include <bit>
#include <optional>

#include "analyzer/model/regions.h"
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

bool goes_with_start(PayloadKind kind) { return kind == PayloadKind::argument || kind == PayloadKind::self || kind == PayloadKind::initializer_argument || kind == PayloadKind::target; }

// Follows the default, whatever that is.
bool by_default(const Trace& trace, const Method& method) {
  if (method.by == ChosenBy::standard) return true;
  for (const Step& step : trace.steps)
    if (step.kind == StepKind::api && step.row->method_effect == knowledge::MethodEffect::sets && step.site == method.chosen_at) return true;
  return false;
}

// The platforms on which what an expression gives may be another method than fork.
uint8_t not_forking_on(const Model& model, Site site, FrameId frame, int depth = 0) {
  constexpr int deepest = 6;
  if (site.event == none || depth > deepest) return platform_all;
  Evaluator& evaluator = model.evaluator();
  const File& file = model.file(site.file);
  const facts::Event& event = file.event(site.event);
  auto operand = [&](uint32_t i) { return not_forking_on(model, {site.file, file.operand(site.event, i)}, frame, depth + 1); };
  auto around = [&](EventId id) { return file.event(id).region == none ? platform_all : region_condition(evaluator, site.file, file.event(id).region, frame, Role::called).platforms; };
  switch (event.op) {
    case Op::string: return file.name_of(site.event) == "fork" ? 0 : platform_all;
    case Op::conditional: {
      auto arm = [&](uint32_t i, bool holds) { return implied(evaluator, {site.file, file.operand(site.event, 0)}, frame, holds, Role::called).platforms & operand(i); };
      return arm(1, true) | arm(2, false);
    }
    case Op::call: return around(site.event) & (event.operands_count > 1 ? operand(1) : platform_all);  // get_context(…)
    case Op::read: {
      const ScopeId here = file.scope_of(site.event), owner = evaluator.binding_scope(site.file, here, event.name);
      auto bindings = owner == none ? llvm::SmallVector<EventId, 4>() : evaluator.reaching(site.file, owner, event.name, owner == here ? site.event : none);
      uint8_t result = bindings.empty() ? platform_all : 0;
      for (EventId binding : bindings)
        result |= around(binding) & (file.event(binding).op == Op::bind ? not_forking_on(model, {site.file, file.operand(binding, 0)}, frame, depth + 1) : platform_all);
      return result;
    }
    default: return platform_all;
  }
}

// One of several contexts: which, goes with what is not known.
bool is_open(const Trace& trace, const Method& method) { return std::popcount(method.methods.bits()) > 1 && !by_default(trace, method); }

struct Mixed {
  ValueId primitive;
  bool certain;
};

std::optional<Mixed> find_mixed(const Model& model, const Launch& launch, ValueId value) {
  Evaluator& evaluator = model.evaluator();
  const Trace& trace = model.trace_of(launch);
  std::optional<Mixed> result;
  each_sent(model, trace, launch.step, value, [&](ValueId id) {
    const knowledge::Api* row = evaluator.value(id).kind == ValueKind::object ? evaluator.maker(id) : nullptr;
    if (result || !row || !row->mp_primitive) return;
    // queue: Queue says what it is, not which context made it.
    const Value it = evaluator.value(id);
    if (it.index == none || model.file(it.file).event(it.index).op != Op::call) return;
    // self.ctx.Queue(), where ctx is one of several: it may well be the one that starts the process.
    if (evaluator.value(id).index != none && evaluator.evaluate(evaluator.value(id).site(), evaluator.value(id).frame).size() > 1) return;
    Method made = context_of(evaluator, trace, launch.step, id, model.options().standard);
    if (made.by == ChosenBy::unknown || !made.methods.has(StartMethod::fork)) return;
    if (by_default(trace, made) && by_default(trace, launch.method)) return;
    if (is_open(trace, made)) return;
    result = Mixed{id, made.methods == StartMethods(StartMethod::fork)};
  });
  return result;
}

void check(const Model& model, engine::Report& report) {
  Evaluator& evaluator = model.evaluator();
  // Older versions send what the child cannot open.
  const char* outcome = model.options().newest_python >= 11 ? "raises:RuntimeError" : "hangs";
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    StartMethods fresh = launch.method.methods & fresh_methods;
    if (fresh.empty() || launch.method.by == ChosenBy::unknown) continue;
    if (launch.method.methods.has(StartMethod::fork) && is_open(model.trace_of(launch), launch.method)) continue;
    // The default forks on Linux, and there so does what the platform has chosen.
    if (!(not_forking_on(model, launch.method.chosen_at, launch.construction_frame) & platform_linux)) continue;
    for (const Payload& item : model.payload(i)) {
      if (!goes_with_start(item.kind)) continue;
      Values values = item.site.event == none || item.value != unknown_value ? Values{item.value} : evaluator.evaluate(item.site, item.frame);
      for (ValueId value : values) {
        auto mixed = find_mixed(model, launch, value);
        if (!mixed) continue;
        const Value made = evaluator.value(mixed->primitive);
        Site place = item.kind == PayloadKind::self || item.site.event == none ? item.site : written_by_caller(evaluator, item.site, item.frame).site;
        if (place.event == none) place = launch.site;
        std::string what(short_name(evaluator.type_name(mixed->primitive)));
        auto draft = report.finding(place, "a " + what + (mixed->certain ? " of a fork context" : " of the default context, which may be fork,") + " is given to a process that does not fork");
        draft.under(fresh, outcome)
            .label(made.site(), "made here; make it with the context that starts the process")
            .path(model.trace_of(launch), launch.step, "started here")
            .confidence(mixed->certain && values.size() == 1 && launch.condition.certain() ? Confidence::certain : Confidence::likely)
            .launch(i);
        break;
      }
    }
  }
}

}  // namespace

extern const engine::Rule mixed_contexts = {
    .code = "PSM510", .name = "mixed-contexts", .family = "method_choice",
    .summary = "An object of one context is given to a process of another", .severity = Severity::error, .check = check};

}  // namespace forklint::rules
