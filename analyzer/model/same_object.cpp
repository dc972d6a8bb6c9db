// Whether two values are one object.
#include "analyzer/model/liveness.h"

namespace forklint::model {
namespace {

// Whether two frames may be one activation: entered from one place, by frames of which the same holds.
bool same_activation(const Evaluator& evaluator, FrameId a, FrameId b, int depth = 0) {
  constexpr int deepest = 12;
  if (a == b || a == any_frame || b == any_frame || depth > deepest) return true;
  const Frame& x = evaluator.frame(a);
  const Frame& y = evaluator.frame(b);
  if (x.file != y.file || x.scope != y.scope) return false;
  if (x.receiver != y.receiver && !same_object(evaluator, x.receiver, y.receiver)) return false;
  if (x.call.event == none || y.call.event == none) return true;  // called by nobody known
  return x.call == y.call && same_activation(evaluator, x.caller, y.caller, depth + 1);
}

// if cls.threads is None: cls.threads = ThreadPoolExecutor() — made once, whoever asks first.
bool made_once(const Evaluator& evaluator, const Value& object) {
  const File& file = evaluator.program().file(object.file);
  constexpr EventId near = 4;
  for (EventId id = object.index + 1; id < file.facts.events.size() && id <= object.index + near; ++id) {
    const facts::Event& event = file.event(id);
    const ScopeId scope = file.scope_of(id);
    EventId owner = none;
    if (event.op == Op::set_attribute && file.operand(id, 1) == object.index) owner = file.operand(id, 0);
    else if (event.op != Op::bind || file.operand(id, 0) != object.index || scope == 0 || file.binding_scope(scope, event.name) != 0) continue;
    if (owner != none) {
      if (file.event(owner).op != Op::read) return false;
      const bool of_class = file.name_of(owner) == "cls" || file.binding_scope(scope, file.event(owner).name) == 0;
      if (!of_class) return false;
    }
    if (event.region == none || file.facts.regions[event.region].kind != facts::RegionKind::then_arm) return false;
    EventId test = file.facts.regions[event.region].subject;
    const bool negated = file.event(test).op == Op::unary && file.name_of(test) == "not";
    const bool null = file.event(test).op == Op::compare && file.event(test).operands_count == 2 && file.name_of(test) == "is" && file.event(file.operand(test, 1)).op == Op::null;
    if (!negated && !null) return false;
    const EventId asked = file.operand(test, 0);
    return asked != none && (file.event(asked).op == Op::read || file.event(asked).op == Op::attribute) && file.event(asked).name == event.name;
  }
  return false;
}

}  // namespace

bool same_object(const Evaluator& evaluator, ValueId a, ValueId b) {
  if (a == unknown_value || b == unknown_value) return false;
  if (a == b) return true;
  const Value& x = evaluator.value(a);
  const Value& y = evaluator.value(b);
  bool made = x.kind == ValueKind::object || x.kind == ValueKind::instance || x.kind == ValueKind::container;
  if (!made || x.kind != y.kind || x.file != y.file || x.index != y.index || x.symbol != y.symbol || x.index == none) return false;
  return same_activation(evaluator, x.frame, y.frame) || made_once(evaluator, x);
}

}  // namespace forklint::model
