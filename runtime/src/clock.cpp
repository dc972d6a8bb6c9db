#include "forklint/runtime/clock.h"

#include <ctime>

namespace forklint::runtime {

uint64_t now_nanoseconds() {
  timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return uint64_t(time.tv_sec) * 1'000'000'000u + uint64_t(time.tv_nsec);
}

}  // namespace forklint::runtime
