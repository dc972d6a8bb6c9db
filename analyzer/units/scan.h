// What every reader of C and C++ text passes over.
#pragma once

#include <algorithm>
#include <string_view>

namespace forklint::units {

inline bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\f' || c == '\v' || c == '\r'; }

// Backslashes carry a line on.
inline size_t end_of_line(std::string_view text, size_t at) {
  for (size_t i = at;;) {
    i = std::min(text.find('\n', i), text.size());
    size_t last = i;
    if (last > at && text[last - 1] == '\r') --last;
    if (i == text.size() || last == at || text[last - 1] != '\\') return i;
    ++i;
  }
}

// Behind the comment that begins there; `at` where none does.
inline size_t after_comment(std::string_view text, size_t at) {
  if (text.substr(at, 2) == "//") return end_of_line(text, at);
  if (text.substr(at, 2) != "/*") return at;
  const size_t end = text.find("*/", at + 2);
  return end == std::string_view::npos ? text.size() : end + 2;
}

}  // namespace forklint::units
