// Limits that the kernel does not keep for us, and why a process may have ended.
#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>

#include "process_state.h"

namespace forklint::runtime {
namespace {

// How many processes the kernel's killer has ended since boot, of whomever; 0 where /proc/vmstat does not say.
uint64_t oom_kills() {
  std::string text = read_proc_file("/proc/vmstat");
  size_t at = text.find("oom_kill ");
  return at == std::string::npos ? 0 : std::strtoull(text.c_str() + at + 9, nullptr, 10);
}

std::atomic<uint64_t>& seen_oom_kills() {
  static std::atomic<uint64_t> seen{oom_kills()};
  return seen;
}

bool speaks_of_memory(std::string_view text) {
  constexpr std::string_view phrases[] = {"MemoryError", "bad_alloc", "annot allocate memory", "ut of memory", "memory exhausted", "Enomem", "ENOMEM"};
  return std::ranges::any_of(phrases, [&](std::string_view phrase) { return text.contains(phrase); });
}

}  // namespace

void note_oom_count() { seen_oom_kills(); }

bool looks_out_of_memory(const ExitInfo& exit, const Limits& limits, bool killed_by_us) {
  if (exit.ok() || killed_by_us) return false;
  if (exit.signal == SIGKILL) {
    uint64_t now = oom_kills();
    return seen_oom_kills().exchange(now) < now;
  }
  if (limits.address_space == 0) return false;
  bool crashed = exit.signal == SIGSEGV || exit.signal == SIGABRT || exit.signal == SIGBUS;
  return speaks_of_memory(exit.stderr_tail) || (crashed && exit.max_rss > limits.address_space / 2);
}

void count_processes(Child::State& state) {
  if (state.limits.processes == 0 || state.exit || Clock::now() < state.next_count) return;
  auto living = size_t(std::ranges::count_if(find_tree(state.key()), alive));
  // Counting takes time from the program: a tree that is far from its limit is counted less often.
  state.next_count = Clock::now() + std::chrono::milliseconds(living < state.limits.processes / 4 ? 30 : 10);
  if (living <= state.limits.processes) return;
  state.ended_by_us = std::to_string(living) + " processes, the limit is " + std::to_string(state.limits.processes);
  kill_tree(state, std::chrono::milliseconds(0));
}

}  // namespace forklint::runtime
