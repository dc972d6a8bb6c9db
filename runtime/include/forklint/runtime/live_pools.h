// The pools of this process as they are now, for a dashboard or a monitor. Pools register themselves, whatever their start method.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "forklint/runtime/insights.h"

namespace forklint::runtime {

struct LivePool {
  std::string name;  // PoolOptions::name, or "pool 3"
  Insights insights;
};

struct PoolFailure {
  uint64_t id = 0;      // its own among all of this process; a greater one is newer
  std::string pool;
  uint64_t task = 0;    // in its map
  unsigned worker = 0;
  std::string message;  // the first thing one wants to see
  std::string trace;    // nested exceptions, what the task and its worker have written
  double at = 0;        // seconds since 1970
};

// From any thread; each waits for a moment for the locks of the pools. In a forked child: nothing of its parent's.
std::vector<LivePool> live_pools();  // the oldest first
// The newest hundred, oldest first, also of pools that have ended. Cancelled tasks are none.
std::vector<PoolFailure> recent_failures();

}  // namespace forklint::runtime
