#include "analyzer/model/order.h"

#include <algorithm>

#include "analyzer/model/regions.h"

namespace forklint::model {
namespace {

using facts::RegionKind;

bool is_arm(const facts::Region& region) { return region.kind == RegionKind::then_arm || region.kind == RegionKind::else_arm; }

// The loop around a region, itself included, in its scope.
RegionId loop_around(const facts::FileFacts& f, RegionId region) {
  while (region != none && f.regions[region].kind != RegionKind::loop) region = f.regions[region].parent;
  return region;
}

// Whether an exception from inside a region may be caught, or met by a `finally`, further out in its scope.
bool in_try(const facts::FileFacts& f, RegionId region) {
  for (; region != none; region = f.regions[region].parent)
    if (f.regions[region].kind == RegionKind::try_body) return true;
  return false;
}

// The last call of a try body has raised, and so not done what it does, where one of its except arms is reached.
bool raised_instead(const facts::FileFacts& f, RegionId body, EventId call, EventId later) {
  for (EventId id = call + 1; id < f.regions[body].events.end; ++id)
    if (f.events[id].op == Op::call) return false;
  for (RegionId arm = f.events[later].region; arm != none; arm = f.regions[arm].parent)
    if (f.regions[arm].kind == RegionKind::except_arm && f.regions[arm].statement == f.regions[body].statement) return true;
  return false;
}

// Whether an arm that ends by leaving takes control past an event that stands behind it.
bool passes_by(const facts::FileFacts& f, RegionId arm, EventId later, Rounds rounds) {
  RegionId loop = loop_around(f, arm);
  bool in_loop = loop != none && f.regions[loop].events.contains(later);
  switch (f.events[f.regions[arm].events.end - 1].op) {
    case Op::break_: return in_loop && (rounds == Rounds::one || loop_around(f, f.regions[loop].parent) == none);
    case Op::continue_: return in_loop && rounds == Rounds::one;
    case Op::return_: case Op::raise: return !in_try(f, arm);
    default: return false;
  }
}

// The registered function that a step enters because an application was called: a command of the program.
bool is_command(Evaluator& evaluator, const Step& step) {
  const File& file = evaluator.program().file(step.site.file);
  if (step.kind != StepKind::enter_function || file.event(step.site.event).op != Op::call) return false;
  const Value entered = evaluator.value(step.subject);
  if (entered.kind != ValueKind::function) return false;
  const Values& callees = evaluator.evaluate({step.site.file, file.operand(step.site.event, 0)}, step.frame);
  return !callees.empty() && std::none_of(callees.begin(), callees.end(), [&](ValueId id) {
    const Value& callee = evaluator.value(id);
    return callee.file == entered.file && callee.index == entered.index && callee.kind != ValueKind::object;
  }) && std::any_of(callees.begin(), callees.end(), [&](ValueId id) {
    ValueKind kind = evaluator.value(id).kind;
    return kind == ValueKind::object || kind == ValueKind::function;
  });
}

// run = in_thread if … else in_process; run(a); run(b): one variable that holds one of two functions holds the same one at
// both calls.
bool chosen_otherwise(Evaluator& evaluator, const Step& first, const Step& second) {
  const File& file = evaluator.program().file(first.site.file);
  if (first.kind != StepKind::enter_function || second.kind != StepKind::enter_function || first.subject == second.subject) return false;
  auto variable = [&](const Step& step) {
    EventId callee = file.event(step.site.event).op == Op::call ? file.operand(step.site.event, 0) : none;
    return callee != none && file.event(callee).op == Op::read ? callee : none;
  };
  EventId a = variable(first), b = variable(second);
  if (a == none || b == none || file.event(a).name != file.event(b).name) return false;
  NameId name = file.event(a).name;
  ScopeId scope = file.scope_of(a);
  if (scope == 0 || file.scope_of(b) != scope || evaluator.binding_scope(first.site.file, scope, name) != scope) return false;
  if (evaluator.reaching(first.site.file, scope, name, a) != evaluator.reaching(first.site.file, scope, name, b)) return false;
  const Values& either = evaluator.evaluate({first.site.file, a}, first.frame);
  auto holds = [&](ValueId function) { return std::find(either.begin(), either.end(), function) != either.end(); };
  return holds(first.subject) && holds(second.subject);
}

// COMMANDS[name](arguments): one call calls one of the functions that may be meant.
bool calls_one_of(Evaluator& evaluator, const Step& first, const Step& second) {
  const File& file = evaluator.program().file(first.site.file);
  if (first.kind != StepKind::enter_function || second.kind != StepKind::enter_function || file.event(first.site.event).op != Op::call) return false;
  const Values& either = evaluator.evaluate({first.site.file, file.operand(first.site.event, 0)}, first.frame);
  auto holds = [&](ValueId function) { return std::find(either.begin(), either.end(), function) != either.end(); };
  return holds(first.subject) && holds(second.subject);
}

// Whether whoever comes to a region from around it also comes by what stands in it.
bool always_entered(const facts::Region& region) { return region.kind == RegionKind::try_body || region.kind == RegionKind::with; }

}  // namespace

bool may_follow(Evaluator& evaluator, FileId file, EventId earlier, EventId later, FrameId frame, Rounds rounds) {
  const facts::FileFacts& f = evaluator.program().file(file).facts;
  for (RegionId x = f.events[earlier].region; x != none && !f.regions[x].events.contains(later); x = f.regions[x].parent) {
    const facts::Region& arm = f.regions[x];
    bool again = rounds == Rounds::several && loop_around(f, arm.parent) != none;
    if (is_arm(arm) && !again)
      for (RegionId y = f.events[later].region; y != none; y = f.regions[y].parent)
        if (is_arm(f.regions[y]) && f.regions[y].statement == arm.statement && f.regions[y].kind != arm.kind) return false;
    if (arm.kind == RegionKind::try_body && f.events[earlier].op == Op::call && !again && raised_instead(f, x, earlier, later)) return false;
    bool branch = is_arm(arm) || arm.kind == RegionKind::except_arm;
    if (branch && later > earlier && ends_by_leaving(evaluator, file, x, frame) && passes_by(f, x, later, rounds)) return false;
  }
  return true;
}

bool may_follow(Evaluator& evaluator, const Trace& trace, uint32_t earlier, uint32_t later, Rounds rounds) {
  if (earlier >= later) return false;
  // Where the two ways part, the steps are siblings of one scope: they exclude each other only by their regions.
  std::vector<uint32_t> a{earlier}, b{later};
  for (uint32_t up = trace.steps[earlier].parent; up != none; up = trace.steps[up].parent) a.push_back(up);
  for (uint32_t up = trace.steps[later].parent; up != none; up = trace.steps[up].parent) b.push_back(up);
  uint32_t shared = none;
  while (!a.empty() && !b.empty() && a.back() == b.back()) {
    shared = a.back();
    a.pop_back();
    b.pop_back();
  }
  if (a.empty() || b.empty()) return true;
  const Step& first = trace.steps[a.back()];
  const Step& second = trace.steps[b.back()];
  if (first.site.file != second.site.file || first.frame != second.frame) return true;
  if (first.site == second.site) {
    if (first.subject == second.subject) return true;
    if (is_command(evaluator, first) && is_command(evaluator, second)) return false;
    bool again = (shared != none && trace.steps[shared].condition.repeated) || first.condition.repeated || second.condition.repeated;
    return again || !calls_one_of(evaluator, first, second);
  }
  if (chosen_otherwise(evaluator, first, second)) return false;
  // What a loop further up repeats, it repeats as a whole.
  bool repeated = shared != none && trace.steps[shared].condition.repeated;
  if (repeated && rounds == Rounds::several) return true;
  return may_follow(evaluator, first.site.file, first.site.event, second.site.event, first.frame, rounds);
}

bool always_reached(const File& file, EventId event) {
  const facts::FileFacts& f = file.facts;
  for (RegionId region = f.events[event].region; region != none; region = f.regions[region].parent)
    if (!always_entered(f.regions[region])) return false;
  const ScopeId scope = file.scope_of(event);
  return std::none_of(file.scopes[scope].returns.begin(), file.scopes[scope].returns.end(), [&](EventId give) { return give < event; });
}

bool surely_before(const Program& program, const Trace& trace, const Position& earlier, const Position& later) {
  Position first = earlier;
  for (;;) {
    Position second = later;
    while (second.parent != first.parent && second.parent != none) {
      const Step& up = trace.steps[second.parent];
      second = {up.site, up.frame, up.parent};
    }
    const File& file = program.file(first.site.file);
    if (second.parent == first.parent && second.site.file == first.site.file && file.scope_of(first.site.event) == file.scope_of(second.site.event)) {
      if (first.site.event >= second.site.event) return false;
      const facts::FileFacts& f = file.facts;
      RegionId region = f.events[first.site.event].region;
      while (region != none && !f.regions[region].events.contains(second.site.event)) {
        if (!always_entered(f.regions[region])) return false;
        region = f.regions[region].parent;
      }
      return true;
    }
    if (first.parent == none || !always_reached(file, first.site.event)) return false;
    const Step& up = trace.steps[first.parent];
    first = {up.site, up.frame, up.parent};
  }
}

}  // namespace forklint::model
