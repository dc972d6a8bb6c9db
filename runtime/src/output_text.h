// What is kept of a stream of output, and its lines. Internal.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace forklint::runtime {

inline constexpr size_t longest_line = 64 * 1024;

// The newest bytes of a text, at most twice the limit in memory.
struct BoundedText {
  std::string bytes;
  uint64_t dropped = 0;

  void append(std::string_view text, size_t limit) {
    bytes.append(text);
    if (bytes.size() <= 2 * limit) return;
    size_t excess = bytes.size() - limit;
    bytes.erase(0, excess);
    dropped += excess;
  }
  // "[dropped 123 bytes]\n" stands first when the limit was passed.
  std::string text(size_t limit) const {
    size_t excess = bytes.size() > limit ? bytes.size() - limit : 0;
    if (dropped + excess == 0) return bytes;
    return "[dropped " + std::to_string(dropped + excess) + " bytes]\n" + bytes.substr(excess);
  }
};

// Calls use(line) for each line that is whole, without its newline, and for parts of lines that are too long. `begun` is what came
// before and is not whole yet.
template <class Use>
void hand_out_lines(std::string& begun, std::string_view text, Use&& use) {
  while (!text.empty()) {
    size_t end = text.find('\n');
    bool whole = end != text.npos;
    size_t take = std::min(whole ? end : text.size(), longest_line - begun.size());
    begun.append(text.substr(0, take));
    whole = whole && take == end;
    text.remove_prefix(take + (whole ? 1 : 0));
    if (!whole && begun.size() < longest_line) return;
    use(std::string_view(begun));
    begun.clear();
  }
}

}  // namespace forklint::runtime
