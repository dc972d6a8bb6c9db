// The kernel's calls: the header of glibc 2.36 declares its own without extern "C". Internal.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

namespace forklint::runtime {

inline int open_pidfd(int pid) { return int(::syscall(SYS_pidfd_open, pid, 0)); }
inline int signal_pidfd(int pidfd, int number) { return int(::syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0)); }

}  // namespace forklint::runtime
