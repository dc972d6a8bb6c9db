#include "analyzer/source/magics.h"

#include <algorithm>

namespace forklint::source {
namespace {

std::string_view line_at(std::string_view text, size_t at) { return text.substr(at, text.find('\n', at) - at); }

// Overwrites from `at` to the end of the logical line (a backslash at a line's end continues it). Gives where the next begins.
size_t blank_statement(std::string& text, size_t at) {
  size_t i = at;
  while (i < text.size() && text[i] != '\n') {
    const bool continues = text[i] == '\\' && (text.compare(i + 1, 1, "\n") == 0 || text.compare(i + 1, 2, "\r\n") == 0);
    if (text[i] != '\r') text[i] = ' ';
    ++i;
    if (continues) i = text.find('\n', i) + 1;
  }
  text[at] = '0';
  return std::min(i + 1, text.size());
}

// `name?` and `name.attribute??`: a question mark cannot end a line of Python but in a comment or a string.
bool asks_for_help(std::string_view line) {
  const size_t last = line.find_last_not_of(" \t\r;");
  return last != std::string_view::npos && line[last] == '?' && line.find_first_of("#\"'") == std::string_view::npos;
}

// The end of the string literal whose quote stands at `at`; one of single quotes ends with its line at the latest.
size_t skip_string(std::string_view text, size_t at) {
  const char quote = text[at];
  const bool triple = text.substr(at, 3) == std::string(3, quote);
  size_t i = at + (triple ? 3 : 1);
  for (; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (!triple && text[i] == '\n') {
      return i;
    } else if (text[i] == quote && (!triple || text.substr(i, 3) == text.substr(at, 3))) {
      return i + (triple ? 3 : 1);
    }
  }
  return text.size();
}

// An assignment's `=` at `at` whose value is a magic: the offset of the magic, or npos.
size_t assigned_magic(std::string_view text, size_t at) {
  if (at == 0 || std::string_view("=!<>:").find(text[at - 1]) != std::string_view::npos) return std::string_view::npos;
  const size_t value = text.find_first_not_of(" \t", at + 1);
  if (value == std::string_view::npos || (text[value] != '%' && text[value] != '!')) return std::string_view::npos;
  return value;
}

// Passes over one logical line of Python that begins at `at`; gives where the next begins.
size_t pass_statement(std::string& text, size_t at) {
  int depth = 0;
  size_t i = at;
  while (i < text.size()) {
    const char c = text[i];
    if (c == '\n' && depth == 0) return i + 1;
    if (c == '#') {
      i = std::min(text.find('\n', i), text.size());
      continue;
    }
    if (c == '"' || c == '\'') {
      i = skip_string(text, i);
      continue;
    }
    if (c == '\\') {
      i += text.compare(i + 1, 2, "\r\n") == 0 ? 3 : 2;
      continue;
    }
    if (c == '(' || c == '[' || c == '{') ++depth;
    if ((c == ')' || c == ']' || c == '}') && depth > 0) --depth;
    if (c == '=' && depth == 0) {
      if (const size_t magic = assigned_magic(text, i); magic != std::string_view::npos) return blank_statement(text, magic);
    }
    ++i;
  }
  return text.size();
}

}  // namespace

bool is_foreign_cell(std::string_view cell) {
  const size_t begin = cell.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || cell.substr(begin, 2) != "%%") return false;
  const std::string_view line = line_at(cell, begin + 2);
  const std::string_view name = line.substr(0, line.find_first_of(" \t\r"));
  return name != "time" && name != "timeit" && name != "capture" && name != "prun";
}

void blank_magics(std::string& text, size_t begin) {
  for (size_t i = begin; i < text.size();) {
    const size_t first = text.find_first_not_of(" \t", i);
    if (first == std::string::npos) return;
    const char c = text[first];
    if (c == '%' || c == '!' || c == '?' || asks_for_help(line_at(text, first))) {
      i = blank_statement(text, first);
    } else {
      i = pass_statement(text, first);
    }
  }
}

}  // namespace forklint::source
