// What is alive and what is held at a step of a trace: the threads besides the one that runs the step, and locks.
// A fork copies neither the threads nor the hope that what they hold is given back.
#pragma once

#include <vector>

#include "analyzer/model/launches.h"

namespace forklint::model {

// What a step does to a receiver, also by entering or leaving a `with`.
struct Deed {
  const knowledge::Api* row = nullptr;
  ValueId receiver = unknown_value;
};
Deed deed_of(Evaluator& evaluator, const Step& step);

// Whether no run comes by both.
bool exclusive(const Step& a, const Step& b);
// Whether a step is another, or was reached through it.
bool inside(const Trace& trace, uint32_t step, uint32_t outer);

// A thread (or several of one owner) that may run at some step.
struct LiveThread {
  uint32_t step = none;             // the step that started it; none: the main thread, seen from another one
  ValueId object = unknown_value;   // the thread, executor, pool or queue that it belongs to
  bool at_import = false;           // started while main is imported: whoever imports main has it too
  bool certain = true;              // false: started under a condition that is not known
};
std::vector<LiveThread> live_threads(Evaluator& evaluator, const Trace& trace, uint32_t at);

// The lock that a step waits for; unknown_value when it takes none, or does not wait for ever.
struct Taking {
  ValueId lock = unknown_value;
  bool reentrant = false;
};
Taking taking(Evaluator& evaluator, const Step& step);

// A lock that may be held at some step.
struct HeldLock {
  Taking taken;
  uint32_t step = none;    // where it is taken
  bool by_other = false;   // by another thread that is alive
  bool certain = true;
};
std::vector<HeldLock> held_locks(Evaluator& evaluator, const Trace& trace, uint32_t at);

// Whether two values are one object: made by one call, seen from frames that do not contradict each other.
bool same_object(const Evaluator& evaluator, ValueId a, ValueId b);

// Whether what a function makes is held by nothing but a variable of it: it is used there through its methods and `with`,
// and neither given to others nor kept, closed over or returned. Then it ends when the function does.
bool stays_local(Evaluator& evaluator, ValueId object);

// The steps of a raw fork's child in the trace that forks.
std::vector<uint32_t> child_steps(const Trace& trace, const Launch& launch);

}  // namespace forklint::model
