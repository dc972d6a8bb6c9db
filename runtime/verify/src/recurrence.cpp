#include "recurrence.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <optional>
#include <sstream>
#include <string_view>
#include <thread>

#include "forklint/runtime/fd.h"
#include "room.h"

namespace forklint::verify {
namespace {

constexpr uint64_t most_memory = 64 << 20;
constexpr uintmax_t most_unseen = 4 << 20;
constexpr unsigned times_needed = 4;
constexpr uint64_t switches_between = 6;

uint64_t switches_of(const ProcessLook& process) {
  uint64_t sum = 0;
  for (const ThreadLook& thread : process.threads) sum += thread.switches;
  return sum;
}

// What a line of /proc/PID/maps tells of memory that can be written, but for the stacks that the kernel names.
std::optional<Range> writable(std::string_view line) {
  size_t dash = line.find('-'), space = line.find(' ');
  if (dash == line.npos || space == line.npos || !line.substr(space + 1).starts_with("rw") || line.ends_with("[stack]")) return std::nullopt;
  Range range;
  std::from_chars(line.data(), line.data() + dash, range.begin, 16);
  std::from_chars(line.data() + dash + 1, line.data() + space, range.end, 16);
  return range;
}

// Ranges in order.
void blank(std::string& bytes, Range at, const std::vector<Range>& unseen) {
  auto first = std::ranges::partition_point(unseen, [&](const Range& range) { return range.begin < at.begin; });
  if (first != unseen.begin()) --first;  // it may reach into this region
  for (; first != unseen.end() && first->begin < at.end; ++first) {
    const uint64_t begin = std::max(first->begin, at.begin), end = std::min(first->end, at.end);
    if (begin < end) std::fill_n(bytes.begin() + ptrdiff_t(begin - at.begin), end - begin, '\0');
  }
}

// Of all memory that can be written, and of how much was read from files and pipes.
std::optional<uint64_t> fingerprint(int pid, const std::vector<Range>& unseen) {
  const std::string folder = "/proc/" + std::to_string(pid);
  std::istringstream maps(read_text(folder + "/maps"));
  std::string taken_in = read_text(folder + "/io");
  uint64_t total = 0, result = std::hash<std::string>()(taken_in.substr(0, taken_in.find('\n')));
  for (std::string line; std::getline(maps, line);) {
    std::optional<Range> range = writable(line);
    if (!range) continue;
    if ((total += range->end - range->begin) > most_memory) return std::nullopt;
    std::string bytes = memory(pid, range->begin, size_t(range->end - range->begin));
    if (!bytes.empty()) blank(bytes, *range, unseen);
    result = result * 1099511628211u + std::hash<std::string_view>()(bytes) + range->begin;
  }
  return result;
}

// As the program wrote it, which is not trusted: too much of it is nothing.
std::vector<Range> ranges_in(const std::string& path) {
  std::vector<Range> ranges;
  std::error_code error;
  if (std::filesystem::file_size(path, error) > most_unseen || error) return ranges;
  std::istringstream lines(read_text(path));
  for (Range range; lines >> std::hex >> range.begin >> range.end;) ranges.push_back(range);
  return ranges;
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

  void send(int signal) const {
    if (pidfd_.open()) ::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0);
  }

 private:
  int pid_;
  runtime::Fd pidfd_;
};

}  // namespace

void Recurrence::step(const ProcessLook& process, const std::string& unseen) {
  Seen& seen = seen_[process.inner];
  // To stop it and to let it go on costs some of them.
  const uint64_t switches = switches_of(process);
  if (seen.switches != 0 && switches < seen.switches + switches_between) return;
  if (seen.asked && seen.unseen.empty()) seen.unseen = ranges_in(unseen);
  std::optional<uint64_t> now;
  Stopped stopped(process.pid);
  if (stopped.all()) now = fingerprint(process.pid, seen.unseen);
  if (!now) return;
  const bool first = seen.switches == 0;
  seen.switches = switches;
  const unsigned times = ++seen.times[*now];
  if (times >= times_needed) proved_.insert(process.inner);
  else proved_.erase(process.inner);
  if (first || times != 1 || seen.asked || !handles(process.pid, unseen_signal)) return;
  seen.asked = true;
  stopped.send(unseen_signal);
}

}  // namespace forklint::verify
