#include "clone.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace forklint::runtime {
namespace {

constexpr size_t stack_size = 256 * 1024;  // untouched pages cost nothing

// The kernel's own call: glibc's leaves out its two internal signals, whose handlers must not run on the borrowed memory either.
void set_signal_mask(const uint64_t* mask, uint64_t* old) { ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, mask, old, sizeof *mask); }

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FORKLINT_OWN_MEMORY_ONLY 1  // its clone takes locks in the child again and gives them up, which must not be the parent's
#endif
#endif

}  // namespace

Result<Born> clone_process(ChildPlan& plan, int namespaces, bool borrow) {
#ifdef FORKLINT_OWN_MEMORY_ONLY
  borrow = false;
#endif
  void* stack = ::mmap(nullptr, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
  if (stack == MAP_FAILED) return system_error("mmap");
  const uint64_t all = ~0ull;
  uint64_t before = 0;
  set_signal_mask(&all, &before);
  int pidfd = -1;
  int flags = SIGCHLD | CLONE_PIDFD | namespaces | (borrow ? CLONE_VM | CLONE_VFORK : 0);
  int pid = ::clone(become_program, static_cast<char*>(stack) + stack_size, flags, &plan, &pidfd);
  int number = errno;
  set_signal_mask(&before, nullptr);
  ::munmap(stack, stack_size);
  if (pid < 0) return system_error("clone", number);
  return Born{pid, Fd(pidfd)};
}

}  // namespace forklint::runtime
