// A thin view of tree-sitter: node kinds as an enum, and children read once.
#pragma once

#include <tree_sitter/api.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "analyzer/facts/facts.h"

namespace forklint::frontends::python {

enum class Kind : uint8_t {
  other,
#define KIND(name) name##_,
#include "analyzer/frontends/python/node_kinds.def"
};

enum class Field : uint8_t {
  no_field, alias, alternative, argument, arguments, attribute, body, cause, condition, consequence, definition, function, guard,
  key, left, module_name, name, object, operator_, operators, parameters, right, subject, subscript, superclasses, type, value, expression,
};

Kind kind_of(TSNode node);
facts::Span span_of(TSNode node);

struct Child {
  TSNode node;
  Kind kind;
  Field field;
  bool named;
};

struct Symbol;

// Reads the children of nodes. All lists share one stack: a list lives until its Children object dies, and lists
// die in the reverse order of their making.
class Tree {
 public:
  Tree(const TSTree* tree, std::string_view text);
  ~Tree();
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  TSNode root() const { return ts_tree_root_node(tree_); }
  std::string_view text(TSNode node) const;
  std::string_view text() const { return text_; }

 private:
  friend class Children;
  struct Level;

  const TSTree* tree_;
  std::string_view text_;
  std::vector<Child> stack_;
  std::vector<Level> levels_;  // empty but while children are read
};

// The children of a node without comments and without nameless tokens (except those in a field, such as operators).
class Children {
 public:
  Children(Tree& tree, TSNode node);
  ~Children() { tree_.stack_.resize(begin_); }
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;

  size_t size() const { return end_ - begin_; }
  // By value: the shared stack moves when it grows.
  Child operator[](size_t i) const { return tree_.stack_[begin_ + i]; }
  // The first child in a field; a null node when there is none.
  TSNode field(Field field) const;
  // Whether a nameless token, such as async, leads the node.
  bool starts_with_async() const { return async_; }

 private:
  void add(TSNode node, const Symbol& symbol, Field field);

  Tree& tree_;
  size_t begin_;
  size_t end_;
  bool async_ = false;
};

// Where the first part of the text stands that is no Python, or where something is missing.
std::optional<facts::Span> first_error(const Tree& tree);

}  // namespace forklint::frontends::python
