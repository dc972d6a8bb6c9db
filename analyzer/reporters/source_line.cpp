#include "analyzer/reporters/source_line.h"

#include <algorithm>

#include "analyzer/reporters/text.h"

namespace forklint::reporters {
namespace {

constexpr std::string_view ellipsis = "\xE2\x80\xA6";

bool continues_character(char c) { return (uint8_t(c) & 0xC0) == 0x80; }

// At most four bytes of one character, fewer in broken UTF-8.
size_t character_size(std::string_view line, size_t at) {
  size_t size = 1;
  while (size < 4 && at + size < line.size() && continues_character(line[at + size])) ++size;
  return size;
}

}  // namespace

unsigned SourceLine::column(size_t byte) const {
  size_t index = byte < first ? 0 : byte - first;
  return starts[std::min(index, starts.size() - 1)];
}

SourceLine show_line(std::string_view line, size_t focus, unsigned limit) {
  SourceLine shown;
  focus = std::min(focus, line.size());
  // A short line is shown from its start; a long one from a third of the limit before the focus.
  if (line.size() > limit && focus > limit / 2) shown.first = focus - limit / 3;
  while (shown.first < focus && continues_character(line[shown.first])) ++shown.first;
  if (shown.first > 0) shown.text = ellipsis;
  unsigned column = shown.first > 0 ? 1 : 0;
  size_t at = shown.first;
  for (; at < line.size() && column < limit;) {
    size_t size = character_size(line, at);
    std::string character = safe_source(line.substr(at, size));
    shown.starts.insert(shown.starts.end(), size, column);
    shown.text += character;
    column += columns(character);
    at += size;
  }
  shown.starts.push_back(column);
  if (at < line.size()) shown.text += ellipsis;
  return shown;
}

}  // namespace forklint::reporters
