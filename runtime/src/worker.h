// The worker's side: one loop, in a process of its own or in a thread of the pool's.
#pragma once

#include "forklint/runtime/task.h"
#include "src/block.h"

namespace forklint::runtime {

struct WorkerSide {
  unsigned number = 0;
  BlockView view;
  Page* page = nullptr;
  int event = -1;  // rung when the pool sleeps
  std::vector<std::span<const std::byte>> shared;
  uint64_t cpu_seconds = 0;                  // that each function may take; 0: no limit
  bool process = true;                       // false: a thread of the pool
  std::atomic<bool>* abandoned = nullptr;    // of a thread: the pool has given it up
};

// Lets the calling thread run on these processors only; any, when there are none.
void pin_thread(const std::vector<int>& cpus);

// Serves until it is told to stop, or until the pool is gone. Exceptions of tasks do not leave it.
void serve(WorkerSide side);

}  // namespace forklint::runtime
