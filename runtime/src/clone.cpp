#include "clone.h"

#include <linux/sched.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "signals.h"

namespace forklint::runtime {
namespace {

constexpr size_t stack_size = 256 * 1024;  // untouched pages cost nothing

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FORKLINT_OWN_MEMORY_ONLY 1  // its clone takes locks in the child again and gives them up, which must not be the parent's
#endif
#endif

// Where glibc keeps the number of the calling thread. A copy that clone3 makes must have its own there, or abort() and
// raise() in it would hit the process that it was copied from.
int* thread_number_of_libc() {
  int* address = nullptr;
  if (::prctl(PR_GET_TID_ADDRESS, &address, 0, 0, 0) != 0 || !address || *address != ::gettid()) return nullptr;
  return address;
}

}  // namespace

Result<Born> clone_process(ChildPlan& plan, int flags, bool borrow) {
#ifdef FORKLINT_OWN_MEMORY_ONLY
  borrow = false;
#endif
  void* stack = ::mmap(nullptr, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
  if (stack == MAP_FAILED) return system_error("mmap");
  uint64_t before = set_signal_mask(all_signals);
  int pidfd = -1;
  int pid = ::clone(become_program, static_cast<char*>(stack) + stack_size, SIGCHLD | CLONE_PIDFD | flags | (borrow ? CLONE_VM | CLONE_VFORK : 0), &plan, &pidfd);
  int number = errno;
  set_signal_mask(before);
  ::munmap(stack, stack_size);
  if (pid < 0) return system_error("clone", number);
  return Born{pid, Fd(pidfd)};
}

Result<Born> copy_process_as_sibling(int flags) {
  int* thread_number = thread_number_of_libc();
  if (!thread_number) return system_error("PR_GET_TID_ADDRESS", ENOSYS);
  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = uint64_t(unsigned(flags)) | CLONE_PARENT | CLONE_PIDFD | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
  arguments.pidfd = uint64_t(reinterpret_cast<uintptr_t>(&pidfd));
  arguments.child_tid = uint64_t(reinterpret_cast<uintptr_t>(thread_number));
  uint64_t before = set_signal_mask(all_signals);
  auto pid = int(::syscall(SYS_clone3, &arguments, sizeof arguments));
  int number = errno;
  if (pid == 0) return Born{};
  set_signal_mask(before);
  if (pid < 0) return system_error("clone3", number);
  return Born{pid, Fd(pidfd)};
}

}  // namespace forklint::runtime
