// What a launch lays out before its child exists, so that the child has only system calls left to make. Internal.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "src/launch_child.h"
#include "src/process_state.h"

namespace forklint::runtime {

// For the kernel: ends with null; valid as long as the texts.
std::vector<char*> pointers(std::vector<std::string>& texts);

// The descriptors of the child, each as a copy above all their numbers, so that no placing destroys a source.
class Placement {
 public:
  // All numbers that will be given are below `above`.
  explicit Placement(int above) : above_(above) {}
  Result<void> add(int fd, int number);
  // A copy of one that the child needs before it executes.
  Result<int> keep(int fd);
  // By rising number.
  const std::vector<FdMove>& moves();
  bool doubled();

 private:
  int above_ = 3;
  std::vector<FdMove> moves_;
  std::vector<Fd> held_;
};

// With the mark, where it has a value. What this process may itself not pass stays the limit: only root can raise it.
std::vector<ResourceLimit> make_limits(const Limits& limits, const Mark& mark);
// A file in memory with these bytes, read from its beginning.
Result<Fd> memory_file(std::string_view bytes);

// All that the command names; what is captured goes to pipes of the state's.
Result<void> place_all(const Command& command, Child::State& state, Placement& placement);

// The texts that a plan points into.
struct Texts {
  std::vector<std::string> arguments, environment, programs;
  std::vector<char*> argv, envp, paths;
  std::vector<ResourceLimit> limits;
  std::string uid_map, gid_map;
};
Texts make_texts(const Command& command, const Child::State& state);

}  // namespace forklint::runtime
