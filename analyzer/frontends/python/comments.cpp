#include "analyzer/frontends/python/comments.h"

#include <cctype>
#include <cstring>

namespace forklint::frontends::python {
namespace {

using facts::Span;

bool contains_word(std::string_view line) {
  for (size_t i = 0; i + 4 <= line.size(); ++i) {
    char c = char(line[i] | 0x20);
    if (c == 'n' && strncasecmp(line.data() + i, "noqa", 4) == 0) return true;
    if (c == 'f' && line.substr(i).starts_with("forklint")) return true;
  }
  return false;
}

bool is_compound(Kind kind) {
  switch (kind) {
    case Kind::block_: case Kind::module_: case Kind::if_statement_: case Kind::for_statement_: case Kind::while_statement_:
    case Kind::try_statement_: case Kind::with_statement_: case Kind::match_statement_: case Kind::function_definition_:
    case Kind::class_definition_: case Kind::decorated_definition_: case Kind::elif_clause_: case Kind::else_clause_:
    case Kind::except_clause_: case Kind::finally_clause_: case Kind::case_clause_:
      return true;
    default:
      return false;
  }
}

// The simple statement around a node, or a null node when it stands in the head of a compound one.
TSNode simple_statement(TSNode node) {
  TSNode last{};
  for (; !ts_node_is_null(node) && !is_compound(kind_of(node)); node = ts_node_parent(node)) last = node;
  bool in_block = !ts_node_is_null(node) && (kind_of(node) == Kind::block_ || kind_of(node) == Kind::module_);
  return in_block ? last : TSNode{};
}

// The lines that a trailing comment speaks for: those of its statement when the comment stands on the statement's
// first or last line, its own line otherwise.
Span statement_of(const Tree& tree, Span line, Span comment) {
  std::string_view text = tree.text();
  uint32_t first = line.begin;
  while (first < comment.begin && std::isspace(uint8_t(text[first]))) ++first;
  if (first == comment.begin) return comment;
  TSNode statement = simple_statement(ts_node_descendant_for_byte_range(tree.root(), first, first + 1));
  if (ts_node_is_null(statement)) return {first, comment.begin};
  Span whole = span_of(statement);
  bool on_first = whole.begin >= line.begin;
  bool on_last = whole.end <= line.end;
  return on_first || on_last ? whole : Span{first, comment.begin};
}

}  // namespace

std::vector<facts::Comment> suppression_comments(const Tree& tree) {
  std::vector<facts::Comment> comments;
  std::string_view text = tree.text();
  for (uint32_t hash = 0; hash < text.size(); ++hash) {
    const void* found = std::memchr(text.data() + hash, '#', text.size() - hash);
    if (!found) break;
    hash = uint32_t(static_cast<const char*>(found) - text.data());
    uint32_t end = uint32_t(std::min(text.find_first_of("\r\n", hash), text.size()));
    if (contains_word(text.substr(hash, end - hash))) {
      TSNode node = ts_node_descendant_for_byte_range(tree.root(), hash, hash + 1);
      if (kind_of(node) == Kind::comment_) {
        size_t before = hash == 0 ? std::string_view::npos : text.find_last_of("\r\n", hash - 1);
        Span line{before == std::string_view::npos ? 0 : uint32_t(before + 1), end};
        comments.push_back({{hash, end}, statement_of(tree, line, {hash, end})});
        hash = end;
      }
    }
  }
  return comments;
}

}  // namespace forklint::frontends::python
