#include "analyzer/knowledge/toml_guard.h"

#include <algorithm>
#include <cctype>
#include <string>

namespace forklint::knowledge {
namespace {

constexpr int most_parts = 100;
constexpr std::string_view mark = "\xEF\xBB\xBF";  // may stand before everything

// Those that TOML allows nowhere.
bool is_control(char c) { return (uint8_t(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f; }

// The offset of the last character of a quoted part; a quote that is not closed ends with its line, three with the text.
size_t end_of_quoted(std::string_view text, size_t at) {
  const char quote = text[at];
  if (const std::string_view three = text.substr(at, 3); three == std::string(3, quote)) {
    for (at += 3; at < text.size(); ++at) {
      if (text[at] == '\\' && quote == '"') ++at;
      else if (text.substr(at, 3) == three) return at + 2;
    }
    return text.size() - 1;
  }
  for (++at; at < text.size() && text[at] != '\n'; ++at) {
    if (text[at] == quote) return at;
    if (text[at] == '\\' && quote == '"' && at + 1 < text.size() && text[at + 1] != '\n') ++at;
  }
  return at - 1;
}

}  // namespace

std::optional<TomlFault> toml_fault(std::string_view text) {
  if (auto control = std::ranges::find_if(text, is_control); control != text.end())
    return TomlFault{uint32_t(1 + std::count(text.begin(), control, '\n')), "a control character"};
  uint32_t line = 1;
  int dots = 0;
  bool part = false;  // one has begun since the last dot
  for (size_t at = text.starts_with(mark) ? mark.size() : 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '#') at = std::min(text.find('\n', at), text.size()) - 1;
    if (uint8_t(c) >= 0x80) return TomlFault{line, "a letter outside of ASCII, which is not quoted"};
    if (c == '"' || c == '\'') {
      const size_t end = end_of_quoted(text, at);
      line += uint32_t(std::ranges::count(text.substr(at, end - at), '\n'));
      at = end;
    }
    if (c == '.') {
      if (!part) return TomlFault{line, "a dot with nothing before it"};
      if (++dots == most_parts) return TomlFault{line, "a key of more than 100 parts"};
      part = false;
    } else if (c == '"' || c == '\'' || c == '_' || c == '-' || std::isalnum(uint8_t(c))) {
      part = true;
    } else if (c != ' ' && c != '\t') {
      dots = 0;
      part = false;
      line += c == '\n';
    }
  }
  return std::nullopt;
}

}  // namespace forklint::knowledge
