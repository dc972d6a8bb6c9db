#include "analyzer/source/edit.h"

#include <algorithm>
#include <tuple>

namespace forklint::source {

std::expected<std::string, std::string> apply(std::string_view text, std::vector<Edit> edits) {
  const auto key = [](const Edit& edit) { return std::tie(edit.begin, edit.end, edit.replacement); };
  std::ranges::sort(edits, {}, key);
  const auto repeated = std::ranges::unique(edits, {}, key);
  edits.erase(repeated.begin(), repeated.end());

  std::string result;
  size_t done = 0;  // up to here the text is written
  const Edit* previous = nullptr;
  for (const Edit& edit : edits) {
    if (edit.begin > edit.end || edit.end > text.size()) return std::unexpected("an edit lies outside the text");
    // Of two different insertions at one place none is the first; an insertion before a replacement is no overlap.
    const bool ambiguous = previous && edit.end == done && previous->begin == done && edit.begin == done;
    if (edit.begin < done || ambiguous) return std::unexpected("two edits overlap at byte " + std::to_string(edit.begin));
    result.append(text, done, edit.begin - done);
    result += edit.replacement;
    done = edit.end;
    previous = &edit;
  }
  result.append(text, done);
  return result;
}

}  // namespace forklint::source
