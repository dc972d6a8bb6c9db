#include "analyzer/model/fork_tests.h"

namespace forklint::model {

std::optional<Site> fork_result(Evaluator& evaluator, Site site, FrameId frame) {
  for (ValueId id : Values(evaluator.evaluate(site, frame))) {
    const Value it = evaluator.value(id);
    if (it.kind != ValueKind::object || it.index == none) continue;
    const knowledge::Api* row = evaluator.maker(id);
    if (row && row->launch && row->launch->raw_fork) return it.site();
  }
  return {};
}

Condition on_side(Site fork, Side side) {
  Condition result;
  result.forks[0] = {fork, side};
  return result;
}

std::optional<Condition> fork_test(Evaluator& evaluator, FrameId frame, Site left, std::string_view operation, Site right, bool holds) {
  const File& file = evaluator.program().file(left.file);
  auto number = [&](Site site) -> std::optional<int> {
    if (file.event(site.event).op == Op::number) {
      if (file.name_of(site.event) == "0") return 0;
      if (file.name_of(site.event) == "1") return 1;
    }
    return {};
  };
  auto value = number(right);
  auto fork = value ? fork_result(evaluator, left, frame) : std::nullopt;
  if (!fork) {
    value = number(left);
    fork = value ? fork_result(evaluator, right, frame) : std::nullopt;
    operation = operation == "<" ? ">" : operation == "<=" ? ">=" : operation == ">" ? "<" : operation == ">=" ? "<=" : operation;
  }
  if (!fork) return {};
  bool child;  // what the comparison is for 0, and for a positive number
  if (operation == "==" || operation == "is" || operation == "<=") child = true;
  else if (operation == "!=" || operation == "is not" || operation == ">") child = false;
  else if (operation == ">=" || operation == "<") child = operation == "<";
  else return {};
  bool against_zero = *value == 0;
  if ((operation == "<" || operation == ">=") == against_zero) return against_zero ? std::optional(holds == (operation == ">=") ? Condition{} : Condition{.guard = Guard::never}) : std::nullopt;
  return on_side(*fork, child == holds ? Side::child : Side::parent);
}

namespace {

// The side of a fork that the branches around an event are for.
Condition::Fork fork_around(Evaluator& evaluator, Site site, FrameId frame, TestReader read) {
  const File& file = evaluator.program().file(site.file);
  for (RegionId region = file.event(site.event).region; region != none; region = file.facts.regions[region].parent) {
    const facts::Region& it = file.facts.regions[region];
    bool then = it.kind == facts::RegionKind::then_arm;
    if (!then && it.kind != facts::RegionKind::else_arm) continue;
    if (Condition condition = read({site.file, it.subject}, frame, then); condition.forks[0].side != Side::both) return condition.forks[0];
  }
  return {};
}

}  // namespace

std::optional<Condition> returned_side(Evaluator& evaluator, FrameId frame, Site value, bool null, TestReader read) {
  const File& file = evaluator.program().file(value.file);
  if (file.event(value.event).op != Op::read) return {};
  ScopeId scope = file.scope_of(value.event);
  if (evaluator.binding_scope(value.file, scope, file.event(value.event).name) != scope) return {};
  auto bindings = evaluator.reaching(value.file, scope, file.event(value.event).name, value.event);
  if (bindings.size() != 1 || file.event(bindings[0]).op != Op::bind) return {};
  Site call{value.file, file.operand(bindings[0], 0)};
  if (file.event(call.event).op != Op::call) return {};
  Values callees = evaluator.evaluate({call.file, file.operand(call.event, 0)}, frame);
  const Value callee = callees.size() == 1 ? evaluator.value(callees[0]) : Value{};
  if (callee.kind != ValueKind::function && callee.kind != ValueKind::bound) return {};
  const File& home = evaluator.program().file(callee.file);
  if (!home.launching.empty() && home.launching[callee.index] != 1) return {};
  const FrameId inside = evaluator.enter(callees[0], call, frame);
  Condition::Fork of_null, of_other;
  Side last = Side::both;
  for (EventId give : home.scopes[callee.index].returns) {
    Condition::Fork here = fork_around(evaluator, {callee.file, give}, inside, read);
    if (here.side == Side::both && last != Side::both) here = {of_null.side != Side::both ? of_null.site : of_other.site, last == Side::child ? Side::parent : Side::child};
    EventId given = home.operand(give, 0);
    Condition::Fork& known = given == none || home.event(given).op == Op::null ? of_null : of_other;
    if (here.side == Side::both || (known.side != Side::both && (known.side != here.side || known.site != here.site))) return {};
    known = here;
    last = here.side;
  }
  if (of_null.side == Side::both || of_other.side == Side::both || of_null.side == of_other.side || of_null.site != of_other.site) return {};
  return on_side(of_null.site, null ? of_null.side : of_other.side);
}

}  // namespace forklint::model
