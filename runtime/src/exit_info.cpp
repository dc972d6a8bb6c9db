#include "forklint/runtime/exit_info.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "src/take_exit.h"

namespace forklint::runtime {

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name ? std::string("SIG") + name : "signal " + std::to_string(signal);
}

std::string describe(const ExitInfo& exit) {
  if (exit.signal == 0) return "exit status " + std::to_string(exit.code);
  return signal_name(exit.signal) + (exit.core ? " (core dumped)" : exit.out_of_memory ? " (out of memory)" : "");
}

static double seconds(const timeval& time) { return double(time.tv_sec) + double(time.tv_usec) * 1e-6; }

Result<std::optional<ExitInfo>> take_exit(int pidfd) {
  siginfo_t info{};
  rusage usage{};
  // The kernel's waitid has a fifth argument that glibc's hides.
  if (::syscall(SYS_waitid, P_PIDFD, pidfd, &info, WEXITED | WNOHANG | __WALL, &usage) != 0) {
    if (errno == EINTR) return std::nullopt;
    return system_error("waitid");
  }
  if (info.si_pid == 0) return std::nullopt;
  ExitInfo exit{.user_seconds = seconds(usage.ru_utime), .system_seconds = seconds(usage.ru_stime), .max_rss = uint64_t(usage.ru_maxrss) * 1024};
  if (info.si_code == CLD_EXITED) exit.code = info.si_status;
  else exit.signal = info.si_status, exit.core = info.si_code == CLD_DUMPED;
  return exit;
}

}  // namespace forklint::runtime
