// Signals around the birth of a process. Internal. Only system calls: a child that borrows its parent's memory calls these too, so
// the sanitizers, which know nothing of its stack, are off.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>

#define FORKLINT_BARE __attribute__((no_sanitize("address", "undefined", "thread")))

namespace forklint::runtime {

inline constexpr uint64_t all_signals = ~0ull;

// The mask that was there before. The kernel's own call: glibc's leaves out its two internal signals, whose handlers must not run on
// borrowed memory either.
FORKLINT_BARE inline uint64_t set_signal_mask(uint64_t mask) {
  uint64_t before = 0;
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, &before, sizeof mask);
  return before;
}

// In a new process: handlers are the parent's functions and must not run here; ignored signals would stay ignored. Unblocks all.
FORKLINT_BARE inline void reset_signals() {
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; number++) ::sigaction(number, &standard, nullptr);
  set_signal_mask(0);
}

}  // namespace forklint::runtime
