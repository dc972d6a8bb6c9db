#include "analyzer/model/launches.h"

#include "analyzer/model/patches.h"

#include <algorithm>

namespace forklint::model {
namespace {

using knowledge::Api;
using knowledge::Starts;

bool is_number(const Evaluator& evaluator, ValueId id, std::string_view text) {
  const Value& it = evaluator.value(id);
  return it.kind == ValueKind::constant && evaluator.symbol(it.symbol) == text;
}

}  // namespace

bool launches_nothing(Evaluator& evaluator, const knowledge::Launch& launch, Site call, FrameId frame) {
  auto arguments = evaluator.arguments_of(call, frame);
  if (launch.unless)  // Client("tcp://…"): what runs elsewhere
    if (auto given = evaluator.argument(arguments, *launch.unless)) {
      Values values = evaluator.values_of(*given);
      bool null = values.size() == 1 && evaluator.value(values[0]).kind == ValueKind::constant && Op(evaluator.value(values[0]).index) == Op::null;
      if (!null) return true;
    }
  if (!launch.workers) return false;
  auto argument = evaluator.argument(arguments, *launch.workers);
  if (!argument) return launch.serial_by_default;
  Values values = evaluator.values_of(*argument);
  if (values.size() != 1) return false;
  const Value& value = evaluator.value(values[0]);
  if (value.kind == ValueKind::constant && Op(value.index) == Op::null) return std::find(launch.no_process_when.begin(), launch.no_process_when.end(), "None") != launch.no_process_when.end();
  return std::any_of(launch.no_process_when.begin(), launch.no_process_when.end(), [&](const std::string& text) { return is_number(evaluator, values[0], text); });
}

const Api* launching_row(Evaluator& evaluator, const Api* row, Site call, FrameId frame) {
  if (row->launch->instead.empty() || !row->launch->method || call.event == none) return row;
  auto given = evaluator.argument(evaluator.arguments_of(call, frame), *row->launch->method);
  if (!given) return row;
  const Values words = evaluator.values_of(*given);
  for (const std::string& choice : row->launch->instead) {
    const size_t equals = choice.find('=');
    auto names = [&](ValueId word) { return evaluator.constant_string({word}) == std::string_view(choice).substr(0, equals); };
    if (std::none_of(words.begin(), words.end(), names)) continue;
    const Api* other = evaluator.program().knowledge().find(choice.substr(equals + 1));
    return words.size() == 1 && other && other->launch ? other : nullptr;
  }
  return row;
}

bool is_true(Evaluator& evaluator, const std::optional<knowledge::Argument>& wanted, Site call, FrameId frame) {
  if (!wanted) return false;
  auto arguments = evaluator.arguments_of(call, frame);
  auto argument = evaluator.argument(arguments, *wanted);
  if (!argument) return false;
  for (ValueId value : evaluator.values_of(*argument))
    if (evaluator.value(value).kind == ValueKind::constant && evaluator.type_name(value) == "True") return true;
  return false;
}

namespace {

class Finder {
 public:
  Finder(Evaluator& evaluator, const Trace& trace, uint32_t trace_id, StartMethods standard) : evaluator_(evaluator), trace_(trace), trace_id_(trace_id), standard_(standard) {}

  std::vector<Launch> run() {
    for (uint32_t i = 0; i < trace_.steps.size(); ++i) {
      const Step& step = trace_.steps[i];
      if (step.kind == StepKind::iterate) iterated(i);
      if (step.kind != StepKind::api) continue;
      if (step.row->launch) made(i);
      if (step.row->starts) started(i);
      if (step.row->task) task(i);
    }
    return std::move(launches_);
  }

