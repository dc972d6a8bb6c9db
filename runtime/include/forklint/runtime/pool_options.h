// What a pool is made of.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "forklint/runtime/shared.h"
#include "forklint/runtime/start_method.h"

namespace forklint::runtime {

// All durations are in seconds; 0: no limit.
struct PoolOptions {
  unsigned workers = 0;  // 0: as many as the processors that this process may use
  StartMethod method = StartMethod::forkserver;
  unsigned chunk = 0;    // tasks handed to a worker ahead of time; 0: as many as take about two milliseconds
  double task_timeout = 0;
  double init_timeout = 0;
  double exit_timeout = 10;
  double start_timeout = 30;
  double kill_grace = 0.2;      // between SIGTERM and SIGKILL
  uint64_t lifespan = 0;        // tasks after which a worker is replaced; 0: never
  uint64_t memory_limit = 0;    // bytes of resident memory after which a worker is replaced, between two tasks; 0: none
  uint64_t address_space = 0;   // hard limit of each worker process, bytes; 0: none
  unsigned retries = 0;         // of a task whose worker died; never of one that threw or ran too long
  bool quiet = false;           // what workers write to stderr is kept for failures, not passed on
  std::string progress;         // the label of a progress bar for each map that waits; empty: none
  std::vector<std::vector<int>> cpus;  // processors of each worker; empty: any
  std::vector<Shared> shared;
  class TraceWriter* trace = nullptr;  // gets a span for each start and each task; outlives the pool
  size_t ring_size = 1 << 18;   // bytes under way in each direction, for each worker; a power of two
};

}  // namespace forklint::runtime
