// The process from which worker processes come. It has one thread, makes children that are the pool's own, and knows
// when the pool is gone: then it kills them all and ends. By method:
//   fork        a copy of the pool's process, made before that has threads: its children have the pool's memory
//   forkserver  this program started anew; its children are copies of that
//   spawn       the same, but each child executes the program again
// It carries a mark (process.h) that its children inherit. Where this process takes in orphans, those of the pool's tasks are known by it,
// and ended with the pool. A pool alone does not make its process take them in.
#pragma once

#include <unistd.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "forklint/runtime/fd.h"
#include "forklint/runtime/process.h"
#include "forklint/runtime/start_method.h"

namespace forklint::runtime {

struct StarterPlan {
  StartMethod method = StartMethod::forkserver;
  unsigned workers = 0;
  size_t ring_size = 0;
  int memory = -1;          // file of the shared memory
  int event = -1;
  std::vector<int> shared;  // files of the shared objects
  std::vector<size_t> shared_sizes;
  std::vector<std::vector<int>> cpus;  // of each worker; empty: any
  Limits limits;                       // of each worker
  int progress = -1;                   // the board of progress bars
};

struct StartedWorker {
  pid_t pid = -1;
  Fd pidfd;
};

class Starter {
 public:
  static Result<std::unique_ptr<Starter>> make(const StarterPlan& plan);
  ~Starter();

  // Asks for worker `number`. Its stdout is `output`, where that is not negative. Several may be asked for before the first has come.
  Result<void> ask(unsigned number, int errors, int output);
  // The next of those that were asked for.
  Result<StartedWorker> take();

 private:
  Starter(Fd socket, Child child) : socket_(std::move(socket)), child_(std::move(child)) {}

  Fd socket_;
  Child child_;
  pid_t owner_ = ::getpid();
};

// For main(): the role that the arguments name, run to its end. Nothing when they name none.
std::optional<int> run_role(int argc, char** argv);

// Threads of this process.
size_t count_threads();

}  // namespace forklint::runtime
