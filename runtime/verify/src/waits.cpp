#include "waits.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <algorithm>
#include <cstring>

namespace forklint::verify {
namespace {

constexpr double unknown_time = 1e9;

double seconds(const timespec& time) { return double(time.tv_sec) + double(time.tv_nsec) / 1e9; }

// A time limit in the program's memory: relative, or a moment of a clock.
double time_at(int pid, uint64_t address, std::optional<clockid_t> clock, double unit = 1e9) {
  std::string bytes = memory(pid, address, sizeof(timespec));
  if (bytes.empty()) return unknown_time;
  int64_t parts[2];
  std::memcpy(parts, bytes.data(), sizeof parts);
  double time = double(parts[0]) + double(parts[1]) / unit;
  if (!clock) return time;
  timespec now{};
  ::clock_gettime(*clock, &now);
  return std::max(0.0, time - seconds(now));
}

Wait timed(const char* name, double limit) { return {.kind = Wait::timed, .name = name, .seconds = limit}; }

Wait futex(const ProcessLook& process, const ThreadLook& thread) {
  const auto& [address, operation, value, limit, address2, value3] = thread.arguments;
  int command = int(operation) & FUTEX_CMD_MASK;
  bool waits = command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET || command == FUTEX_LOCK_PI || command == FUTEX_LOCK_PI2 || command == FUTEX_WAIT_REQUEUE_PI;
  if (!waits) return {};
  if (limit != 0) {
    std::optional<clockid_t> clock;
    if (command != FUTEX_WAIT) clock = operation & FUTEX_CLOCK_REALTIME || command == FUTEX_LOCK_PI ? CLOCK_REALTIME : CLOCK_MONOTONIC;
    return timed("futex", time_at(process.pid, limit, clock));
  }
  return {.kind = operation & FUTEX_PRIVATE_FLAG ? Wait::lock : Wait::shared_lock, .name = "futex"};
}

std::vector<int> polled(int pid, uint64_t address, uint64_t count) {
  std::vector<int> fds;
  if (count == 0 || count > 4096) return fds;
  std::string bytes = memory(pid, address, size_t(count) * sizeof(pollfd));
  for (size_t at = 0; at + sizeof(pollfd) <= bytes.size(); at += sizeof(pollfd)) {
    pollfd entry;
    std::memcpy(&entry, bytes.data() + at, sizeof entry);
    if (entry.fd >= 0) fds.push_back(entry.fd);
  }
  return fds;
}

// Milliseconds as an int, where any negative number is no limit.
std::optional<double> milliseconds(uint64_t argument) {
  int value = int(argument);
  if (value < 0) return std::nullopt;
  return value / 1000.0;
}

Wait on_descriptor(Wait::Kind kind, const char* name, const ThreadLook& thread) { return {.kind = kind, .name = name, .fds = {int(thread.arguments[0])}}; }

Wait epoll(const ProcessLook& process, const ThreadLook& thread, std::optional<double> limit) {
  if (limit) return timed("epoll_wait", *limit);
  return {.kind = Wait::poll, .name = "epoll_wait", .fds = epoll_targets(process.pid, int(thread.arguments[0]))};
}

Wait any_poll(const ProcessLook& process, const ThreadLook& thread, std::optional<double> limit) {
  if (limit) return timed("poll", *limit);
  return {.kind = Wait::poll, .name = "poll", .fds = polled(process.pid, thread.arguments[0], thread.arguments[1])};
}

std::optional<double> limit_at(const ProcessLook& process, uint64_t address, double unit = 1e9) {
  if (address == 0) return std::nullopt;
  return time_at(process.pid, address, std::nullopt, unit);
}

Wait select_wait(const ProcessLook& process, uint64_t limit, double unit) {
  if (auto time = limit_at(process, limit, unit)) return timed("select", *time);
  return {.kind = Wait::poll, .name = "select"};
}

Wait file_control(const ThreadLook& thread) {
  int command = int(thread.arguments[1]);
  if (command == F_SETLKW || command == F_OFD_SETLKW) return on_descriptor(Wait::file_lock, "fcntl", thread);
  return {};
}

// -1 as the kernel shows an int argument.
int as_pid(uint64_t argument) { return int(argument); }

Wait in_call(const ProcessLook& process, const ThreadLook& thread) {
  const auto& a = thread.arguments;
  switch (thread.call) {
    case SYS_futex: return futex(process, thread);
    case SYS_wait4: return {.kind = Wait::child, .name = "wait4", .target = as_pid(a[0])};
    case SYS_waitid: return {.kind = Wait::child, .name = "waitid", .target = as_pid(a[0]) == P_PID ? as_pid(a[1]) : 0};
    case SYS_read: return on_descriptor(Wait::read, "read", thread);
    case SYS_readv: return on_descriptor(Wait::read, "readv", thread);
    case SYS_pread64: return on_descriptor(Wait::read, "pread", thread);
    case SYS_recvfrom: return on_descriptor(Wait::read, "recvfrom", thread);
    case SYS_recvmsg: return on_descriptor(Wait::read, "recvmsg", thread);
    case SYS_accept: return on_descriptor(Wait::read, "accept", thread);
    case SYS_accept4: return on_descriptor(Wait::read, "accept", thread);
    case SYS_write: return on_descriptor(Wait::write, "write", thread);
    case SYS_writev: return on_descriptor(Wait::write, "writev", thread);
    case SYS_sendto: return on_descriptor(Wait::write, "sendto", thread);
    case SYS_sendmsg: return on_descriptor(Wait::write, "sendmsg", thread);
    case SYS_connect: return on_descriptor(Wait::write, "connect", thread);
    case SYS_ppoll: return any_poll(process, thread, limit_at(process, a[2]));
    case SYS_pselect6: return select_wait(process, a[4], 1e9);
    case SYS_epoll_pwait: return epoll(process, thread, milliseconds(a[3]));
    case SYS_epoll_pwait2: return epoll(process, thread, limit_at(process, a[3]));
#ifdef SYS_poll
    case SYS_poll: return any_poll(process, thread, milliseconds(a[2]));
    case SYS_select: return select_wait(process, a[4], 1e6);
    case SYS_epoll_wait: return epoll(process, thread, milliseconds(a[3]));
    case SYS_pause: return {.kind = Wait::signal, .name = "pause"};
#endif
    case SYS_rt_sigsuspend: return {.kind = Wait::signal, .name = "sigsuspend"};
    case SYS_rt_sigtimedwait: return a[2] == 0 ? Wait{.kind = Wait::signal, .name = "sigwait"} : timed("sigtimedwait", time_at(process.pid, a[2], std::nullopt));
    case SYS_fcntl: return file_control(thread);
    case SYS_flock: return on_descriptor(Wait::file_lock, "flock", thread);
    case SYS_openat: return {.kind = Wait::other, .name = "open"};
    case SYS_semop: return {.kind = Wait::other, .name = "semop"};
    case SYS_msgrcv: return {.kind = Wait::other, .name = "msgrcv"};
    case SYS_nanosleep: return timed("nanosleep", time_at(process.pid, a[0], std::nullopt));
    case SYS_clock_nanosleep:
      return timed("clock_nanosleep", time_at(process.pid, a[2], a[1] & TIMER_ABSTIME ? std::optional<clockid_t>(clockid_t(a[0])) : std::nullopt));
    default: return timed("a system call", unknown_time);
  }
}

std::string list(const std::vector<int>& fds, const ProcessLook& process) {
  std::string text;
  for (size_t i = 0; i < fds.size() && i < 4; i++) {
    std::string target = descriptor(process.pid, fds[i]);
    text += (i ? ", " : "") + std::to_string(fds[i]) + (target.empty() ? "" : " (" + target + ")");
  }
  if (fds.size() > 4) text += ", ...";
  return text;
}

}  // namespace

Wait wait_of(const ProcessLook& process, const ThreadLook& thread) {
  if (thread.state == 'T' || thread.state == 't') return {.kind = Wait::stopped, .name = "stopped"};
  if (thread.state != 'S' || thread.call < 0) return {};
  return in_call(process, thread);
}

std::string describe(const Wait& wait, const ProcessLook& process) {
  std::string call = " (" + wait.name + ")";
  switch (wait.kind) {
    case Wait::running: return "runs";
    case Wait::timed: return "sleeps" + call;
    case Wait::lock: return "waits for a lock of this process" + call;
    case Wait::shared_lock: return "waits for a lock that processes share" + call;
    case Wait::child: return wait.target > 0 ? "waits for process " + std::to_string(wait.target) + " to end" + call : "waits for any child to end" + call;
    case Wait::read: return "waits to read from descriptor " + list(wait.fds, process) + call;
    case Wait::write: return "waits to write to descriptor " + list(wait.fds, process) + call;
    case Wait::poll: return wait.fds.empty() ? "waits for descriptors" + call : "waits for one of the descriptors " + list(wait.fds, process) + call;
    case Wait::signal: return "waits for a signal" + call;
    case Wait::file_lock: return "waits for the lock of file " + list(wait.fds, process) + call;
    case Wait::stopped: return "is stopped";
    case Wait::other: return "waits" + call;
  }
  return "waits";
}

}  // namespace forklint::verify
