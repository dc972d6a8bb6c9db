#include "analyzer/frontends/python/nesting.h"

#include <algorithm>

namespace forklint::frontends::python {
namespace {

bool tripled(std::string_view text, size_t at) {
  return at + 2 < text.size() && text[at + 1] == text[at] && text[at + 2] == text[at];
}

// The offset after the string literal whose quote stands at `at`. One that is never closed ends with its line, or with
// the text when it has three quotes.
size_t after_string(std::string_view text, size_t at) {
  const char quote = text[at];
  const bool triple = tripled(text, at);
  for (at += triple ? 3 : 1; at < text.size(); ++at) {
    if (text[at] == '\\') ++at;
    else if (text[at] == quote && (!triple || tripled(text, at))) return at + (triple ? 3 : 1);
    else if (text[at] == '\n' && !triple) return at;
  }
  return text.size();
}

}  // namespace

std::optional<uint32_t> bracket_beyond(std::string_view text, uint32_t deepest) {
  uint32_t open = 0;
  for (size_t at = 0; at < text.size();) {
    switch (text[at]) {
      case '(': case '[': case '{':
        if (open++ == deepest) return uint32_t(at);
        ++at;
        break;
      case ')': case ']': case '}':
        open -= open > 0;
        ++at;
        break;
      case '#': at = std::min(text.find('\n', at), text.size()); break;
      case '"': case '\'': at = after_string(text, at); break;
      default: ++at;
    }
  }
  return std::nullopt;
}

}  // namespace forklint::frontends::python
