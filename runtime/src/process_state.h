// What a Child knows. Internal.
#pragma once

#include "forklint/runtime/fd.h"
#include "forklint/runtime/process.h"
#include "isolation.h"
#include "output_text.h"
#include "proc_tree.h"

namespace forklint::runtime {

// One captured stream.
struct Capture : BoundedText {
  Fd pipe;            // open until its end
  std::string line;   // begun, for on_line
};

struct Child::State {
  int pid = 0;
  Fd pidfd;
  Mark mark;
  Limits limits;
  Group group = Group::session;
  size_t capture_limit = 0;
  std::function<void(Stream, std::string_view)> on_line;
  Capture output;
  Capture errors;
  std::optional<ExitInfo> exit;
  bool reaped = false;
  bool traced = false;         // another thread takes the statuses of the whole tree, and tells this one
  bool killed_by_us = false;
  std::string ended_by_us;
  Deadline next_count{};
  bool namespaces = false;
  bool watch_shm = false;      // /dev/shm is shared with others, what is new there is looked at
  std::string tmp;
  std::vector<std::string> shm_before;
  std::vector<std::string> shm_made;

  TreeKey key() const { return {pid, reaped, mark}; }
};

// launch.cpp: this process takes in what loses its parent below it, once for all launches. A copy of a process is none.
Result<void> become_subreaper();
// A child of this process that was made elsewhere, leads its own session and carries the mark.
Child adopt(int pid, Fd pidfd, Mark mark);
// Does not make this process a subreaper.
// `before_exec` is called when the process exists and waits (only with a copy of the memory); an error of it ends the process.
Result<Child> launch_with(const Command& command, const std::function<Result<void>(int pid)>& before_exec);

// capture.cpp: one turn of the poll loop: waits at most until `until`, reads what is there, takes the status of who has ended.
Result<void> pump(std::span<Child::State* const> states, Deadline until);
// Takes the exit status if there is one.
Result<void> finish(Child::State& state);
// The end of a child whose status is known: reads what is left of its output.
void end_with(Child::State& state, ExitInfo exit);

// process.cpp
KillReport kill_tree(Child::State& state, std::chrono::milliseconds grace);

// limits.cpp
void count_processes(Child::State& state);
void note_oom_count();  // what the kernel's killer has done up to now
bool looks_out_of_memory(const ExitInfo& exit, const Limits& limits, bool killed_by_us);

}  // namespace forklint::runtime
