// An abstract walk over the regions of one function of C or C++: what may be true where each event is reached. A state is
// a set of bits that may hold; no bit: this place is not reached. Where ways meet, sets are united. Loops and backward
// jumps are walked again until nothing changes; there are few bits, so a few times. O(events) each time, no recursion.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "analyzer/facts/facts.h"

namespace forklint::model::native {

using State = uint32_t;

struct Steps {
  // The state behind an event that is reached in `state`; 0 when control does not come back from it.
  std::function<State(facts::EventId event, State state)> after;
  // What of `state` can be where the condition is `taken`. May be empty: everything.
  std::function<State(facts::EventId condition, bool taken, State state)> assume;
};

struct Walked {
  facts::EventId begin = 0;
  std::vector<State> before;  // by event: the state in which it is reached
  State end = 0;              // where the function ends without a return
  std::vector<facts::EventId> uncaught;  // raise events outside every try of the function

  State at(facts::EventId event) const { return before[event - begin]; }
};

Walked walk(const facts::FileFacts& facts, facts::ScopeId scope, State start, const Steps& steps);

// 1 and 0 of a condition that is a constant, -1 of any other.
int constant_truth(const facts::FileFacts& facts, facts::EventId condition);

}  // namespace forklint::model::native
