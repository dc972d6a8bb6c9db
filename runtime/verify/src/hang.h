// Whether a tree of processes can ever go on: the oracles "orphan lock", "lone thread" and "quiescence". Internal.
//
// Two equal looks in a row, with equal counts of context switches, mean that nobody ran between them: the looks are then of one
// moment, although /proc gives no snapshot. If at that moment everybody waits without time limit, nothing that belongs to the
// program can happen any more. A thread that sleeps for a time does not end the search when it would wake after the wall limit, or has
// woken three times and changed nothing; but whoever waits for such a thread is not stuck for ever, unless its process is known to
// poll for nothing (recurrence.h).
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "waits.h"

namespace forklint::verify {

struct Hang {
  std::string proof;                              // "orphan lock", "lone thread", "quiescence"
  std::vector<std::string> cycle;                 // from the main thread on
  std::map<int, std::vector<std::string>> waits;  // by process, as the program numbers it: a line a thread
};

struct HangQuestion {
  int main = 0;                   // as the program numbers it; 0: whether all that is left is stuck
  std::set<int> recurring;        // processes that poll, and are each time the same
  std::set<int> orphans;          // processes that said they wait for a lock of a vanished thread
  std::map<std::string, int> ends; // pipes that tell of the end of a process, whoever else holds them
  bool timers = false;            // an alarm is set somewhere: it may still ring
  bool private_network = false;
  double seconds_left = 0;        // to the wall limit
};

class HangFinder {
 public:
  // Called with each look; looks 10 to 50 ms apart.
  std::optional<Hang> step(const std::vector<ProcessLook>& look, const HangQuestion& question);
  // Processes that have kept the last step from an answer by sleeping again and again, shortly.
  const std::vector<ProcessLook>& polling() const { return polling_; }
  // What was seen last, whether it is a hang or not.
  std::map<int, std::vector<std::string>> waits() const;

 private:
  struct Sleeper {
    uint64_t switches = 0;
    unsigned wakes = 0;
    std::chrono::steady_clock::time_point since{};
  };
  void follow(const std::vector<ProcessLook>& seen);
  void take_up(ThreadLook& thread);

  std::vector<ProcessLook> last_;
  std::vector<std::vector<Wait>> waits_;
  std::vector<ProcessLook> stable_;     // the threads that wait for ever, as they were
  std::map<int, std::pair<long, std::array<uint64_t, 6>>> calls_;  // by thread: the call that it was last seen in
  std::map<int, Sleeper> sleepers_;     // by thread, since the others are stable
  std::vector<ProcessLook> polling_;
  unsigned rounds_ = 0;                 // how often they were found unchanged
};

}  // namespace forklint::verify
