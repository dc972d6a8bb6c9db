// Expressions that nest on their left: a.b().c[0], a + b + c, a or b or c. Generated code has chains of many thousand
// links, so the left side is walked in a loop; only what stands to the right of it is lowered by recursion.
#include "analyzer/frontends/python/lowering.h"

namespace forklint::frontends::python {

bool is_link(Kind kind) {
  switch (kind) {
    case Kind::attribute_: case Kind::call_: case Kind::subscript_: case Kind::binary_operator_: case Kind::boolean_operator_: return true;
    default: return false;
  }
}

// The left side of a link; a null node when the link is damaged.
TSNode Lowering::left_side(const Link& link) {
  const Children& children = link.children;
  auto missing = [&](Field field) { return ts_node_is_null(children.field(field)); };
  switch (link.kind) {
    case Kind::attribute_: return missing(Field::attribute) ? TSNode{} : children.field(Field::object);
    case Kind::call_: return children.field(Field::function);
    case Kind::subscript_: return children.field(Field::value);
    default: return missing(Field::right) || missing(Field::operator_) ? TSNode{} : children.field(Field::left);
  }
}

EventId Lowering::chain(TSNode node, Kind kind) {
  const size_t bottom = links_.size();
  while (is_link(kind)) {
    TSNode left = left_side(links_.emplace_back(tree_, node, kind));
    if (ts_node_is_null(left)) {
      links_.pop_back();
      break;
    }
    node = left;
    kind = kind_of(left);
  }
  EventId value = is_link(kind) ? unknown_of_children(node) : expression(node, kind);
  for (; links_.size() > bottom; links_.pop_back()) value = follow(links_.back(), value);
  return value;
}

// The value of a link whose left side is lowered. What is lowered here may push links, and takes them off again.
EventId Lowering::follow(const Link& link, EventId left) {
  const Children& children = link.children;
  switch (link.kind) {
    case Kind::attribute_: return builder_.emit(Op::attribute, span_of(link.node), name(children.field(Field::attribute)), {left});
    case Kind::call_: return call(link, left);
    case Kind::subscript_: return subscript(link, left);
    case Kind::boolean_operator_: return boolean_operation(link, left);
    default: {
      EventId right = expression(children.field(Field::right));
      return builder_.emit(Op::binary, span_of(link.node), name(children.field(Field::operator_)), {left, right});
    }
  }
}

EventId Lowering::call(const Link& link, EventId function) {
  std::vector<Operand> operands{{function, facts::name_positional}};
  TSNode list = link.children.field(Field::arguments);
  if (!ts_node_is_null(list)) {
    if (kind_of(list) == Kind::generator_expression_) operands.push_back({expression(list), facts::name_positional});
    else arguments(list, operands);
  }
  return builder_.emit(Op::call, span_of(link.node), facts::name_positional, operands);
}

EventId Lowering::subscript(const Link& link, EventId base) {
  const Children& children = link.children;
  std::vector<Operand> keys;
  for (size_t i = 0; i < children.size(); ++i)
    if (children[i].field == Field::subscript && children[i].named) keys.push_back({expression(children[i].node, children[i].kind), facts::name_positional});
  EventId key = keys.size() == 1 ? keys[0].value : builder_.emit(Op::tuple, span_of(link.node), facts::name_positional, keys);
  return builder_.emit(Op::subscript, span_of(link.node), facts::name_positional, {base, key});
}

// The right side runs only if the left one lets it: it is an arm.
EventId Lowering::boolean_operation(const Link& link, EventId first) {
  bool conjunction = tree_.text(link.children.field(Field::operator_)) == "and";
  builder_.begin(conjunction ? RegionKind::then_arm : RegionKind::else_arm, first, builder_.new_statement());
  EventId second = expression(link.children.field(Field::right));
  builder_.end();
  return builder_.emit(Op::boolean_operation, span_of(link.node), builder_.name(conjunction ? "and" : "or"), {first, second});
}

}  // namespace forklint::frontends::python
