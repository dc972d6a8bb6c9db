#include "rules/inherited_state/kept_descriptor.h"

#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

// Whether an expression is a variable of the function that is an object, not a pointer to one: its fields end with it.
bool is_own_object(const Program& code, FunctionId id, EventId event) {
  auto inside = [&](const facts::Event& it) { return (it.op == Op::attribute || it.op == Op::subscript || it.op == Op::unary) && it.operands_count; };
  while (inside(code.event(id, event))) event = code.operand(id, event, 0);
  if (code.event(id, event).op != Op::read || !code.object(id, event).local) return false;
  facts::Range events = code.facts(id).scopes[code.function(id).scope].events;
  for (EventId at = events.begin; at < event; ++at)
    if (code.event(id, at).op == Op::declare && code.event(id, at).name == code.event(id, event).name) return code.event(id, at).operands_count && code.event(id, code.operand(id, at, 0)).op == Op::read;
  return false;
}

// Whether a function does nothing to what a local variable has but ask, read and write: whoever closes or marks it sees to it, and so may
// whoever is handed it.
bool only_uses(const Program& code, FunctionId id, const std::string& variable) {
  for (const Call& call : code.function(id).calls)
    for (uint32_t i = 1; i < code.event(id, call.event).operands_count; ++i) {
      const EventId given = code.operand(id, call.event, i);
      if (given == none || code.object(id, given).key != variable) continue;
      if (!call.api || !call.targets.empty() || call.api->closes || call.api->sets_cloexec || call.api->refers || call.api->duplicates) return false;
    }
  return true;
}

// What is set to a local variable that a call's descriptor was put into, at `bound`: fd = open(…); if (fd < 0) return; key->fd = fd.
Object kept_later(const Program& code, FunctionId id, const Call& call, EventId bound) {
  const facts::Range events = code.facts(id).scopes[code.function(id).scope].events;
  auto is_it = [&](EventId value) {
    if (value == none || code.event(id, value).op != Op::read) return false;
    const std::optional<Program::Local> local = code.local(id, code.event(id, value).name);
    return local && local->function == id && local->value == call.event;
  };
  Object kept;
  for (EventId at = bound + 1; at < events.end; ++at) {
    const facts::Event& event = code.event(id, at);
    if (event.op == Op::return_ && event.operands_count && is_it(code.operand(id, at, 0))) return {};  // whoever gets it may see to it
    if (event.op == Op::bind && is_it(code.operand(id, at, 0))) kept = code.object(id, at);
    if (event.op == Op::set_attribute && is_it(code.operand(id, at, 1)) && !is_own_object(code, id, code.operand(id, at, 0))) kept = {.key = std::string(code.name_of(id, at)), .name = code.name_of(id, at)};
  }
  return kept.local || kept.empty() || !only_uses(code, id, code.object(id, bound).key) ? Object{} : kept;
}

}  // namespace

Object kept_in(const Program& code, FunctionId id, const Call& call) {
  if (call.api->pipe) {
    EventId pair = code.argument(id, call.event, *call.api->pipe);
    if (pair == none || is_own_object(code, id, pair)) return {};
    Object object = code.object(id, pair);
    return object.local ? Object{} : object;
  }
  facts::Range events = code.facts(id).scopes[code.function(id).scope].events;
  for (EventId at = call.event + 1; at < events.end && at < call.event + 6; ++at) {
    const facts::Event& event = code.event(id, at);
    if (event.op == Op::bind && code.operand(id, at, 0) == call.event) {
      Object object = code.object(id, at);
      return object.local ? kept_later(code, id, call, at) : object;
    }
    if (event.op == Op::set_attribute && code.operand(id, at, 1) == call.event && !is_own_object(code, id, code.operand(id, at, 0))) return {.key = std::string(code.name_of(id, at)), .name = code.name_of(id, at)};
  }
  return {};
}

}  // namespace forklint::rules
