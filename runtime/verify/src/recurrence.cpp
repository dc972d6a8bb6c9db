#include "recurrence.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <functional>
#include <optional>
#include <sstream>
#include <string_view>
#include <thread>

#include "forklint/runtime/fd.h"

namespace forklint::verify {
namespace {

constexpr uint64_t most_memory = 64 << 20;
constexpr unsigned equal_needed = 3;
constexpr uint64_t switches_between = 6;

uint64_t switches_of(const ProcessLook& process) {
  uint64_t sum = 0;
  for (const ThreadLook& thread : process.threads) sum += thread.switches;
  return sum;
}

// Of all private memory that can be written, but for the stacks of threads that the kernel names.
std::optional<uint64_t> fingerprint(int pid) {
  std::istringstream maps(read_text("/proc/" + std::to_string(pid) + "/maps"));
  uint64_t total = 0, result = 0;
  for (std::string line; std::getline(maps, line);) {
    uint64_t begin = 0, end = 0;
    size_t dash = line.find('-'), space = line.find(' ');
    if (dash == line.npos || space == line.npos || line.compare(space + 1, 2, "rw") != 0 || line[space + 4] != 'p' || line.ends_with("[stack]")) continue;
    std::from_chars(line.data(), line.data() + dash, begin, 16);
    std::from_chars(line.data() + dash + 1, line.data() + space, end, 16);
    if ((total += end - begin) > most_memory) return std::nullopt;
    std::string bytes = memory(pid, begin, size_t(end - begin));
    result = result * 1099511628211u + std::hash<std::string_view>()(bytes) + begin;
  }
  return result;
}

// A process that stands still while its memory is read: a poll every few milliseconds would never be met asleep for so long.
class Stopped {
 public:
  explicit Stopped(int pid) : pid_(pid), pidfd_(int(::syscall(SYS_pidfd_open, pid, 0))) { send(SIGSTOP); }
  ~Stopped() { send(SIGCONT); }
  Stopped(const Stopped&) = delete;
  Stopped& operator=(const Stopped&) = delete;

  bool all() const {
    for (int turn = 0; turn < 20; turn++) {
      std::vector<ProcessLook> look = look_at({pid_});
      if (look.empty()) return false;
      if (std::ranges::all_of(look.front().threads, [](const ThreadLook& thread) { return thread.state == 'T'; })) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
  }

 private:
  void send(int signal) const {
    if (pidfd_.open()) ::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0);
  }
  int pid_;
  runtime::Fd pidfd_;
};

}  // namespace

void Recurrence::step(const ProcessLook& process) {
  Seen& seen = seen_[process.inner];
  // To stop it and to let it go on costs some of them.
  const uint64_t switches = switches_of(process);
  if (seen.switches != 0 && switches < seen.switches + switches_between) return;
  std::optional<uint64_t> now;
  {
    Stopped stopped(process.pid);
    if (stopped.all()) now = fingerprint(process.pid);
  }
  if (!now) return;
  seen.equal = *now == seen.fingerprint ? seen.equal + 1 : 0;
  seen.fingerprint = *now;
  seen.switches = switches;
  if (seen.equal >= equal_needed) proved_.insert(process.inner);
  else proved_.erase(process.inner);
}

}  // namespace forklint::verify
