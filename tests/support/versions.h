// The versions of CPython that the fixtures are judged by.
#pragma once

#include <array>

#include "tests/support/fixture.h"

namespace forklint::tests {

// The columns of rules/OBSERVED.md. 3.13 twice: from 3.13.8 on the forkserver imports the main module.
inline constexpr std::array<Version, 9> table_versions = {{{3, 8, 18}, {3, 9, 18}, {3, 10, 13}, {3, 11, 7}, {3, 12, 1}, {3, 13, 0}, {3, 13, 18}, {3, 14, 10}, {3, 15, 2}}};

// Those that the judge takes unless it is told otherwise, by minor version.
inline constexpr std::array<Version, 4> judged_versions = {{{3, 8, 0}, {3, 11, 0}, {3, 13, 0}, {3, 14, 0}}};

}  // namespace forklint::tests
