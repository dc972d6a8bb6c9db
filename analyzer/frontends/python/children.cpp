// Reads children as the parser stores them. Tree-sitter's own cursor gives the same, at four times the cost, and was a tenth of a
// whole run: it keeps the way up to the root, which nobody here goes. The parser's version is fixed by the lock file, and the tests
// of the frontend fail if its trees are read wrongly.
extern "C" {
#include <language.h>
#include <subtree.h>
}

#include "analyzer/frontends/python/grammar.h"
#include "analyzer/frontends/python/symbols.h"
#include "analyzer/frontends/python/tree.h"

namespace forklint::frontends::python {
namespace {

Length start_of(TSNode node) { return {node.context[0], {node.context[1], node.context[2]}}; }

}  // namespace

// A node whose children are being read: the one asked for, or one inside of it that the grammar hides.
struct Tree::Level {
  const Subtree* children;
  uint32_t count;
  uint32_t next = 0;
  uint32_t structural = 0;   // the number of the next child without the extras: comments
  const TSSymbol* aliases;   // by structural number; null: none
  const TSFieldMapEntry *fields, *fields_end;
  TSFieldId field;           // in which the hidden node stands, and so its children
  Length position;           // of the next child

  Level(const TSLanguage* language, Subtree parent, Length start, TSFieldId field)
      : children(ts_subtree_children(parent)), count(ts_subtree_child_count(parent)), field(field), position(start) {
    const uint16_t production = ts_subtree_production_id(parent);
    aliases = ts_language_alias_sequence(language, production);
    ts_language_field_map(language, production, &fields, &fields_end);
  }

  TSFieldId field_of_next() const {
    for (const TSFieldMapEntry* entry = fields; entry < fields_end; ++entry)
      if (!entry->inherited && entry->child_index == structural) return entry->field_id;
    return field;
  }
};

Tree::Tree(const TSTree* tree, std::string_view text) : tree_(tree), text_(text) {}
Tree::~Tree() = default;

Children::Children(Tree& tree, TSNode node) : tree_(tree), begin_(tree.stack_.size()) {
  const TSLanguage* language = tree_sitter_python();
  const Symbols& symbols = Symbols::table();
  std::vector<Tree::Level>& levels = tree.levels_;
  levels.emplace_back(language, *static_cast<const Subtree*>(node.id), start_of(node), TSFieldId(0));
  while (!levels.empty()) {
    Tree::Level& level = levels.back();
    if (level.next == level.count) {
      levels.pop_back();
      continue;
    }
    const Subtree* child = level.children + level.next++;
    const Length start = level.position;
    TSSymbol alias = 0;
    TSFieldId field = 0;
    if (!ts_subtree_extra(*child)) {
      if (level.aliases) alias = level.aliases[level.structural];
      field = level.field_of_next();
      ++level.structural;
    }
    level.position = length_add(start, ts_subtree_size(*child));
    if (level.next < level.count) level.position = length_add(level.position, ts_subtree_padding(level.children[level.next]));
    if (ts_subtree_visible(*child) || alias != 0) add({{start.bytes, start.extent.row, start.extent.column, alias}, child, node.tree}, symbols.of(alias != 0 ? alias : ts_subtree_symbol(*child)), symbols.field(field));
    else if (ts_subtree_visible_child_count(*child) > 0) levels.emplace_back(language, *child, start, field);
  }
  end_ = tree.stack_.size();
}

void Children::add(TSNode node, const Symbol& symbol, Field field) {
  if (symbol.kind == Kind::comment_ || symbol.kind == Kind::line_continuation_) return;
  if (symbol.named || field != Field::no_field) tree_.stack_.push_back({node, symbol.kind, field, symbol.named});
  else async_ |= symbol.async;
}

TSNode Children::field(Field wanted) const {
  for (size_t i = begin_; i < end_; ++i)
    if (tree_.stack_[i].field == wanted) return tree_.stack_[i].node;
  return TSNode{};
}

}  // namespace forklint::frontends::python
