// What a C or C++ file defines and mentions, from its bytes alone: good enough to decide what Clang must see, and a hundred
// times as fast. Errs on the side of more.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace forklint::units {

// A function, a macro with its body, or another declaration.
struct Piece {
  std::vector<std::string_view> names;  // what it may be called by; more than one where a macro is in the way
  std::vector<std::string_view> words;  // identifiers in it, each once, sorted
};

struct Include {
  std::string_view name;
  bool quoted = false;
};

struct Outline {
  std::vector<Piece> pieces;
  std::vector<Include> includes;
};

// One pass; views into the text. Comments and strings are passed over; of conditional code all arms are read.
Outline outline_of(std::string_view text);

}  // namespace forklint::units