 private:
  // A call of a launcher: launches at once, or only describes.
  void made(uint32_t i) {
    const Step& step = trace_.steps[i];
    Starts starts = step.row->launch->starts;
    bool decorated = starts == Starts::decorated && evaluator_.launches_when_called(step.subject);
    if (starts != Starts::construct && starts != Starts::call && !decorated) return;
    if (launches_nothing(evaluator_, *step.row->launch, step.site, step.frame)) return;
    ValueId object = unknown_value;
    for (ValueId value : evaluator_.call_result(step.subject, step.site, step.frame)) object = value;
    if (const Value it = evaluator_.value(step.subject); decorated) return void(add(i, object, step.row, it.base, it.site(), it.frame, step.site));
    add(i, object, step.row, step.subject, step.site, step.frame, step.site);
  }

  // receiver.start(): what the receiver's construction described.
  void started(uint32_t i) {
    const Step& step = trace_.steps[i];
    ValueId receiver = evaluator_.value(step.subject).base;
    const Api* row = evaluator_.maker(receiver);
    if (!row || !row->launch || row->launch->starts != Starts::start) return;
    const Value it = evaluator_.value(receiver);
    if (it.kind == ValueKind::instance) return void(add(i, receiver, row, it.base, it.site(), it.frame, step.site));
    Values callees = callees_of(it);
    if (!add(i, receiver, row, callees[0], it.site(), it.frame, step.site)) return;
    // context.Process(…), where the context is one of several
    for (size_t other = 1; other < callees.size(); ++other) {
      Method method = method_of(evaluator_, trace_, i, callees[other], *launches_.back().row, it.site(), it.frame, standard_);
      launches_.back().method.methods |= method.methods;
      if (method.by == ChosenBy::unknown) launches_.back().method.by = ChosenBy::unknown;
    }
  }

  // At least one.
  Values callees_of(const Value& object) {
    const File& file = evaluator_.program().file(object.file);
    if (object.index == none || file.event(object.index).op != Op::call) return {unknown_value};
    const EventId callee = file.operand(object.index, 0);
    Values callees = evaluator_.evaluate({object.file, callee}, object.frame);
    if (callees.empty()) return {unknown_value};
    return chosen_here(file, callee) ? callees : Values{callees[0]};
  }

  // context = a if … else b, in the same function; what comes from elsewhere may be decided by what is not known.
  static bool chosen_here(const File& file, EventId callee) {
    const EventId context = file.event(callee).op == Op::attribute ? file.operand(callee, 0) : none;
    if (context == none || file.event(context).op != Op::read) return false;
    const ScopeId scope = file.scope_of(context);
    auto variable = file.scopes[scope].names.find(file.event(context).name);
    return variable != file.scopes[scope].names.end() && !variable->second.events.empty() && file.binding_scope(scope, file.event(context).name) == scope;
  }

  ValueId callee_of(const Value& object) { return callees_of(object)[0]; }

  // pool.map(f): a task of a pool that lives, or the first one of an executor, which launches it.
  void task(uint32_t i) {
    const Step& step = trace_.steps[i];
    Values pools{evaluator_.value(step.subject).base};
    if (step.row->task->pool) {
      auto arguments = evaluator_.arguments_of(step.site, step.frame);
      if (auto argument = evaluator_.argument(arguments, *step.row->task->pool)) pools = evaluator_.values_of(*argument);
    }
    for (ValueId pool : pools) {
      auto known = std::find_if(launches_.rbegin(), launches_.rend(), [&](const Launch& launch) { return launch.object == pool; });
      if (known != launches_.rend()) {
        known->tasks.push_back(i);
        continue;
      }
      const Api* row = evaluator_.maker(pool);
      if (!row || !row->launch) continue;
      const Value it = evaluator_.value(pool);
      if (it.index != none && it.kind == ValueKind::object && launches_nothing(evaluator_, *row->launch, it.site(), it.frame)) continue;
      if (row->launch->starts == Starts::first_task) {
        ValueId callee = it.kind == ValueKind::instance ? it.base : callee_of(it);
        if (add(i, pool, row, callee, it.site(), it.frame, step.site)) launches_.back().tasks.push_back(i);
      } else if (row->launch->pool) {
        // A pool that was made elsewhere: its tasks matter, its launch is told there.
        if (add(i, pool, row, callee_of(it), it.site(), it.frame, {})) launches_.back().tasks.push_back(i);
      }
    }
  }

