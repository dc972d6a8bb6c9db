// What a function, and what it calls, changes of what is not its own: variables of functions around it, global ones, fields of its object,
// what its parameters refer to.
#pragma once

#include <vector>

#include "analyzer/model/native/effects.h"
#include "analyzer/model/native/origin.h"

namespace forklint::model::native {

struct Change {
  Origin what;           // as the function sees it
  EventId at = none;     // where it is written, or the call that leads there
  FunctionId next = none;  // what that call runs; none: it is written here
  uint32_t of_next = 0;  // which of its changes that is
};

class Changes {
 public:
  Changes(const Program& program, const Forks& forks, FunctionId start);

  const std::vector<Change>& changes() const { return found_[0]; }
  // From the function to where the change is written.
  std::vector<Place> way(const Change& change) const;
  // Whether the function, or what it calls, is this one.
  bool runs(FunctionId function) const { return index_.contains(function); }

 private:
  void add(uint32_t index, Change change);
  void find_written(uint32_t index);
  void hand_up(uint32_t index, uint32_t change);
  Origin seen_by_caller(FunctionId caller, const Call& call, FunctionId target, const Origin& what) const;

  const Program& program_;
  std::vector<FunctionId> functions_;  // the start first
  std::unordered_map<FunctionId, uint32_t> index_;
  std::vector<std::vector<Change>> found_;             // by index
  std::vector<std::pair<uint32_t, uint32_t>> open_;    // changes whose callers do not know them yet
};

// The object that an event changes: of an assignment, or of a call of a method that changes what it is called on; unknown: it changes nothing.
Origin changed_by(const Program& program, FunctionId function, EventId event);

}  // namespace forklint::model::native
