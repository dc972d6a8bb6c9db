// One line of source as a terminal shows it, and where its bytes are there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace forklint::reporters {

struct SourceLine {
  std::string text;  // safe; at most about `limit` columns, with … where something is left out
  size_t first = 0;  // offset in the line of the first byte shown
  std::vector<unsigned> starts;  // column of each byte shown, and of the end

  // The column of a byte of the line; of what is left out, the nearest one shown.
  unsigned column(size_t byte) const;
};

// The part of the line around `focus`. Time depends on `limit` alone, however long the line.
SourceLine show_line(std::string_view line, size_t focus, unsigned limit);

}  // namespace forklint::reporters