  void iterated(uint32_t i) {
    const Step& step = trace_.steps[i];
    if (!step.row->launch || step.row->launch->starts != Starts::iterate) return;
    const Value it = evaluator_.value(step.subject);
    if (it.index == none || launches_nothing(evaluator_, *step.row->launch, it.site(), it.frame)) return;
    add(i, step.subject, step.row, callee_of(it), it.site(), it.frame, step.site);
  }

  // if method == "spawn": p = Process(…); the p.start() below it is of such a process
  StartMethods made_under(uint32_t step, Site construction, FrameId frame) const {
    for (uint32_t i = construction.event == none ? 0 : step; i-- > 0;)
      if (trace_.steps[i].site == construction && trace_.steps[i].frame == frame) return trace_.steps[i].condition.methods;
    return StartMethods::from_bits(31);
  }

  // Whether a test replaces what makes the launch by a mock: the class, its context, or a function on the way.
  bool is_replaced(uint32_t i, ValueId callee, Site construction) {
    if (!patches_) patches_ = std::any_of(trace_.steps.begin(), trace_.steps.end(), [&](const Step& step) { return patch_made_at(evaluator_, step).call.event != none; });
    if (!*patches_ && patch_decorators(evaluator_, trace_, i).empty()) return false;
    auto patched = [&](Site call) { return call.event != none && is_patched(evaluator_, trace_, i, call); };
    if (patched(construction)) return true;
    if (const Value& context = evaluator_.value(evaluator_.value(callee).base); context.kind == ValueKind::object && patched(context.site())) return true;
    for (uint32_t up = trace_.steps[i].parent; up != none; up = trace_.steps[up].parent)
      if (trace_.steps[up].kind == StepKind::enter_function && patched(trace_.steps[up].site)) return true;
    return false;
  }

  // Says whether there is a launch: a Pool that a test replaces by a mock launches nothing.
  bool add(uint32_t i, ValueId object, const Api* row, ValueId callee, Site construction, FrameId construction_frame, Site site) {
    const Step& step = trace_.steps[i];
    if (is_replaced(i, callee, construction)) return false;
    if (const Api* other = launching_row(evaluator_, row, construction.event == none ? site : construction, construction_frame)) row = other;
    Launch launch{.trace = trace_id_, .step = i, .site = site, .frame = step.frame, .row = row, .object = object, .construction = construction, .construction_frame = construction_frame, .condition = step.condition};
    launch.method = method_of(evaluator_, trace_, i, callee, *row, construction.event == none ? site : construction, construction_frame, standard_);
    if (launch.method.by == ChosenBy::standard || launch.method.by == ChosenBy::unknown) {
      launch.method.methods = launch.method.methods & step.condition.methods & made_under(i, construction, construction_frame);
      // On Windows only spawn exists.
      if (step.condition.platforms == platform_windows) launch.method.methods = launch.method.methods & StartMethod::spawn;
    }
    if (row->launch->raw_fork || row->launch->executes) launch.method = {StartMethod::fork, ChosenBy::library, {}};
    launches_.push_back(std::move(launch));
    return true;
  }

  Evaluator& evaluator_;
  const Trace& trace_;
  uint32_t trace_id_;
  StartMethods standard_;
  std::vector<Launch> launches_;
  std::optional<bool> patches_;  // whether any step of the trace patches something
};

}  // namespace

std::vector<Launch> find_launches(Evaluator& evaluator, const Trace& trace, uint32_t trace_id, StartMethods standard) {
  return Finder(evaluator, trace, trace_id, standard).run();
}

}  // namespace forklint::model
