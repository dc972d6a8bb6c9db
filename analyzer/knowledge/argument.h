// Which argument of a call: by position (after the receiver), by keyword, or either. TOML: "0:target", "0", "target"; "<0>" is a template
// argument of the class that a function of C++ belongs to.
#pragma once

#include <string>

namespace forklint::knowledge {

struct Argument {
  int position = -1;    // -1: keyword only
  std::string keyword;  // empty: positional only
  bool rest = false;    // TOML "1*:": this position and all after it; "**": every keyword not named elsewhere

  friend bool operator==(const Argument&, const Argument&) = default;
};

}  // namespace forklint::knowledge
