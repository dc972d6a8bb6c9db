// Reading the comments. What they do is in suppressions_apply.cpp.
#include "analyzer/engine/suppressions.h"

#include <algorithm>
#include <cctype>

#include "analyzer/engine/suppression_text.h"

namespace forklint::engine {
namespace {

bool same_letters(std::string_view text, std::string_view lower_case) {
  return std::ranges::equal(text, lower_case, [](char a, char b) { return (is_letter(a) ? char(a | 0x20) : a) == b; });
}

bool is_code(std::string_view word) {  // "PSM201", "E501", "PLR0913"; our letters alone, too
  size_t letters = 0;
  while (letters < word.size() && is_letter(word[letters])) ++letters;
  if (letters == 0) return false;
  if (letters == word.size()) return same_letters(word, "psm");
  return std::ranges::all_of(word.substr(letters), is_digit);
}

bool is_rule_name(std::string_view word) { return word.find('-') != std::string_view::npos && !word.ends_with('-'); }
bool is_our_code(std::string_view word) { return same_letters(word.substr(0, 3), "psm"); }

void add_name(Suppression& to, Cursor from, std::string_view name) {
  to.names.push_back({std::string(name), {from.at, from.at + uint32_t(name.size())}, false});
}

// The codes after "noqa:", up to the first word that is none; a reason may follow. Codes of others are passed over.
// A name is one of ours only as long as it reads like one, so a reason with a hyphen may be taken for a name; as
// no rule has that name, nothing comes of it.
void read_noqa_codes(Cursor& cursor, Suppression& result) {
  for (;;) {
    while (!cursor.rest.empty() && (is_blank(cursor.rest.front()) || cursor.rest.front() == ',')) cursor.skip(1);
    std::string_view word = cursor.word();
    if (!is_code(word) && !is_rule_name(word)) return;
    if (is_rule_name(word) || is_our_code(word)) add_name(result, cursor, word);
    result.ours = result.ours || is_our_code(word);
    cursor.skip(word.size());
  }
}

// "[a, b]"; without a closing bracket the list ends with the comment.
void read_bracketed(Cursor& cursor, Suppression& result) {
  while (!cursor.rest.empty() && !cursor.take(']')) {
    std::string_view word = cursor.word();
    if (!word.empty()) add_name(result, cursor, word);
    cursor.skip(std::max<size_t>(word.size(), 1));
  }
}

Scope read_noqa(Cursor& cursor, Suppression& result, Scope scope) {
  cursor.skip_blanks();
  if (cursor.take(':'))
    read_noqa_codes(cursor, result);
  else
    result.everything = true;
  return scope;
}

// After a word that says nothing to us: whether it may be meant for a directive all the same, "disable", "skip[PSM201]",
// "off PSM201". What goes on in words is prose.
bool ends_like_directive(Cursor cursor) {
  cursor.skip_blanks();
  if (cursor.rest.empty() || cursor.rest.starts_with("*/")) return true;
  if (std::string_view("[=:").find(cursor.rest.front()) != std::string_view::npos) return true;
  std::string_view word = cursor.word();
  return is_our_code(word) || is_rule_name(word);
}

}  // namespace

Scope read_directive(Cursor& cursor, Suppression& result) {
  std::string_view first = cursor.word();
  if (same_letters(first, "noqa")) {
    cursor.skip(first.size());
    return read_noqa(cursor, result, Scope::statement);
  }
  if (first != "forklint") return Scope::none;
  cursor.skip(first.size());
  cursor.skip_blanks();
  if (!cursor.take(':') || cursor.rest.starts_with(':')) return Scope::none;  // the namespace
  cursor.skip_blanks();
  result.ours = true;
  std::string_view verb = cursor.word();
  cursor.skip(verb.size());
  if (same_letters(verb, "noqa")) return read_noqa(cursor, result, Scope::file);
  if (verb != "ignore" && verb != "ignore-file") {
    if (!ends_like_directive(cursor)) return Scope::none;
    result.unknown = verb;
    return Scope::statement;
  }
  cursor.skip_blanks();
  if (cursor.take('['))
    read_bracketed(cursor, result);
  else
    result.everything = true;
  return verb == "ignore" ? Scope::next_line : Scope::file;
}

uint32_t line_begin(std::string_view text, uint32_t offset) {
  size_t before = offset == 0 ? std::string_view::npos : text.find_last_of("\r\n", offset - 1);
  return before == std::string_view::npos ? 0 : uint32_t(before + 1);
}

uint32_t line_end(std::string_view text, uint32_t offset) {
  return uint32_t(std::min(text.find_first_of("\r\n", offset), text.size()));
}

namespace {

// The end of the string that opens at `at` with a quote.
size_t skip_string(std::string_view text, size_t at) {
  char quote = text[at];
  std::string_view triple = text.substr(at, 3);
  bool is_triple = triple.size() == 3 && triple[1] == quote && triple[2] == quote;
  for (size_t i = at + (is_triple ? 3 : 1); i < text.size(); ++i) {
    if (text[i] == '\\') ++i;
    else if (is_triple && text.substr(i, 3) == triple) return i + 3;
    else if (!is_triple && (text[i] == quote || text[i] == '\n')) return i + 1;
  }
  return text.size();
}

// The lines of the statement that begins after `offset`, over empty lines and comments: as far as brackets, strings
// and backslashes carry it. The block under a head is not part of it.
Span next_statement(std::string_view text, uint32_t offset) {
  size_t i = offset;
  while (i < text.size() && (std::isspace(uint8_t(text[i])) || text[i] == '#')) i = text[i] == '#' ? line_end(text, uint32_t(i)) : i + 1;
  uint32_t begin = line_begin(text, uint32_t(i));
  int depth = 0;
  while (i < text.size()) {
    char c = text[i];
    if (c == '#') i = line_end(text, uint32_t(i));
    else if (c == '"' || c == '\'') i = skip_string(text, i);
    else if (c == '\\') i += text.substr(i, 3) == "\\\r\n" ? 3 : 2;
    else if ((c == '\n' || c == '\r') && depth <= 0) break;
    else depth += c == '(' || c == '[' || c == '{' ? 1 : c == ')' || c == ']' || c == '}' ? -1 : 0, ++i;
  }
  return {begin, uint32_t(std::min(i, text.size()))};
}

Span lines_of(Scope scope, std::string_view text, const facts::Comment& comment) {
  if (scope == Scope::file) return {0, uint32_t(text.size()) + 1};
  uint32_t begin = line_begin(text, comment.span.begin);
  bool alone = std::ranges::all_of(text.substr(begin, comment.span.begin - begin), is_blank);
  if (alone && scope == Scope::next_line) return next_statement(text, comment.span.end);
  begin = std::min(begin, line_begin(text, comment.statement.begin));
  uint32_t end = line_end(text, std::max(comment.span.end, comment.statement.end));
  return {begin, end};
}

}  // namespace

std::vector<Suppression> read_suppressions(uint32_t file, std::string_view text, std::span<const facts::Comment> comments) {
  std::vector<Suppression> found;
  for (const facts::Comment& comment : comments) {
    if (comment.span.begin >= comment.span.end || comment.span.end > text.size() || comment.statement.end > text.size()) continue;
    if (text[comment.span.begin] == '/') continue;
    Cursor cursor{text.substr(comment.span.begin, comment.span.end - comment.span.begin), comment.span.begin};
    while (!cursor.rest.empty()) {  // a comment may hold several, each after a '#' of its own
      if (!cursor.take('#')) {
        cursor.skip(1);
        continue;
      }
      cursor.skip_blanks();
      Suppression result{file, comment.span, {}, false, false, false, {}, {}};
      Scope scope = read_directive(cursor, result);
      if (scope == Scope::none) continue;
      if (!result.ours && !result.everything && result.names.empty()) continue;
      result.lines = lines_of(scope, text, comment);
      found.push_back(std::move(result));
    }
  }
  add_native_suppressions(file, text, comments, found);
  return found;
}

}  // namespace forklint::engine
