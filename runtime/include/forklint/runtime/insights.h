// Where the time of a pool went. Plain data: filled by Pool::insights(), shown as a table, as JSON, on the dashboard.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "forklint/runtime/start_method.h"

namespace forklint::runtime {

// All durations are in seconds.
struct WorkerInsights {
  unsigned worker = 0;     // its number in the pool
  int pid = 0;             // of its newest process; the pool's own under threading
  unsigned starts = 0;     // processes that have had this number
  uint64_t tasks = 0;      // done, failures included
  double start = 0;        // from the request to its first word, all starts together
  double init = 0;         // in the init function
  double idle = 0;         // waiting for a task
  double decode = 0;       // reading arguments
  double run = 0;          // in task functions
  double encode = 0;       // writing results
  uint64_t bytes_in = 0;   // arguments
  uint64_t bytes_out = 0;  // results
  uint64_t max_rss = 0;    // bytes, as it last said itself
};

struct SlowTask {
  uint64_t index = 0;         // in its map; the number of the call for submit and apply
  unsigned worker = 0;
  double seconds = 0;
  std::string input_preview;  // what it was called with, cut
};

struct Insights {
  StartMethod method = StartMethod::forkserver;
  double wall = 0;                  // since the pool was made
  std::vector<WorkerInsights> workers;
  std::vector<SlowTask> slowest;    // slowest first, at most five
};

// A table for people: one line a worker, the totals, then the slowest tasks.
std::string as_table(const Insights& insights);
// One JSON object with the names of the fields above.
std::string as_json(const Insights& insights);

}  // namespace forklint::runtime
