// Whether a program that polls gets anywhere. Internal.
//
// An interpreter that wakes, looks and sleeps again, and whose memory is each time the same to the byte, does so for ever, as long as
// nobody else moves: what it looks at does not change, it takes in nothing, and it does not count. A counter, a deadline or a retry
// leaves a trace in the heap or in shared memory. Left out is the C stack, where the C library keeps the time at which to wake, and
// what the interpreter itself says that no program can see. That is why this is asked of interpreters only, whose own state is on the heap.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "look.h"

namespace forklint::verify {

struct Range {
  uint64_t begin = 0;
  uint64_t end = 0;
};

class Recurrence {
 public:
  // A look at a process that only polls. Stops it for about 1 ms a MiB of its memory; nothing beyond 64 MiB. `unseen` is the file in
  // which it tells, when it is asked, what of its memory no program sees: it is asked once, when its memory was found to differ.
  void step(const ProcessLook& process, const std::string& unseen);
  // Processes (as the program numbers them) whose memory was met for the fourth time, with wakes in between: a program that polls may
  // have a few states by turns.
  const std::set<int>& proved() const { return proved_; }

 private:
  struct Seen {
    uint64_t switches = 0;
    std::map<uint64_t, unsigned> times;  // by the memory's fingerprint: how often it was met
    bool asked = false;
    std::vector<Range> unseen;
  };
  std::map<int, Seen> seen_;
  std::set<int> proved_;
};

}  // namespace forklint::verify
