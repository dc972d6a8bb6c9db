// How C and C++ files are compiled, and what one unit may cost. Plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace forklint::units {

struct UnitOptions {
  std::string database;                           // compile_commands.json or its folder; empty: looked for
  std::optional<std::vector<std::string>> flags;  // of the user, for every file, instead of a database
  std::chrono::seconds time{60};                  // for one unit
  uint64_t memory = 2ull << 30;                   // bytes of address space of one worker
  std::string cache;                              // a folder for what is kept between runs (cache.h); empty: nothing is
  unsigned jobs = 0;                              // 0: one per processor, as far as memory goes
};

}  // namespace forklint::units
