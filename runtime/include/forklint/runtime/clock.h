// The clock of the runtime: monotonic, the same for all processes of a machine.
#pragma once

#include <cstdint>

namespace forklint::runtime {

// Nanoseconds of CLOCK_MONOTONIC.
uint64_t now_nanoseconds();

}  // namespace forklint::runtime
