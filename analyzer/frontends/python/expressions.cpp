// Expressions: operands first, then the event that uses them.
#include "analyzer/frontends/python/lowering.h"

namespace forklint::frontends::python {
namespace {

constexpr size_t longest_string = 256;

}  // namespace

EventId Lowering::expression(TSNode node) { return expression(node, kind_of(node)); }

EventId Lowering::expression(TSNode node, Kind kind) {
  if (depth_ >= deepest) {
    problem(node, "nested more than " + std::to_string(deepest) + " deep");
    return builder_.emit(Op::unknown, span_of(node));
  }
  ++depth_;
  struct Leave {
    int& depth;
    ~Leave() { --depth; }
  } leave{depth_};
  switch (kind) {
    case Kind::identifier_: return constant(Op::read, node);
    case Kind::integer_: case Kind::float_: return constant(Op::number, node);
    case Kind::true_: case Kind::false_: return constant(Op::boolean, node);
    case Kind::none_: return builder_.emit(Op::null, span_of(node));
    case Kind::ellipsis_: return builder_.emit(Op::unknown, span_of(node));
    case Kind::string_: case Kind::concatenated_string_: return string(node);
    case Kind::dotted_name_: {  // in patterns
      Children children(tree_, node);
      if (children.size() == 0) return unknown_of_children(node);
      EventId value = expression(children[0].node);
      for (size_t i = 1; i < children.size(); ++i) value = builder_.emit(Op::attribute, span_of(node), name(children[i].node), {value});
      return value;
    }
    case Kind::attribute_: case Kind::call_: case Kind::subscript_: case Kind::binary_operator_: case Kind::boolean_operator_: return chain(node, kind);
    case Kind::assignment_: return assignment(node);
    case Kind::augmented_assignment_: return augmented_assignment(node);
    case Kind::tuple_: case Kind::expression_list_: case Kind::pattern_list_: case Kind::tuple_pattern_: return elements(node, Op::tuple);
    case Kind::list_: case Kind::list_pattern_: return elements(node, Op::list);
    case Kind::set_: return elements(node, Op::set);
    case Kind::dictionary_: return dictionary(node);
    case Kind::slice_: return elements(node, Op::slice);
    case Kind::comparison_operator_: return comparison(node);
    case Kind::conditional_expression_: return conditional(node);
    case Kind::lambda_: return lambda(node);
    case Kind::list_comprehension_: case Kind::set_comprehension_: case Kind::dictionary_comprehension_: case Kind::generator_expression_:
      return comprehension(node, kind);
    case Kind::parenthesized_expression_: case Kind::type_: {
      Children children(tree_, node);
      return children.size() == 1 ? expression(children[0].node, children[0].kind) : unknown_of_children(node);
    }
    case Kind::named_expression_: {
      Children children(tree_, node);
      TSNode target_node = children.field(Field::name), value_node = children.field(Field::value);
      if (ts_node_is_null(target_node) || ts_node_is_null(value_node)) return unknown_of_children(node);
      EventId value = expression(value_node);
      builder_.emit(Op::bind, span_of(target_node), name(target_node), {value});
      return value;
    }
    case Kind::not_operator_: case Kind::unary_operator_: {
      Children children(tree_, node);
      TSNode argument = children.field(Field::argument);
      if (ts_node_is_null(argument)) return unknown_of_children(node);
      EventId value = expression(argument);
      TSNode sign = children.field(Field::operator_);
      NameId operation = kind == Kind::not_operator_ || ts_node_is_null(sign) ? builder_.name("not") : name(sign);
      return builder_.emit(Op::unary, span_of(node), operation, {value});
    }
    case Kind::await_: {
      Children children(tree_, node);
      if (children.size() != 1) return unknown_of_children(node);
      EventId value = expression(children[0].node, children[0].kind);
      return builder_.emit(Op::await, span_of(node), facts::name_positional, {value});
    }
    case Kind::yield_: {
      builder_.mark(scope_, facts::scope_generator);
      Children children(tree_, node);
      Op op = tree_.text(node).substr(5).find("from") < 8 && children.size() == 1 && ts_node_child_count(node) == 3 ? Op::yield_from : Op::yield;
      if (children.size() == 0) return builder_.emit(op, span_of(node));
      EventId value = expression(children[0].node, children[0].kind);
      return builder_.emit(op, span_of(node), facts::name_positional, {value});
    }
    default: return unknown_of_children(node);
  }
}

EventId Lowering::unknown_of_children(TSNode node) {
  std::vector<Operand> operands;
  Children children(tree_, node);
  for (size_t i = 0; i < children.size(); ++i)
    if (children[i].named) operands.push_back({expression(children[i].node, children[i].kind), facts::name_positional});
  return builder_.emit(Op::unknown, span_of(node), facts::name_positional, operands);
}

EventId Lowering::assignment(TSNode node) {
  Children children(tree_, node);
  TSNode left = children.field(Field::left), right = children.field(Field::right), type = children.field(Field::type);
  if (ts_node_is_null(left)) return unknown_of_children(node);
  EventId declared = facts::none;
  if (!ts_node_is_null(type)) declared = annotation(type);
  if (declared != facts::none && kind_of(left) == Kind::identifier_) builder_.emit(Op::declare, span_of(left), name(left), {declared});
  if (ts_node_is_null(right)) return declared;
  EventId value = expression(right);
  target(left, value);
  return value;
}

EventId Lowering::augmented_assignment(TSNode node) {
  Children children(tree_, node);
  TSNode left = children.field(Field::left), right = children.field(Field::right);
  if (ts_node_is_null(left) || ts_node_is_null(right)) return unknown_of_children(node);
  Children parts(tree_, left);
  switch (kind_of(left)) {
    case Kind::identifier_: {
      EventId value = expression(right);
      return builder_.emit(Op::augment, span_of(left), name(left), {value});
    }
    case Kind::attribute_: {
      TSNode object = parts.field(Field::object), attribute = parts.field(Field::attribute);
      if (ts_node_is_null(object) || ts_node_is_null(attribute)) return unknown_of_children(node);
      EventId base = expression(object);
      EventId value = expression(right);
      return builder_.emit(Op::augment_attribute, span_of(left), name(attribute), {base, value});
    }
    case Kind::subscript_: {
      TSNode object = parts.field(Field::value), index = parts.field(Field::subscript);
      if (ts_node_is_null(object) || ts_node_is_null(index)) return unknown_of_children(node);
      EventId base = expression(object);
      EventId key = expression(index);
      EventId value = expression(right);
      return builder_.emit(Op::augment_subscript, span_of(left), facts::name_positional, {base, key, value});
    }
    default: return unknown_of_children(node);
  }
}

void Lowering::target(TSNode node, EventId value) {
  Kind kind = kind_of(node);
  switch (kind) {
    case Kind::identifier_: builder_.emit(Op::bind, span_of(node), name(node), {value}); return;
    case Kind::attribute_: {
      Children children(tree_, node);
      TSNode object = children.field(Field::object), attribute = children.field(Field::attribute);
      if (ts_node_is_null(object) || ts_node_is_null(attribute)) return;
      EventId base = expression(object);
      builder_.emit(Op::set_attribute, span_of(node), name(attribute), {base, value});
      return;
    }
    case Kind::subscript_: {
      Children children(tree_, node);
      TSNode object = children.field(Field::value), index = children.field(Field::subscript);
      if (ts_node_is_null(object) || ts_node_is_null(index)) return;
      EventId base = expression(object);
      EventId key = expression(index);
      builder_.emit(Op::set_subscript, span_of(node), facts::name_positional, {base, key, value});
      return;
    }
    case Kind::parenthesized_expression_: case Kind::as_pattern_target_: case Kind::list_splat_pattern_: case Kind::list_splat_: {
      Children children(tree_, node);
      if (children.size() == 1 && ++depth_ < deepest) target(children[0].node, value);
      if (children.size() == 1) --depth_;
      return;
    }
    case Kind::tuple_: case Kind::list_: case Kind::pattern_list_: case Kind::tuple_pattern_: case Kind::list_pattern_: case Kind::expression_list_: {
      Children children(tree_, node);
      bool after_star = false;
      for (size_t i = 0; i < children.size() && depth_ < deepest; ++i) {
        Child child = children[i];
        bool star = child.kind == Kind::list_splat_pattern_ || child.kind == Kind::list_splat_;
        // Behind a starred target positions count from the end.
        uint32_t position = after_star ? (1u << 31) + uint32_t(children.size() - i) : uint32_t(i);
        EventId part = builder_.emit(Op::unpack, span_of(child.node), star ? facts::name_star : facts::name_positional, {value}, position);
        after_star |= star;
        ++depth_;
        target(child.node, part);
        --depth_;
      }
      return;
    }
    default: expression(node, kind); return;
  }
}

void Lowering::arguments(TSNode node, std::vector<Operand>& operands) {
  Children children(tree_, node);
  for (size_t i = 0; i < children.size(); ++i) {
    Child child = children[i];
    if (child.kind == Kind::keyword_argument_) {
      Children parts(tree_, child.node);
      TSNode key = parts.field(Field::name), value = parts.field(Field::value);
      if (ts_node_is_null(key) || ts_node_is_null(value)) continue;
      EventId argument = expression(value);
      operands.push_back({argument, name(key)});
    } else if (child.kind == Kind::list_splat_ || child.kind == Kind::dictionary_splat_ || child.kind == Kind::parenthesized_list_splat_) {
      Children parts(tree_, child.node);
      if (parts.size() != 1) continue;
      EventId argument = expression(parts[0].node, parts[0].kind);
      operands.push_back({argument, child.kind == Kind::dictionary_splat_ ? facts::name_double_star : facts::name_star});
    } else {
      operands.push_back({expression(child.node, child.kind), facts::name_positional});
    }
  }
}

EventId Lowering::elements(TSNode node, Op op) {
  std::vector<Operand> operands;
  Children children(tree_, node);
  for (size_t i = 0; i < children.size(); ++i) {
    Child child = children[i];
    if (child.kind == Kind::list_splat_ || child.kind == Kind::list_splat_pattern_) {
      Children parts(tree_, child.node);
      if (parts.size() == 1) operands.push_back({expression(parts[0].node, parts[0].kind), facts::name_star});
    } else {
      operands.push_back({expression(child.node, child.kind), facts::name_positional});
    }
  }
  return builder_.emit(op, span_of(node), facts::name_positional, operands);
}

EventId Lowering::dictionary(TSNode node) {
  std::vector<Operand> operands;
  Children children(tree_, node);
  for (size_t i = 0; i < children.size(); ++i) {
    Children parts(tree_, children[i].node);
    if (children[i].kind == Kind::dictionary_splat_ && parts.size() == 1) {
      operands.push_back({expression(parts[0].node, parts[0].kind), facts::name_double_star});
    } else if (children[i].kind == Kind::pair_ && parts.size() == 2) {
      operands.push_back({expression(parts[0].node, parts[0].kind), facts::name_positional});
      operands.push_back({expression(parts[1].node, parts[1].kind), facts::name_positional});
    }
  }
  return builder_.emit(Op::dict, span_of(node), facts::name_positional, operands);
}

EventId Lowering::comparison(TSNode node) {
  std::vector<Operand> operands;
  std::string operators;
  Children children(tree_, node);
  for (size_t i = 0; i < children.size(); ++i) {
    Child child = children[i];
    if (child.field == Field::operators) {
      if (child.named) continue;
      if (!operators.empty()) operators += ' ';
      operators += tree_.text(child.node);
    } else if (child.named) {
      operands.push_back({expression(child.node, child.kind), facts::name_positional});
    }
  }
  return builder_.emit(Op::compare, span_of(node), builder_.name(operators), operands);
}

// a if p else b if q else c nests on its right, as deep as it is long: a loop, as for chains.
EventId Lowering::conditional(TSNode node) {
  struct Arms {
    Span span;
    EventId condition, yes;
  };
  std::vector<Arms> open;
  Kind kind = Kind::conditional_expression_;
  while (kind == Kind::conditional_expression_) {
    Children children(tree_, node);
    if (children.size() != 3) break;
    EventId condition = expression(children[1].node, children[1].kind);
    uint32_t number = builder_.new_statement();
    builder_.begin(RegionKind::then_arm, condition, number);
    EventId yes = expression(children[0].node, children[0].kind);
    builder_.end();
    builder_.begin(RegionKind::else_arm, condition, number);
    open.push_back({span_of(node), condition, yes});
    node = children[2].node;
    kind = children[2].kind;
  }
  EventId value = kind == Kind::conditional_expression_ ? unknown_of_children(node) : expression(node, kind);
  for (; !open.empty(); open.pop_back()) {
    builder_.end();
    value = builder_.emit(Op::conditional, open.back().span, facts::name_positional, {open.back().condition, open.back().yes, value});
  }
  return value;
}

EventId Lowering::lambda(TSNode node) {
  Children children(tree_, node);
  TSNode body_node = children.field(Field::body);
  if (ts_node_is_null(body_node)) return unknown_of_children(node);
  std::vector<facts::Parameter> list = parameters(children.field(Field::parameters));
  ScopeId scope = builder_.add_scope(ScopeKind::lambda, scope_, builder_.name("<lambda>"), span_of(node));
  builder_.set_parameters(scope, list);
  EventId value = builder_.emit(Op::lambda, span_of(node), facts::name_positional, {}, scope);
  builder_.define(scope, value);
  queue(scope, body_node, Kind::lambda_);
  return value;
}

// The outermost iterable belongs to the enclosing scope and arrives as the parameter ".0", as in CPython.
EventId Lowering::comprehension(TSNode node, Kind kind) {
  Children children(tree_, node);
  TSNode iterable{};
  for (size_t i = 0; i < children.size() && ts_node_is_null(iterable); ++i)
    if (children[i].kind == Kind::for_in_clause_) iterable = Children(tree_, children[i].node).field(Field::right);
  if (ts_node_is_null(iterable)) return unknown_of_children(node);
  EventId source = expression(iterable);
  ScopeId scope = builder_.add_scope(ScopeKind::comprehension, scope_, builder_.name("<comprehension>"), span_of(node));
  facts::Parameter parameter{.name = builder_.name(".0"), .kind = facts::ParameterKind::positional_only, .span = span_of(iterable)};
  builder_.set_parameters(scope, {&parameter, 1});
  std::string_view what = kind == Kind::list_comprehension_ ? "list" : kind == Kind::set_comprehension_ ? "set" : kind == Kind::dictionary_comprehension_ ? "dict" : "generator";
  EventId value = builder_.emit(Op::comprehension, span_of(node), builder_.name(what), {source}, scope);
  builder_.define(scope, value);
  queue(scope, node, kind);
  return value;
}

void Lowering::comprehension_body(const Pending& pending) {
  Children children(tree_, pending.body);
  size_t open_regions = 0;
  bool outermost = true;
  for (size_t i = 0; i < children.size(); ++i) {
    Child child = children[i];
    Children parts(tree_, child.node);
    if (child.kind == Kind::for_in_clause_) {
      TSNode left = parts.field(Field::left), right = parts.field(Field::right);
      if (ts_node_is_null(left) || ts_node_is_null(right)) continue;
      EventId iterable = outermost ? builder_.emit(Op::read, span_of(right), builder_.name(".0")) : expression(right);
      outermost = false;
      builder_.begin(RegionKind::loop, iterable, builder_.new_statement());
      ++open_regions;
      EventId element = builder_.emit(Op::iterate, span_of(left), facts::name_positional, {iterable});
      if (parts.starts_with_async()) builder_.flag(element, facts::flag_async);
      target(left, element);
    } else if (child.kind == Kind::if_clause_ && parts.size() == 1) {
      EventId condition = expression(parts[0].node, parts[0].kind);
      builder_.begin(RegionKind::then_arm, condition, builder_.new_statement());
      ++open_regions;
    }
  }
  TSNode body_node = children.field(Field::body);
  if (!ts_node_is_null(body_node)) {
    EventId value = kind_of(body_node) == Kind::pair_ ? elements(body_node, Op::tuple) : expression(body_node);
    builder_.emit(Op::yield, span_of(body_node), facts::name_positional, {value});
  }
  while (open_regions-- > 0) builder_.end();
}

// Appends a literal's text (simple escapes decoded) and its interpolated parts. False: it interpolates.
bool Lowering::append_string(TSNode node, std::string& text, std::vector<Operand>& parts, bool& is_bytes) {
  Children children(tree_, node);
  bool plain = true;
  for (size_t i = 0; i < children.size(); ++i) {
    Child child = children[i];
    if (child.kind == Kind::string_start_) {
      std::string_view prefix = tree_.text(child.node);
      is_bytes |= prefix.find_first_of("bB") < prefix.find_first_of("'\"");
    } else if (child.kind == Kind::string_content_) {
      if (text.size() < longest_string) text += tree_.text(child.node).substr(0, longest_string - text.size());
    } else if (child.kind == Kind::interpolation_) {
      plain = false;
      Children inner(tree_, child.node);
      for (size_t j = 0; j < inner.size(); ++j)
        if (inner[j].field == Field::expression) parts.push_back({expression(inner[j].node, inner[j].kind), facts::name_positional});
    }
  }
  return plain;
}

EventId Lowering::string(TSNode node) {
  std::string text;
  std::vector<Operand> parts;
  bool is_bytes = false, plain = true;
  if (kind_of(node) == Kind::concatenated_string_) {
    Children children(tree_, node);
    for (size_t i = 0; i < children.size(); ++i) plain &= append_string(children[i].node, text, parts, is_bytes);
  } else {
    plain = append_string(node, text, parts, is_bytes);
  }
  while (!text.empty() && text.size() >= longest_string && (uint8_t(text.back()) & 0xC0) == 0x80) text.pop_back();  // no half code point
  if (!text.empty() && text.size() >= longest_string - 3 && uint8_t(text.back()) >= 0xC0) text.pop_back();
  if (!plain) return builder_.emit(Op::format, span_of(node), builder_.name(text), parts);
  return builder_.emit(is_bytes ? Op::bytes : Op::string, span_of(node), builder_.name(text));
}

}  // namespace forklint::frontends::python
