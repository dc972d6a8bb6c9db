// What the expressions of a function say of the result of one fork in it, in each process.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/native/program.h"

namespace forklint::model::native {

// What a call gives in each process: in the parent when it failed, in the child, in the parent.
struct ForkResult {
  struct Range { bool known = false; int64_t low = 0, high = 0; };
  Range of[3];
  bool comes[3] = {true, true, true};  // whether control comes back at all there
};

class ResultReader {
 public:
  using Range = ForkResult::Range;

  ResultReader(const Program& program, FunctionId function, EventId fork, const ForkResult& result);

  // What another fork of the function gives the parent of this one: as its child it would be told of there.
  void stays_parent(EventId fork, const ForkResult& result) { others_[fork] = result.of[2]; }
  Range value(EventId event, int process) const;
  // That these processes, a bit each, come to an event behind the fork. Once it is told of one, what else is set there counts for nothing.
  void reached(EventId event, unsigned processes);
  // 1, 0, or -1 when it may be both.
  int truth(EventId event, int process) const;

 private:
  Object assigned(EventId at) const;
  EventId last_write(EventId reader, int process) const;
  void learn(EventId condition, bool truth);
  void learn_from_regions();
  std::string asked(EventId condition) const;
  std::optional<int64_t> counted(EventId augment) const;
  Range value(EventId id, int process, int& steps, int depth) const;
  uint32_t first_behind_fork(EventId operation, int process) const;
  Range read(EventId id, int process, int& steps, int depth) const;

  const Program& program_;
  FunctionId function_;
  EventId fork_;
  const ForkResult& result_;
  std::map<std::string, std::vector<EventId>> writes_;
  std::map<EventId, unsigned> reached_;
  std::map<EventId, Range> others_;    // forks, with what the parent is given
  std::map<std::string, bool> known_;  // variables that nothing in the function sets, by their truth where the fork stands
  std::map<std::string, bool> asked_;  // the same of what conditions ask of fields
};

}  // namespace forklint::model::native
