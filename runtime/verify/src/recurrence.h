// Whether a program that polls gets anywhere. Internal.
//
// An interpreter that wakes, looks and sleeps again, and whose memory is each time the same to the byte, does so for ever, as long as
// nobody else moves: what it looks at does not change, and it does not count. A counter, a deadline or a retry leaves a trace in the
// heap; only the C stack, where the C library keeps the time at which to wake, is left out. That is why this is asked of interpreters
// only, whose own state is on the heap.
#pragma once

#include <map>
#include <set>

#include "look.h"

namespace forklint::verify {

class Recurrence {
 public:
  // A look at a process that only polls. Stops it for about 1 ms a MiB of its memory; nothing beyond 64 MiB.
  void step(const ProcessLook& process);
  // Processes (as the program numbers them) whose memory was the same four times in a row, with wakes in between.
  const std::set<int>& proved() const { return proved_; }

 private:
  struct Seen {
    uint64_t fingerprint = 0;
    uint64_t switches = 0;
    unsigned equal = 0;
  };
  std::map<int, Seen> seen_;
  std::set<int> proved_;
};

}  // namespace forklint::verify
