// Facts as text, one fact a line, and back: print(parse(print(f))) == print(f).
//
//   scope 1 function "work" parent 0 by %7 10-52
//     parameter "n" positional = %5 : %6 19-20
//     %8 read "n" 34-35
//     then_arm #0 %8 {
//       %9 call %3 %8 key=%4 *%5 40-48
//     }
//
// Ids are written as they are; in hand-written text spans may be left out (they are 0-0 then), and so may the ids
// that name events, which then count from 0.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "analyzer/facts/facts.h"

namespace forklint::facts {

std::string print(const FileFacts& facts);

// The error names the line: "line 3: unknown event 'cal'".
std::expected<FileFacts, std::string> parse(std::string_view text);

}  // namespace forklint::facts
