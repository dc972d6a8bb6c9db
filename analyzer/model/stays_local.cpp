#include <algorithm>

#include "analyzer/model/liveness.h"

namespace forklint::model {
namespace {

// The variable of its own function that an object is bound to as it is made; none where it is not one of the kind.
NameId variable_of(const File& file, const Value& object) {
  constexpr EventId near = 4;
  const ScopeId scope = file.scope_of(object.index);
  for (EventId id = object.index + 1; id < file.facts.scopes[scope].events.end && id <= object.index + near; ++id) {
    const facts::Event& event = file.event(id);
    if (event.op == Op::enter && file.operand(id, 0) == object.index) continue;
    if (event.op != Op::bind || file.operand(id, 0) != object.index) continue;
    return file.binding_scope(scope, event.name) == scope ? event.name : none;
  }
  return none;
}

// pool.map(…), with pool: what does not give it away.
bool only_used(const File& file, EventId read) {
  const EventId end = file.facts.scopes[file.scope_of(read)].events.end;
  auto users = [&](EventId of, auto&& fits) {
    for (EventId id = of + 1; id < end; ++id)
      for (uint32_t i = 0; i < file.event(id).operands_count; ++i)
        if (file.operand(id, i) == of && !fits(id, i)) return false;
    return true;
  };
  return users(read, [&](EventId user, uint32_t) {
    if (file.event(user).op == Op::enter) return true;
    return file.event(user).op == Op::attribute && users(user, [&](EventId call, uint32_t at) { return file.event(call).op == Op::call && at == 0; });
  });
}

// A handle of a task holds the pool that it was given to.
bool holds(Evaluator& evaluator, ValueId value, ValueId object) {
  if (value == object) return true;
  const Value it = evaluator.value(value);
  const Value callee = evaluator.value(it.base);
  if (it.kind != ValueKind::object || (it.base != object && (callee.kind != ValueKind::method || callee.base != object))) return false;
  const knowledge::Api* maker = evaluator.maker(value);
  return !maker || !maker->task || maker->task->lazy_result;  // map() gives the results themselves
}

}  // namespace

bool stays_local(Evaluator& evaluator, ValueId object) {
  const Value it = evaluator.value(object);
  if (it.kind != ValueKind::object || it.index == none) return false;
  const File& file = evaluator.program().file(it.file);
  const ScopeId scope = file.scope_of(it.index);
  const facts::Scope& function = file.facts.scopes[scope];
  if (function.kind != facts::ScopeKind::function || (function.flags & (facts::scope_generator | facts::scope_async))) return false;
  const NameId name = variable_of(file, it);
  if (name == none) return false;
  for (EventId id = function.events.begin; id < file.facts.events.size(); ++id) {
    const facts::Event& event = file.event(id);
    if ((event.op != Op::read && event.op != Op::declare) || event.name != name || file.binding_scope(file.scope_of(id), name) != scope) continue;
    if (event.op != Op::read || file.scope_of(id) != scope || !only_used(file, id)) return false;
  }
  for (EventId give : file.scopes[scope].returns) {
    const EventId value = file.operand(give, 0);
    for (ValueId given : value == none ? Values{} : Values(evaluator.evaluate({it.file, value}, it.frame))) {
      if (holds(evaluator, given, object)) return false;
      for (ValueId element : evaluator.elements(given))
        if (holds(evaluator, element, object)) return false;
    }
  }
  return true;
}

}  // namespace forklint::model
