// Suppressions in C and C++: those of forklint, and clang-tidy's words with our codes.
#include <algorithm>

#include "analyzer/engine/suppression_text.h"

namespace forklint::engine {
namespace {

enum class Word : uint8_t { line, next_line, begin, end };

// A region that NOLINTBEGIN opened, and the list that has to close it.
struct Open {
  Suppression suppression;
  std::string_view list;
};

// The rest of the word after NOLINT.
Word take_word(Cursor& cursor) {
  for (auto [text, word] : {std::pair{std::string_view("NEXTLINE"), Word::next_line}, {"BEGIN", Word::begin}, {"END", Word::end}}) {
    if (!cursor.rest.starts_with(text)) continue;
    cursor.skip(text.size());
    return word;
  }
  return Word::line;
}

// "(PSM603, cert-*)": names of others are passed over; without a list, everything. Gives the list as it stands.
std::string_view read_list(Cursor& cursor, Suppression& result) {
  if (!cursor.rest.starts_with('(')) {
    result.everything = true;
    return {};
  }
  const std::string_view list = cursor.rest.substr(0, std::min(cursor.rest.find(')'), cursor.rest.size()));
  cursor.skip(1);
  while (!cursor.rest.empty() && cursor.rest.front() != ')') {
    const std::string_view name = cursor.word();
    const bool open_ended = cursor.rest.substr(name.size()).starts_with('*');
    const bool ours = name.size() >= 3 && (name.starts_with("PSM") || name.starts_with("psm"));
    if (name.empty() && open_ended) result.everything = true;
    else if (ours || (name.find('-') != name.npos && !open_ended)) result.names.push_back({std::string(name), {cursor.at, cursor.at + uint32_t(name.size())}, false});
    result.ours = result.ours || ours;
    cursor.skip(std::max<size_t>(name.size() + open_ended, 1));
  }
  return list;
}

// The lines of the statement that begins after `offset`, over empty lines and comments: as far as brackets carry it.
Span next_statement(std::string_view text, uint32_t offset) {
  size_t i = offset;
  while (i < text.size()) {
    if (text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r') ++i;
    else if (text.substr(i, 2) == "//") i = line_end(text, uint32_t(i));
    else if (text.substr(i, 2) == "/*") i = std::min(text.find("*/", i), text.size() - 2) + 2;
    else break;
  }
  const uint32_t begin = line_begin(text, uint32_t(i));
  int depth = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\'') {
      for (++i; i < text.size() && text[i] != c && text[i] != '\n'; ++i) i += text[i] == '\\';
    } else if (c == '(' || c == '[') {
      ++depth;
    } else if (c == ')' || c == ']') {
      --depth;
    } else if ((c == '\n' || c == '\r') && depth <= 0) {
      break;
    }
  }
  return {begin, uint32_t(std::min(i, text.size()))};
}

Span next_line(std::string_view text, uint32_t offset) {
  const uint32_t end = line_end(text, offset);
  uint32_t begin = std::min(end + 1, uint32_t(text.size()));
  if (text.substr(end, 2) == "\r\n") begin = std::min(end + 2, uint32_t(text.size()));
  return {begin, line_end(text, begin)};
}

Span lines_of(Scope scope, std::string_view text, const facts::Comment& comment) {
  if (scope == Scope::file) return {0, uint32_t(text.size()) + 1};
  const bool alone = comment.statement == comment.span;
  if (alone && scope == Scope::next_line) return next_statement(text, comment.span.end);
  return {std::min(line_begin(text, comment.span.begin), line_begin(text, comment.statement.begin)), line_end(text, std::max(comment.span.end, comment.statement.end))};
}

}  // namespace

void add_native_suppressions(uint32_t file, std::string_view text, std::span<const facts::Comment> comments, std::vector<Suppression>& found) {
  std::vector<Open> open;
  for (const facts::Comment& comment : comments) {
    if (comment.span.begin >= comment.span.end || comment.span.end > text.size() || comment.statement.end > text.size() || text[comment.span.begin] != '/') continue;
    Cursor cursor{text.substr(comment.span.begin, comment.span.end - comment.span.begin), comment.span.begin};
    if (cursor.rest.ends_with("*/")) cursor.rest.remove_suffix(2);
    while (!cursor.rest.empty()) {
      const size_t at = std::min(cursor.rest.find("NOLINT"), cursor.rest.find("forklint"));
      if (at == std::string_view::npos) break;
      // Ours opens a comment, which may stand behind another.
      const std::string_view before = cursor.rest.substr(0, at);
      const size_t last = before.find_last_not_of(" \t");
      const bool opens = last != std::string_view::npos && (before[last] == '/' || before[last] == '*');
      cursor.skip(at);
      Suppression result{file, comment.span, {}, false, false, false, {}, {}};
      if (cursor.rest.starts_with("forklint")) {
        const Scope scope = opens ? read_directive(cursor, result) : Scope::none;
        if (scope == Scope::none) {
          if (cursor.rest.starts_with("forklint")) cursor.skip(cursor.word().size());  // of forklint-clang nothing was read
          continue;
        }
        result.lines = lines_of(scope, text, comment);
        found.push_back(std::move(result));
        continue;
      }
      cursor.skip(6);
      const Word word = take_word(cursor);
      const std::string_view list = read_list(cursor, result);
      if (word == Word::end) {
        // The innermost that is open has to have the same list, as in clang-tidy.
        if (open.empty() || open.back().list != list) continue;
        result = std::move(open.back().suppression);
        open.pop_back();
        result.lines = {line_begin(text, result.comment.begin), line_end(text, comment.span.end)};
      } else if (word == Word::begin) {
        open.push_back({std::move(result), list});
        continue;
      } else {
        result.lines = word == Word::next_line ? next_line(text, comment.span.end) : lines_of(Scope::statement, text, comment);
      }
      if (result.everything || !result.names.empty()) found.push_back(std::move(result));
    }
  }
}

}  // namespace forklint::engine
