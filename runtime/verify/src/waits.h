// What a sleeping thread waits for, from the system call that it sleeps in. Internal.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "look.h"

namespace forklint::verify {

struct Wait {
  enum Kind { running, timed, lock, shared_lock, child, read, write, poll, signal, file_lock, stopped, other };
  Kind kind = running;
  std::string name;          // of the system call
  double seconds = 0;        // timed: at most so long from its beginning on
  int target = 0;            // child: the number waited for, as the program sees it; 0 or less: any
  std::vector<int> fds;      // read, write, poll; empty for a poll whose descriptors could not be read
  bool forever() const { return kind != running && kind != timed; }
};

Wait wait_of(const ProcessLook& process, const ThreadLook& thread);
// "waits for process 7 to end (wait4)".
std::string describe(const Wait& wait, const ProcessLook& process);

}  // namespace forklint::verify
