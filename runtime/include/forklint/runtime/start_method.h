// The four ways in which a pool gets its workers.
#pragma once

#include <string_view>

namespace forklint::runtime {

enum class StartMethod {
  fork,        // copies of this process, memory included; refused while it has other threads
  spawn,       // this program, started anew for each worker
  forkserver,  // copies of a process in which nothing has run yet: this program, started once
  threading,   // threads of this process
};

constexpr std::string_view name(StartMethod method) {
  constexpr std::string_view names[] = {"fork", "spawn", "forkserver", "threading"};
  return names[int(method)];
}

}  // namespace forklint::runtime
