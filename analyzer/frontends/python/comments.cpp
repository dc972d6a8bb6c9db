#include "analyzer/frontends/python/comments.h"

#include <cctype>
#include <cstring>

namespace forklint::frontends::python {
namespace {

using facts::Span;

// Where the last word stands that could make a comment between two offsets ours; 0 when there is none.
size_t last_word(std::string_view text, size_t begin, size_t end) {
  size_t last = 0;
  for (size_t i = begin; i + 4 <= end; ++i) {
    char c = char(text[i] | 0x20);
    bool noqa = c == 'n' && strncasecmp(text.data() + i, "noqa", 4) == 0;
    if (noqa || (c == 'f' && text.substr(i, end - i).starts_with("forklint"))) last = i;
  }
  return last;
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

// The simple statement around an offset, or a null node when it stands in the head of a compound one. Looked for from
// the top: statements are never nested as deep as expressions.
TSNode simple_statement(TSNode root, uint32_t at) {
  TSNode node = root;
  Kind kind = kind_of(root);
  while (is_compound(kind)) {
    TSNode inner = ts_node_first_child_for_byte(node, at);
    if (ts_node_is_null(inner) || ts_node_start_byte(inner) > at) return TSNode{};
    Kind inner_kind = kind_of(inner);
    if (!is_compound(inner_kind)) return kind == Kind::block_ || kind == Kind::module_ ? inner : TSNode{};
    node = inner;
    kind = inner_kind;
  }
  return TSNode{};
}

// Asked for offsets in ascending order, it walks the tree once.
class CommentFinder {
 public:
  explicit CommentFinder(TSNode root) : cursor_(ts_tree_cursor_new(root)) {}
  ~CommentFinder() { ts_tree_cursor_delete(&cursor_); }
  CommentFinder(const CommentFinder&) = delete;
  CommentFinder& operator=(const CommentFinder&) = delete;

  bool is_comment(uint32_t at) {
    while (ts_node_end_byte(here()) <= at && ts_tree_cursor_goto_parent(&cursor_)) {}
    while (ts_tree_cursor_goto_first_child_for_byte(&cursor_, at) >= 0) {
      if (ts_node_start_byte(here()) <= at) continue;
      ts_tree_cursor_goto_parent(&cursor_);
      break;
    }
    return kind_of(here()) == Kind::comment_;
  }

 private:
  TSNode here() const { return ts_tree_cursor_current_node(&cursor_); }

  TSTreeCursor cursor_;
};

// The lines that a trailing comment speaks for: those of its statement when the comment stands on the statement's
// first or last line, its own line otherwise.
Span statement_of(const Tree& tree, Span line, Span comment) {
  std::string_view text = tree.text();
  uint32_t first = line.begin;
  while (first < comment.begin && std::isspace(uint8_t(text[first]))) ++first;
  if (first == comment.begin) return comment;
  TSNode statement = simple_statement(tree.root(), first);
  if (ts_node_is_null(statement)) return {first, comment.begin};
  Span whole = span_of(statement);
  bool on_first = whole.begin >= line.begin;
  bool on_last = whole.end <= line.end;
  return on_first || on_last ? whole : Span{first, comment.begin};
}

}  // namespace

std::vector<facts::Comment> suppression_comments(const Tree& tree) {
  std::vector<facts::Comment> comments;
  CommentFinder finder(tree.root());
  std::string_view text = tree.text();
  for (size_t hash = text.find('#'), end; hash < text.size(); hash = text.find('#', end)) {
    size_t begin = hash == 0 ? 0 : text.find_last_of("\r\n", hash - 1) + 1;  // npos + 1 is 0
    end = std::min(text.find_first_of("\r\n", hash), text.size());
    size_t word = last_word(text, hash, end);
    // Some of the line's # may be part of strings.
    while (hash < word && !finder.is_comment(uint32_t(hash))) hash = text.find('#', hash + 1);
    if (hash >= word) continue;
    Span comment{uint32_t(hash), uint32_t(end)};
    comments.push_back({comment, statement_of(tree, {uint32_t(begin), comment.end}, comment)});
  }
  return comments;
}

}  // namespace forklint::frontends::python
