// A program run under watch: every birth, exec and exit in its whole tree, seen by ptrace, so that none is missed.
//
// What it costs: each process and thread of the tree stops at its birth, at exec and at exit until this side has looked, and so
// does each delivery of a signal: 0.03 to 0.1 ms a process here, nothing for system calls. The launch is by fork (a copy of the
// memory, 10 to 60 ms for each GB of this process). No debugger or profiler that needs ptrace (gdb, strace, py-spy) can attach
// to the tree meanwhile, and set-id programs run without their privileges. Needs kernel.yama.ptrace_scope below 3.
//
// The tree lives no longer than the call. If this process dies, the kernel ends the tree (PTRACE_O_EXITKILL).
// Thread-safety: from any thread, several at a time; each call has a thread of its own, because a tracer is a thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "forklint/runtime/process.h"

namespace forklint::runtime {

struct TreeEvent {
  enum class Kind { birth, exec, exit };
  Kind kind = Kind::birth;
  double at = 0;         // seconds since the launch, monotonic
  int pid = 0;
  int parent = 0;        // at its birth
  int threads = 0;       // birth: of the parent at that moment, more than one is the dangerous kind of fork; exit: at it;
                         // exec: 1, for the kernel has ended the others
  int code = -1;         // exit only; -1 when a signal ended it
  int signal = 0;        // exit only
  uint64_t max_rss = 0;  // bytes; exit only; of its last program
  std::string program;   // birth: the parent's; exec and exit: its own. The path of its file
  std::vector<std::string> argv;  // exec only; at most 4 KiB
};

struct WatchOptions {
  std::chrono::milliseconds timeout = std::chrono::hours(24);
  std::chrono::milliseconds grace = std::chrono::milliseconds(500);
  // Living at a time. What is born beyond that is never resumed, the tree is killed, `exit.ended_by_us` says so. 0: no limit.
  unsigned processes = 256;
  // Events kept; a tree of many short processes goes on unrecorded.
  size_t events = 100'000;
};

struct Watched {
  ExitInfo exit;                  // of the child itself
  std::string output;
  std::string errors;
  bool timed_out = false;
  std::vector<TreeEvent> events;  // by time
  uint64_t events_dropped = 0;
  unsigned most_processes = 0;    // living at a time
};

// Runs it to its end or the timeout; what is left of the tree then is ended, and seen ending.
// Command::launch does not count; Command::limits.processes is read when WatchOptions::processes is 0.
Result<Watched> watch_tree(const Command& command, const WatchOptions& options = {});

// One JSON object a line: {"event":"exit","at":0.012345,"pid":12,"parent":11,"threads":1,"code":0,"max_rss":3456000,"program":"/bin/true"}.
std::string as_json_lines(std::span<const TreeEvent> events);

}  // namespace forklint::runtime
