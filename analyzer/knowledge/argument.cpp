#include <algorithm>
#include <charconv>
#include <vector>

#include "analyzer/knowledge/load.h"

namespace forklint::knowledge {
namespace {

bool is_identifier(std::string_view text) {
  auto letter = [](char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !text.empty() && letter(text[0]) && std::ranges::all_of(text, [&](char c) { return letter(c) || digit(c); });
}

// "<0>": of the template that a function of C++ belongs to.
bool is_template_argument(std::string_view text) {
  return text.size() == 3 && text.front() == '<' && text.back() == '>' && text[1] >= '0' && text[1] <= '9';
}

}  // namespace

std::expected<Argument, std::string> parse_argument(std::string_view text) {
  auto bad = [&] {
    return std::unexpected("'" + std::string(text) + "' is not an argument: write \"0\", \"name\", \"0:name\", \"1*:\" or \"**\"");
  };
  Argument argument;
  if (text == "**") {
    argument.rest = true;
    return argument;
  }
  const char* end = text.data() + text.size();
  unsigned position = 0;
  auto [after, error] = std::from_chars(text.data(), end, position);
  if (error == std::errc::result_out_of_range || position > 99) return bad();
  std::string_view left(after, size_t(end - after));
  if (error != std::errc()) {
    if (!is_identifier(text) && !is_template_argument(text)) return bad();
    argument.keyword = text;
    return argument;
  }
  argument.position = int(position);
  if (left.empty()) return argument;
  if (left == "*:") {
    argument.rest = true;
    return argument;
  }
  if (left[0] != ':' || !is_identifier(left.substr(1))) return bad();
  argument.keyword = left.substr(1);
  return argument;
}

std::string to_string(const Argument& argument) {
  if (argument.position < 0) return argument.rest ? "**" : argument.keyword;
  std::string text = std::to_string(argument.position);
  if (argument.rest) return text + "*:";
  return argument.keyword.empty() ? text : text + ":" + argument.keyword;
}

// Levenshtein's distance, one row of the table at a time.
unsigned edit_distance(std::string_view a, std::string_view b) {
  std::vector<unsigned> row(b.size() + 1);
  for (size_t j = 0; j < row.size(); ++j) row[j] = unsigned(j);
  for (size_t i = 0; i < a.size(); ++i) {
    unsigned diagonal = row[0];
    row[0] = unsigned(i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      unsigned replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace forklint::knowledge
