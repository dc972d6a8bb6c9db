// SIGINT as something to look for. Internal.
#pragma once

#include <cstdint>

namespace forklint::runtime {

// While one of these lives, the first SIGINT is counted and writes to the event descriptors of all of them; the next does what it did
// before them. Thread-safe.
class InterruptWatch {
 public:
  explicit InterruptWatch(int event);
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  // Whether there was one since the last look.
  bool take();

 private:
  int slot_ = -1;
  uint64_t seen_ = 0;
};

}  // namespace forklint::runtime
