// Whether what stands at one place can have happened where another place is reached. A trace walks the arms of a branch
// one after the other: that one step comes before another in it does not say that one run of the program does both.
#pragma once

#include "analyzer/model/timeline.h"

namespace forklint::model {

// What a loop may do: run one arm in one round and the other in the next.
enum class Rounds : uint8_t { one, several };

// Whether the later of two steps of a trace may be reached in a run that has done the earlier one: it is not in the other
// arm of a branch, not behind a `return` or `break` with which the earlier one's arm ends, and not in another command of
// one program. With Rounds::several, a loop around both may come by a second time.
bool may_follow(Evaluator& evaluator, const Trace& trace, uint32_t earlier, uint32_t later, Rounds rounds);

// The same for two places of one scope, seen in one activation of it.
bool may_follow(Evaluator& evaluator, FileId file, EventId earlier, EventId later, FrameId frame, Rounds rounds);

// Whether a run that reaches the later place has surely done what stands at the earlier one, in the same activation or in
// one that was over by then: no branch, loop or `return` leaves it out.
bool surely_before(const Program& program, const Trace& trace, const Position& earlier, const Position& later);

// Whether whoever runs a scope comes by an event of it.
bool always_reached(const File& file, EventId event);

}  // namespace forklint::model
