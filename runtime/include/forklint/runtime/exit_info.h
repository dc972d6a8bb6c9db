// How a process ended, whole.
#pragma once

#include <cstdint>
#include <string>

namespace forklint::runtime {

struct ExitInfo {
  int code = -1;             // exit status; -1 when a signal ended it
  int signal = 0;            // the signal that ended it, else 0
  bool core = false;         // a core file was written
  bool out_of_memory = false;  // it met its memory limit, or the kernel's killer chose it, as far as can be told
  double user_seconds = 0;
  double system_seconds = 0;
  uint64_t max_rss = 0;      // bytes
  std::string stderr_tail;   // the last 4 KiB that it wrote there, where that was captured
  std::string ended_by_us;   // why this library ended it: "51 processes, the limit is 50"; "" when it did not

  bool ok() const { return signal == 0 && code == 0; }
};

// "exit status 3", "SIGKILL", "SIGSEGV (core dumped)".
std::string describe(const ExitInfo& exit);
// "SIGKILL"; "signal 77" for one without a name.
std::string signal_name(int signal);

}  // namespace forklint::runtime
