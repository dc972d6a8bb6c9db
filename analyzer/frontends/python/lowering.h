// Lowers a syntax tree to facts: one scope after the other, children before parents, in evaluation order.
#pragma once

#include <deque>

#include "analyzer/facts/builder.h"
#include "analyzer/frontends/python/tree.h"

namespace forklint::frontends::python {

using facts::Builder;
using facts::EventId;
using facts::NameId;
using facts::Op;
using facts::Operand;
using facts::RegionKind;
using facts::ScopeId;
using facts::ScopeKind;
using facts::Span;

// Expressions nested deeper than this are cut off; chains such as a + b + c are not nested. CPython's parser gives up
// at 200 brackets.
inline constexpr int deepest = 1000;

class Lowering {
 public:
  Lowering(Tree& tree, Builder& builder) : tree_(tree), builder_(builder) {}

  void module();
  // Where a statement stands that only Python 2 has.
  std::optional<facts::Span> python_2() const { return python_2_; }
  // The first statement that stands deeper or less deep than its block: the parser lets it pass, Python does not.
  std::optional<facts::Span> misindented() const { return misindented_; }

 private:
  bool out_of_line(TSNode statement, TSNode first) const;
  // A body that waits until the scope being lowered is complete.
  struct Pending {
    ScopeId scope;
    TSNode body;
    Kind kind;  // of the node that opened it
  };

  // statements.cpp
  void run_pending();
  void body(TSNode block);
  void statement(Child child);
  void if_statement(TSNode node);
  void for_statement(TSNode node);
  void while_statement(TSNode node);
  void try_statement(TSNode node);
  void except_clause(TSNode node, uint32_t number);
  void with_statement(TSNode node);
  void match_statement(TSNode node);
  EventId case_condition(TSNode pattern, EventId subject);
  void bind_captures(TSNode pattern, EventId subject);
  void raise_statement(TSNode node);
  void delete_target(TSNode node);
  void declare_names(TSNode node, Op op);
  void value_statement(TSNode node, Op op);
  void problem(TSNode node, std::string_view message);
  void old_statement(Child child);

  // definitions.cpp
  void import_statement(TSNode node);
  void import_from_statement(TSNode node);
  EventId import_module(TSNode module_name);
  void function_definition(TSNode node, TSNode decorated);
  void class_definition(TSNode node, TSNode decorated);
  std::vector<EventId> decorators(TSNode decorated);
  void bind_decorated(EventId value, const std::vector<EventId>& decorators, TSNode name);
  std::vector<facts::Parameter> parameters(TSNode node);
  EventId annotation(TSNode type);
  void queue(ScopeId scope, TSNode body, Kind kind);

  // expressions.cpp
  EventId expression(TSNode node);
  EventId expression(TSNode node, Kind kind);
  EventId assignment(TSNode node);
  EventId augmented_assignment(TSNode node);
  void target(TSNode node, EventId value);
  void arguments(TSNode node, std::vector<Operand>& operands);
  EventId elements(TSNode node, Op op);
  EventId dictionary(TSNode node);
  EventId comparison(TSNode node);
  EventId conditional(TSNode node);
  EventId lambda(TSNode node);
  EventId comprehension(TSNode node, Kind kind);
  void comprehension_body(const Pending& pending);
  EventId string(TSNode node);
  bool append_string(TSNode node, std::string& text, std::vector<Operand>& parts, bool& is_bytes);
  EventId unknown_of_children(TSNode node);

  // chains.cpp
  struct Link {
    Link(Tree& tree, TSNode it, Kind its_kind) : node(it), kind(its_kind), children(tree, it) {}
    TSNode node;
    Kind kind;
    Children children;
  };
  EventId chain(TSNode node, Kind kind);
  static TSNode left_side(const Link& link);
  EventId follow(const Link& link, EventId left);
  EventId call(const Link& link, EventId function);
  EventId subscript(const Link& link, EventId base);
  EventId boolean_operation(const Link& link, EventId first);

  NameId name(TSNode node) { return builder_.name(tree_.text(node)); }
  EventId constant(Op op, TSNode node) { return builder_.emit(op, span_of(node), name(node)); }

  Tree& tree_;
  Builder& builder_;
  ScopeId scope_ = facts::none;
  std::deque<Pending> pending_;
  std::deque<Link> links_;  // of the chains being lowered, outermost first
  int depth_ = 0;
  std::optional<facts::Span> python_2_;  // the first statement that only Python 2 has
  std::optional<facts::Span> misindented_;
};

}  // namespace forklint::frontends::python
