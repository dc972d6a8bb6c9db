// What a call of a function may do, through everything that it calls, with the shortest way to where it is done. What
// runs only in a forked child is the child's and not the caller's.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "analyzer/model/native/forks.h"
#include "analyzer/model/native/known_values.h"
#include "analyzer/model/native/parameters.h"

namespace forklint::model::native {

enum class Effect : uint8_t {
  forks,            // comes back in two processes, or has a child run code of the program
  spawns,           // another program, without a child that runs code
  starts_thread,    // that may run when it returns
  uses_pool,        // starts or uses the threads of a runtime that keeps them: OpenMP
  writes_buffered,  // leaves text in a buffer
  flushes,
  repaired,         // calls what POSIX does not allow after a fork and libc repairs: T1
  deadlocks,        // T2
  wrong,            // T3
  execs,
  exits,            // by exit()
  arranges_exit,    // that something is done at exit that is seen outside of the process
  waits,            // for a child
  python,           // needs the interpreter
};
inline constexpr int effect_count = 14;
std::string_view to_string(Effect effect);

// One step of a way: the call in this function, and the function that goes on; none: it is done here.
struct Step {
  EventId event = none;
  FunctionId next = none;
  uint32_t distance = 0;
  bool sure = true;  // false: some call on the way may be of something else
};

struct Place {
  FunctionId function = none;
  EventId event = none;
  friend auto operator<=>(const Place&, const Place&) = default;
};

class Effects {
 public:
  Effects(const Program& program, const Forks& forks);

  // Null when it has none that is known.
  const Step* of(FunctionId function, Effect effect) const;
  // Of one call: the call itself does it, or what it calls. The step stands in `function`.
  std::optional<Step> of_call(FunctionId function, const Call& call, Effect effect) const;
  // The calls from a step to where it is done, that included.
  std::vector<Place> way(FunctionId function, Step step, Effect effect) const;
  // Whether threads are joined behind an event of a function. Which ones is not asked: they may stand in a list.
  bool joined_later(FunctionId function, EventId event) const { return last_join_[function] > event; }
  // Whether a call has the effect by itself.
  bool does(FunctionId function, const Call& call, Effect effect) const;
  // Whether what a function does may be seen outside of its process: not where it only frees, closes, flushes and locks. Where it asks
  // which process it is in, that is for the children. `known`: what variables are then.
  bool seen_outside(FunctionId function, const Known& known = {}) const;
  // The same of one call, whatever it asks.
  bool seen_outside(FunctionId function, const Call& call) const;
  // The stream that a call writes to or makes write at once: its variable; "stdout" where none is given.
  std::string stream_of(FunctionId function, const Call& call) const;

 private:
  void spread(Effect effect);
  bool is_outside(FunctionId function, const Call& call) const;
  bool reaches_outside(FunctionId function, const Known& known) const;
  bool tells_identity(FunctionId function, int callees) const;
  bool is_used(FunctionId function, EventId call) const;

  bool writes(FunctionId function, const Call& call) const;
  bool buffered(FunctionId function, EventId stream) const;
  void note_initialised(FunctionId id, EventId call);
  void find_unbuffered_fields();

  const Program& program_;
  const Forks& forks_;
  Handed streams_;  // the parameters that functions write to
  std::vector<Step> steps_[effect_count];  // by function; event none: not
  std::vector<EventId> last_join_;         // by function
  std::unordered_set<std::string> unbuffered_fields_;  // that are somewhere set to a stream without a buffer
};

// Whether a call goes to whatever a variable or field says, and that is not known: commands[i].run().
bool by_pointer(const Program& program, FunctionId function, const Call& call);

// Whether calls that lead one to the next are ever made: not where what is known at the beginning of the first one's function, or is set or
// handed on along the way, rules that out.
bool can_go(const Program& program, const Forks& forks, const std::vector<Place>& way, Known known);

// Whether a call waits for a thread, future or pool; not the destructor of one that was moved on: future_ = std::async(…).
bool joins(const Program& program, FunctionId function, const Call& call);

// Functions reached from some calls, nearest first, each with the call that led to it. Stops after `limit` functions.
struct Reached {
  struct Entry {
    FunctionId function = none;
    uint32_t from = none;  // index of the entry that calls it
    EventId call = none;   // in that entry's function
    bool sure = true;
  };
  std::vector<Entry> entries;
  bool complete = true;
};

// `start` functions, then what they call, but for what only a forked child runs.
Reached reach(const Program& program, const Forks& forks, const std::vector<Reached::Entry>& start, size_t limit = 2000);
// The same along functions that have this effect, alone: what leads to nothing is not looked at.
Reached reach_doing(const Program& program, const Forks& forks, const Effects& effects, Effect effect, const std::vector<Reached::Entry>& start, size_t limit = 2000);
// As reach(), without what is only done because something has failed: functions that end the process, and calls behind which it ends.
Reached reach_unharmed(const Program& program, const Forks& forks, const std::vector<Reached::Entry>& start, size_t limit = 2000);

}  // namespace forklint::model::native
