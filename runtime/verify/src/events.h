// The file into which everything inside of a run writes lines: the first process, the preloaded libraries, the sitecustomize. Whoever
// is observed could write there too, so nothing read from it is trusted further than its own line. Internal.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "forklint/verify/verify.h"

namespace forklint::verify {

using Clock = std::chrono::steady_clock;

struct ExceptionSeen {
  int pid = 0;
  std::string how;  // "ended", "thread", "feeder", "printed"
  std::string type;
  std::string message;
};

// What is known from the lines read so far.
struct Record {
  std::optional<int> main;                 // process of the program
  std::optional<Clock::time_point> ended;  // when its end was read
  std::map<int, ProcessSeen> processes;
  std::vector<ExceptionSeen> exceptions;
  std::vector<ForkSeen> forks;
  std::vector<Start> starts;
  std::vector<UnsafeCall> unsafe_calls;
  std::map<int, std::string> orphans;      // process -> what it waits for and who held it
  std::map<std::string, int> ends;         // a pipe -> the process whose end it tells, though others hold it
  std::map<int, Clock::time_point> timers; // process -> when its alarm rings
  std::vector<std::string> reached;
  std::vector<std::string> refused;
  std::string unavailable;
  std::string python;
  bool injected = false;
  bool own_processes = false;
};

class Events {
 public:
  explicit Events(std::string path) : path_(std::move(path)) {}
  // Reads what is new; at most 16 MiB in all.
  void read();
  const Record& record() const { return record_; }

 private:
  void take(const std::vector<std::string>& words);
  ProcessSeen& process(int pid);

  std::string path_;
  uint64_t offset_ = 0;
  std::string rest_;
  std::map<int, ForkSeen> announced_;  // a Python fork that is about to happen, by its process
  Record record_;
};

}  // namespace forklint::verify
