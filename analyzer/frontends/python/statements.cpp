// Statements: control flow becomes regions, everything else events.
#include "analyzer/frontends/python/lowering.h"

namespace forklint::frontends::python {

namespace {
constexpr size_t most_problems = 20;
}

void Lowering::module() {
  TSNode root = tree_.root();
  scope_ = builder_.add_scope(ScopeKind::module, facts::none, facts::name_positional, span_of(root));
  builder_.open(scope_);
  body(root);
  builder_.close();
  run_pending();
}

void Lowering::run_pending() {
  while (!pending_.empty()) {
    Pending next = pending_.front();
    pending_.pop_front();
    scope_ = next.scope;
    builder_.open(scope_);
    if (next.kind == Kind::lambda_) {
      EventId value = expression(next.body);
      builder_.emit(Op::return_, span_of(next.body), facts::name_positional, {value});
    } else if (next.kind == Kind::function_definition_ || next.kind == Kind::class_definition_) {
      body(next.body);
    } else {
      comprehension_body(next);
    }
    builder_.close();
  }
}

void Lowering::problem(TSNode node, std::string_view message) {
  auto& problems = builder_.facts().problems;
  if (problems.size() < most_problems) problems.push_back({span_of(node), std::string(message)});
}

void Lowering::body(TSNode block) {
  if (ts_node_is_null(block)) return;
  Children children(tree_, block);
  for (size_t i = 0; i < children.size(); ++i) {
    if (!misindented_ && out_of_line(children[i].node, children[0].node)) misindented_ = span_of(children[i].node);
    statement(children[i]);
  }
}

// Whether a statement opens its line further in, or less far, than the first of its block does. What stands before a form feed counts as nothing.
bool Lowering::out_of_line(TSNode statement, TSNode first) const {
  const std::string_view text = tree_.text();
  auto before = [&](TSNode node) { return text.substr(ts_node_start_byte(node) - ts_node_start_point(node).column, ts_node_start_point(node).column); };
  auto indentation = [](std::string_view line) { return line.substr(line.rfind('\f') + 1); };
  if (ts_node_start_point(statement).row == ts_node_start_point(first).row) return false;
  const std::string_view line = before(statement);
  if (line.find_first_not_of(" \t\f") != line.npos || indentation(line).size() == indentation(before(first)).size()) return false;
  const size_t start = size_t(line.data() - text.data());
  const bool continued = start >= 2 && (text[start - 2] == '\\' || (start >= 3 && text[start - 2] == '\r' && text[start - 3] == '\\'));
  return !continued;
}

void Lowering::statement(Child child) {
  TSNode node = child.node;
  switch (child.kind) {
    case Kind::expression_statement_: {
      Children children(tree_, node);
      if (children.size() > 1) {
        elements(node, Op::tuple);
      } else if (children.size() == 1) {
        expression(children[0].node, children[0].kind);
      }
      return;
    }
    case Kind::import_statement_: return import_statement(node);
    case Kind::import_from_statement_: return import_from_statement(node);
    case Kind::function_definition_: return function_definition(node, TSNode{});
    case Kind::class_definition_: return class_definition(node, TSNode{});
    case Kind::decorated_definition_: {
      TSNode definition = Children(tree_, node).field(Field::definition);
      if (ts_node_is_null(definition)) return;
      if (kind_of(definition) == Kind::class_definition_) return class_definition(definition, node);
      return function_definition(definition, node);
    }
    case Kind::if_statement_: return if_statement(node);
    case Kind::for_statement_: return for_statement(node);
    case Kind::while_statement_: return while_statement(node);
    case Kind::try_statement_: return try_statement(node);
    case Kind::with_statement_: return with_statement(node);
    case Kind::match_statement_: return match_statement(node);
    case Kind::return_statement_: return value_statement(node, Op::return_);
    case Kind::assert_statement_: return value_statement(node, Op::assert);
    case Kind::raise_statement_: return raise_statement(node);
    case Kind::break_statement_: builder_.emit(Op::break_, span_of(node)); return;
    case Kind::continue_statement_: builder_.emit(Op::continue_, span_of(node)); return;
    case Kind::pass_statement_: return;
    case Kind::print_statement_: case Kind::exec_statement_: return old_statement(child);
    case Kind::future_import_statement_: return;
    case Kind::global_statement_: return declare_names(node, Op::global);
    case Kind::nonlocal_statement_: return declare_names(node, Op::nonlocal);
    case Kind::delete_statement_: {
      Children children(tree_, node);
      for (size_t i = 0; i < children.size(); ++i) delete_target(children[i].node);
      return;
    }
    case Kind::type_alias_statement_: {
      TSNode left = Children(tree_, node).field(Field::left);
      if (!ts_node_is_null(left)) builder_.emit(Op::bind, span_of(left), name(left), {builder_.emit(Op::unknown, span_of(node))});
      return;
    }
    case Kind::block_: return body(node);
    case Kind::ERROR_: {
      if (++depth_ < 200) body(node);
      --depth_;
      return;
    }
    default: expression(node, child.kind); return;
  }
}

// `print "x"` is Python 2; `print (x), y` and `print >> file, x`, which the grammar takes for it too, are Python 3.
void Lowering::old_statement(Child child) {
  Children children(tree_, child.node);
  Kind first = children.size() > 0 ? children[0].kind : Kind::tuple_;
  bool valid = first == Kind::parenthesized_expression_ || first == Kind::tuple_ || first == Kind::chevron_;
  if (!python_2_ && !valid) python_2_ = span_of(child.node);
  expression(child.node, child.kind);
}

void Lowering::value_statement(TSNode node, Op op) {
  Children children(tree_, node);
  if (children.size() == 0) {
    builder_.emit(op, span_of(node));
    return;
  }
  EventId value = expression(children[0].node, children[0].kind);
  builder_.emit(op, span_of(node), facts::name_positional, {value});
}

void Lowering::raise_statement(TSNode node) {
  Children children(tree_, node);
  std::vector<Operand> operands;
  for (size_t i = 0; i < children.size(); ++i) {
    NameId role = children[i].field == Field::cause ? builder_.name("from") : facts::name_positional;
    operands.push_back({expression(children[i].node, children[i].kind), role});
  }
  builder_.emit(Op::raise, span_of(node), facts::name_positional, operands);
}

void Lowering::declare_names(TSNode node, Op op) {
  Children children(tree_, node);
  for (size_t i = 0; i < children.size(); ++i)
    if (children[i].kind == Kind::identifier_) builder_.emit(op, span_of(children[i].node), name(children[i].node));
}

void Lowering::delete_target(TSNode node) {
  switch (kind_of(node)) {
    case Kind::identifier_: builder_.emit(Op::delete_name, span_of(node), name(node)); return;
    case Kind::attribute_: {
      Children children(tree_, node);
      TSNode object = children.field(Field::object), attribute = children.field(Field::attribute);
      if (ts_node_is_null(object) || ts_node_is_null(attribute)) return;
      EventId base = expression(object);
      builder_.emit(Op::delete_attribute, span_of(node), name(attribute), {base});
      return;
    }
    case Kind::subscript_: {
      Children children(tree_, node);
      TSNode value = children.field(Field::value), index = children.field(Field::subscript);
      if (ts_node_is_null(value) || ts_node_is_null(index)) return;
      EventId base = expression(value);
      EventId key = expression(index);
      builder_.emit(Op::delete_subscript, span_of(node), facts::name_positional, {base, key});
      return;
    }
    case Kind::expression_list_: case Kind::tuple_: case Kind::list_: case Kind::parenthesized_expression_: {
      if (++depth_ < 200) {
        Children children(tree_, node);
        for (size_t i = 0; i < children.size(); ++i) delete_target(children[i].node);
      }
      --depth_;
      return;
    }
    default: expression(node); return;
  }
}

// elif chains nest: each else arm holds the next test. They are walked in a loop and closed together.
void Lowering::if_statement(TSNode node) {
  Children children(tree_, node);
  size_t open_arms = 0;
  uint32_t number = 0;
  EventId condition = facts::none;
  auto test = [&](TSNode condition_node, TSNode consequence) {
    number = builder_.new_statement();
    condition = ts_node_is_null(condition_node) ? builder_.emit(Op::unknown, span_of(node)) : expression(condition_node);
    builder_.begin(RegionKind::then_arm, condition, number);
    body(consequence);
    builder_.end();
  };
  test(children.field(Field::condition), children.field(Field::consequence));
  for (size_t i = 0; i < children.size(); ++i) {
    Child child = children[i];
    if (child.kind != Kind::elif_clause_ && child.kind != Kind::else_clause_) {
      if (child.kind == Kind::ERROR_) statement(child);
      continue;
    }
    builder_.begin(RegionKind::else_arm, condition, number);
    ++open_arms;
    Children parts(tree_, child.node);
    if (child.kind == Kind::elif_clause_) test(parts.field(Field::condition), parts.field(Field::consequence));
    else body(parts.field(Field::body));
  }
  while (open_arms-- > 0) builder_.end();
}

void Lowering::for_statement(TSNode node) {
  Children children(tree_, node);
  TSNode left = children.field(Field::left), right = children.field(Field::right), alternative = children.field(Field::alternative);
  if (ts_node_is_null(right)) return;
  EventId iterable = expression(right);
  uint32_t number = builder_.new_statement();
  builder_.begin(RegionKind::loop, iterable, number);
  EventId element = builder_.emit(Op::iterate, ts_node_is_null(left) ? span_of(right) : span_of(left), facts::name_positional, {iterable});
  if (children.starts_with_async()) builder_.flag(element, facts::flag_async);
  if (!ts_node_is_null(left)) target(left, element);
  body(children.field(Field::body));
  builder_.end();
  if (ts_node_is_null(alternative)) return;
  builder_.begin(RegionKind::loop_else, iterable, number);
  body(Children(tree_, alternative).field(Field::body));
  builder_.end();
}

void Lowering::while_statement(TSNode node) {
  Children children(tree_, node);
  TSNode test = children.field(Field::condition), alternative = children.field(Field::alternative);
  uint32_t number = builder_.new_statement();
  facts::RegionId region = builder_.begin(RegionKind::loop, facts::none, number);
  EventId condition = ts_node_is_null(test) ? facts::none : expression(test);
  builder_.set_subject(region, condition);
  body(children.field(Field::body));
  builder_.end();
  if (ts_node_is_null(alternative)) return;
  builder_.begin(RegionKind::loop_else, condition, number);
  body(Children(tree_, alternative).field(Field::body));
  builder_.end();
}

void Lowering::try_statement(TSNode node) {
  Children children(tree_, node);
  uint32_t number = builder_.new_statement();
  builder_.begin(RegionKind::try_body, facts::none, number);
  body(children.field(Field::body));
  builder_.end();
  for (size_t i = 0; i < children.size(); ++i) {
    Child child = children[i];
    if (child.kind == Kind::except_clause_) {
      except_clause(child.node, number);
    } else if (child.kind == Kind::else_clause_ || child.kind == Kind::finally_clause_) {
      bool last = child.kind == Kind::finally_clause_;
      builder_.begin(last ? RegionKind::finally : RegionKind::try_else, facts::none, number);
      Children parts(tree_, child.node);
      for (size_t j = 0; j < parts.size(); ++j) statement(parts[j]);
      builder_.end();
    } else if (child.kind == Kind::ERROR_) {
      statement(child);
    }
  }
}

void Lowering::except_clause(TSNode node, uint32_t number) {
  Children parts(tree_, node);
  facts::RegionId region = builder_.begin(RegionKind::except_arm, facts::none, number);
  for (size_t i = 0; i < parts.size(); ++i) {
    Child part = parts[i];
    if (part.kind == Kind::block_) {
      body(part.node);
      continue;
    }
    if (part.field == Field::alias) continue;  // `except A, e`, of Python 2
    TSNode alias{};
    TSNode type = part.node;
    if (part.kind == Kind::as_pattern_) {
      Children pattern(tree_, part.node);
      if (pattern.size() > 0) type = pattern[0].node;
      TSNode holder = pattern.field(Field::alias);
      if (!ts_node_is_null(holder) && ts_node_child_count(holder) > 0) alias = ts_node_child(holder, 0);
    }
    EventId caught_type = expression(type);
    builder_.set_subject(region, caught_type);
    EventId caught = builder_.emit(Op::caught, span_of(type), facts::name_positional, {caught_type});
    if (!ts_node_is_null(alias)) target(alias, caught);
  }
  builder_.end();
}

void Lowering::with_statement(TSNode node) {
  Children children(tree_, node);
  uint32_t number = builder_.new_statement();
  size_t open_regions = 0;
  for (size_t i = 0; i < children.size(); ++i) {
    if (children[i].kind != Kind::with_clause_) continue;
    Children items(tree_, children[i].node);
    for (size_t j = 0; j < items.size(); ++j) {
      TSNode value = items[j].kind == Kind::with_item_ ? Children(tree_, items[j].node).field(Field::value) : items[j].node;
      if (ts_node_is_null(value)) continue;
      TSNode alias{};
      if (kind_of(value) == Kind::as_pattern_) {
        Children pattern(tree_, value);
        TSNode holder = pattern.field(Field::alias);
        if (!ts_node_is_null(holder) && ts_node_child_count(holder) > 0) alias = ts_node_child(holder, 0);
        if (pattern.size() > 0) value = pattern[0].node;
      }
      EventId manager = expression(value);
      EventId entered = builder_.emit(Op::enter, span_of(value), facts::name_positional, {manager});
      if (children.starts_with_async()) builder_.flag(entered, facts::flag_async);
      builder_.begin(RegionKind::with, entered, number);
      ++open_regions;
      if (!ts_node_is_null(alias)) target(alias, entered);
    }
  }
  body(children.field(Field::body));
  while (open_regions-- > 0) builder_.end();
}

// A match is a chain of tests, as if and elif are.
void Lowering::match_statement(TSNode node) {
  Children children(tree_, node);
  TSNode subject_node = children.field(Field::subject), block = children.field(Field::body);
  if (ts_node_is_null(subject_node) || ts_node_is_null(block)) return;
  EventId subject = expression(subject_node);
  Children cases(tree_, block);
  size_t open_arms = 0;
  for (size_t i = 0; i < cases.size(); ++i) {
    if (cases[i].kind != Kind::case_clause_) continue;
    Children parts(tree_, cases[i].node);
    uint32_t number = builder_.new_statement();
    TSNode pattern = parts.size() > 0 && parts[0].kind == Kind::case_pattern_ ? parts[0].node : TSNode{};
    EventId condition = ts_node_is_null(pattern) ? builder_.emit(Op::unknown, span_of(cases[i].node)) : case_condition(pattern, subject);
    builder_.begin(RegionKind::then_arm, condition, number);
    if (!ts_node_is_null(pattern)) bind_captures(pattern, subject);
    TSNode guard = parts.field(Field::guard);
    if (!ts_node_is_null(guard)) {
      Children test(tree_, guard);
      EventId holds = test.size() > 0 ? expression(test[0].node) : condition;
      builder_.begin(RegionKind::then_arm, holds, builder_.new_statement());
      body(parts.field(Field::consequence));
      builder_.end();
    } else {
      body(parts.field(Field::consequence));
    }
    builder_.end();
    builder_.begin(RegionKind::else_arm, condition, number);
    ++open_arms;
  }
  while (open_arms-- > 0) builder_.end();
}

// What a pattern tests, when it is a plain value: the comparison; else unknown.
EventId Lowering::case_condition(TSNode pattern, EventId subject) {
  Children parts(tree_, pattern);
  Span span = span_of(pattern);
  if (parts.size() != 1) return builder_.emit(Op::unknown, span, facts::name_positional, {subject});
  Child part = parts[0];
  bool plain = part.kind == Kind::string_ || part.kind == Kind::integer_ || part.kind == Kind::true_ || part.kind == Kind::false_ || part.kind == Kind::none_;
  bool dotted = part.kind == Kind::dotted_name_ && ts_node_named_child_count(part.node) > 1;
  if (!plain && !dotted) return builder_.emit(Op::unknown, span, facts::name_positional, {subject});
  EventId value = plain ? expression(part.node, part.kind) : expression(part.node, Kind::dotted_name_);
  return builder_.emit(Op::compare, span, builder_.name("=="), {subject, value});
}

void Lowering::bind_captures(TSNode pattern, EventId subject) {
  if (++depth_ < 100) {
    Children parts(tree_, pattern);
    Kind kind = kind_of(pattern);
    for (size_t i = 0; i < parts.size(); ++i) {
      Child part = parts[i];
      bool capture = part.kind == Kind::dotted_name_ && ts_node_named_child_count(part.node) == 1 && kind != Kind::class_pattern_;
      bool alias = part.kind == Kind::identifier_ && (kind == Kind::as_pattern_ || kind == Kind::splat_pattern_);
      if (capture || alias) {
        EventId value = builder_.emit(Op::unknown, span_of(part.node), facts::name_positional, {subject});
        builder_.emit(Op::bind, span_of(part.node), name(part.node), {value});
      } else {
        bind_captures(part.node, subject);
      }
    }
  }
  --depth_;
}

}  // namespace forklint::frontends::python
