// What a new process does before it becomes the program: plain data prepared by the parent, system calls only. Internal.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstddef>

namespace forklint::runtime {

enum class Stage : int { none, group, death_signal, identity, mounts, loopback, directory, descriptors, limits, gate, exec };

struct StageError {
  Stage stage = Stage::none;
  int number = 0;
};

struct FdMove {
  int from = -1;  // above every `to`, close-on-exec
  int to = -1;
};

struct ResourceLimit {
  int resource = 0;
  rlimit value{};
};

// Every pointer outlives the call; with CLONE_VM the memory is the parent's, so nothing here is written.
struct ChildPlan {
  char* const* argv = nullptr;
  char* const* environment = nullptr;
  const char* const* programs = nullptr;  // paths to try, ends with null
  const char* directory = nullptr;        // null: stay
  const FdMove* moves = nullptr;          // by rising `to`, without gaps below 3
  size_t move_count = 0;
  const ResourceLimit* limits = nullptr;
  size_t limit_count = 0;
  const char* uid_map = nullptr;          // with gid_map: a user namespace was made
  const char* gid_map = nullptr;
  bool session = false;
  bool group = false;
  bool private_shm = false;
  bool loopback = false;
  int death_signal = 0;
  pid_t parent = 0;
  int gate = -1;                          // wait here for a byte or the end; -1: go on at once
  int gate_writer = -1;                   // the parent's end, which would keep it open
  int errors = -1;                        // a StageError goes here; closed by exec
};

// For clone(2). Returns only by _exit.
int become_program(void* plan);

// The same for a copy of a process that goes on without exec: it has what the plan says, and no other descriptor. On failure as above.
void become_copy(const ChildPlan& plan);

}  // namespace forklint::runtime
