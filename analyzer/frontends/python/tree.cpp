#include "analyzer/frontends/python/tree.h"

#include "analyzer/frontends/python/symbols.h"

namespace forklint::frontends::python {

Kind kind_of(TSNode node) { return Symbols::table().of(ts_node_symbol(node)).kind; }

facts::Span span_of(TSNode node) { return {ts_node_start_byte(node), ts_node_end_byte(node)}; }

std::string_view Tree::text(TSNode node) const {
  facts::Span span = span_of(node);
  return text_.substr(span.begin, span.end - span.begin);
}

std::optional<facts::Span> first_error(const Tree& tree) {
  TSNode node = tree.root();
  if (!ts_node_has_error(node)) return std::nullopt;
  TSTreeCursor cursor = ts_tree_cursor_new(node);
  // When nothing fits, the whole text is an error around others.
  bool found = false;
  while (!found && ts_tree_cursor_goto_first_child(&cursor)) {
    bool inside;
    do {
      inside = ts_node_has_error(ts_tree_cursor_current_node(&cursor));
    } while (!inside && ts_tree_cursor_goto_next_sibling(&cursor));
    if (!inside) break;
    node = ts_tree_cursor_current_node(&cursor);
    found = ts_node_is_error(node) || ts_node_is_missing(node);
  }
  ts_tree_cursor_delete(&cursor);
  return span_of(node);
}

}  // namespace forklint::frontends::python
