#include "forklint/runtime/exit_info.h"

#include <csignal>
#include <cstring>

namespace forklint::runtime {

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name ? std::string("SIG") + name : "signal " + std::to_string(signal);
}

std::string describe(const ExitInfo& exit) {
  if (exit.signal == 0) return "exit status " + std::to_string(exit.code);
  return signal_name(exit.signal) + (exit.core ? " (core dumped)" : exit.out_of_memory ? " (out of memory)" : "");
}

}  // namespace forklint::runtime
