// What a pool is made of.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "forklint/runtime/process.h"
#include "forklint/runtime/shared.h"
#include "forklint/runtime/start_method.h"

namespace forklint::runtime {

// What becomes of what workers write to stdout and stderr. All but `inherit` know which task wrote it, and need processes: threads
// share the streams of this process, so a pool of threads is refused with them.
enum class WorkerOutput : uint8_t {
  inherit,  // stdout is this process's own; stderr is passed on as it comes, and its end is kept for failures
  keep,     // for on_output and Failure alone
  group,    // and passed on in one piece when the task is done
  lines,    // and passed on line by line as it comes, with "[worker 2] " before each
};

// What one task, init or exit function has written; at most capture_limit bytes of each, the newest.
struct TaskOutput {
  std::string task;    // its name
  uint64_t index = 0;  // in its map; 0 for apply, submit, init and exit
  unsigned worker = 0;
  std::string output;
  std::string errors;
};

// Which worker gets a task.
enum class Order : uint8_t {
  free,         // the first that has room
  round_robin,  // task i of a map goes to worker i modulo the number of workers, whoever is free: state by worker is predictable
};

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
  Limits limits;                // of each worker process (process.h). CPU is counted for each function by itself, and processes are those
                                // below the worker, itself included: one too many ends it. None under threading, where they are refused
  unsigned retries = 0;         // of a task whose worker died; never of one that threw or ran too long
  bool quiet = false;           // what workers write to stderr is kept for failures, not passed on
  std::string progress;         // the label of a progress bar for each map, lazy ones too; empty: none
  std::vector<std::vector<int>> cpus;  // processors of each worker; empty: any. Refused where this process may use none of them
  std::vector<Shared> shared;
  class TraceWriter* trace = nullptr;  // gets a span for each start and each task; outlives the pool
  size_t ring_size = 1 << 18;   // bytes under way in each direction, for each worker; a power of two
  std::string name;             // in live_pools() and on the dashboard; empty: a number
  Order order = Order::free;
  bool keep_alive = true;       // false: workers end when nothing is left to do; what comes next has new ones
  // SIGINT while a call waits cancels all that is under way, and the call returns; the next one ends the program. Else SIGINT does to the
  // program what it always does, and workers end with it. The disposition of SIGINT is changed while a call waits.
  bool stop_on_interrupt = false;
  WorkerOutput output = WorkerOutput::inherit;
  size_t capture_limit = 1 << 20;  // bytes
  // Called by whoever drives the pool, one at a time, when the function has ended, if it has written anything. Like `done` of submit_then
  // it may use the pool.
  std::function<void(const TaskOutput&)> on_output = {};
};

}  // namespace forklint::runtime
