// What a C or C++ file begins with: its directives up to the first code.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/frontends/cpp/protocol.h"

namespace forklint::units {

using frontends::cpp::Stretch;

struct HeadInclude {
  std::string_view name;
  bool quoted = false;
  Stretch at;  // from the # to the closing quote
};

struct Head {
  std::string lead;                     // the directives before the first include that holds in any case, without comments
  std::vector<Stretch> lead_at;
  bool lead_quotes = false;             // and one of them includes what is looked for beside the file
  std::vector<HeadInclude> includes;    // those that hold in any case
};

// Ends where something comes that an include could depend on and that is not in the lead: a definition, a pragma, code. One pass; views
// into the text.
Head head_of(std::string_view text);

}  // namespace forklint::units
