// The ptrace side of a tree watch: one thread's view of every process and thread of a tree. Internal.
#pragma once

#include <sys/resource.h>

#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "forklint/runtime/tree_watch.h"

namespace forklint::runtime {

class Tracer {
 public:
  explicit Tracer(const WatchOptions& options, unsigned limit) : kept_(options.events), limit_(limit) {}
  // To be called while the process waits, before it is the program.
  Result<void> seize(int pid);
  // Until the whole tree has ended; `root_ended` is called once with what became of the first process.
  void follow(const std::function<void(ExitInfo)>& root_ended);

  std::vector<TreeEvent> events;
  uint64_t dropped = 0;
  unsigned most = 0;
  bool over_limit = false;

 private:
  struct Process {
    int parent = 0;
    std::set<int> tids;
    int threads_at_exit = 0;
    uint64_t peak = 0;
    std::string program;
  };

  void stopped(int tid, int status);
  void ended(int tid, int status, const rusage& usage, const std::function<void(ExitInfo)>& root_ended);
  void meet(int tid, int from, bool surely_process);
  void born(int pid, int parent);
  void executed(int pid);
  void leaving(int tid);
  void gone(int pid, const Process& process, int status);
  void kill_all();
  void record(TreeEvent event);

  size_t kept_;
  unsigned limit_;
  int root_ = 0;
  Clock::time_point start_ = Clock::now();
  std::map<int, Process> processes_;
  std::unordered_map<int, int> process_of_;    // by thread
  std::unordered_set<int> unannounced_;        // met by their own first stop, perhaps ended since, before their parent's word
  std::unordered_map<int, int> ended_unmet_;   // killed before its first stop and before its parent's word: tid and status
};

}  // namespace forklint::runtime
