// What a C or C++ file defines and mentions, from its bytes alone: good enough to decide what Clang must see, and a hundred
// times as fast. Errs on the side of more.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace forklint::units {

// An identifier, and what stands before it.
struct Word {
  std::string_view name;
  std::string_view before;  // `std` of std::thread, "." of x.run, x->run and X<Y>::run; empty of a bare one
  friend auto operator<=>(const Word&, const Word&) = default;
};

// A function, a macro with its body, or another declaration.
struct Piece {
  std::vector<std::string_view> names;      // what it may be called by; more than one where a macro is in the way
  std::vector<Word> words;                  // each once, sorted; without those that only qualify another, and enumerators
  std::vector<std::string_view> variables;  // declared in it, sorted: a local `fork` is not the function; not among the words
  std::vector<std::string_view> declares;   // of a declaration: the functions and variables that may be defined elsewhere
};

struct Include {
  std::string_view name;
  bool quoted = false;
  bool always = false;  // under no condition but a guard's
};

struct Outline {
  std::vector<Piece> pieces;
  std::vector<Include> includes;
};

// One pass; views into the text. Comments and strings are passed over; of conditional code all arms are read.
Outline outline_of(std::string_view text);

}  // namespace forklint::units
