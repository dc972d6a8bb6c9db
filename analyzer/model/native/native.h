// The C and C++ part of a program as rules see it. Built from all facts in those languages; every member may be called
// from the one thread that owns the model.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "analyzer/model/native/effects.h"

namespace forklint::model::native {

// What is known of the threads of the program that a function belongs to.
enum class Threads : uint8_t {
  none,     // a program whose code is here, and which starts none
  some,     // it starts some, somewhere
  unknown,  // code of a library: whoever calls it may have threads
};

// A thread that may run when a process is forked.
struct LiveThread {
  std::vector<Place> start;  // from the function that both have in common to the call that starts it
  std::vector<Place> fork;   // from there to the fork
  bool at_load = false;      // started by a static initialiser or constructor
  bool inside = false;       // the fork itself stands in code that a thread runs; `start` is that thread's start
  bool certain = false;
};

struct LockUse {
  Object lock;
  std::vector<Place> way;    // to the call that takes it
  bool guard = false;        // until a destructor
};

// A lock that the forking thread itself holds.
struct HeldLock {
  LockUse lock;
  std::vector<Place> fork;   // from the function that holds it to the fork
};

struct AtFork {
  Place place;
  std::optional<FunctionId> prepare, parent, child;
  bool has_prepare = false, has_parent = false, has_child = false;
};

class Native {
 public:
  Native(std::vector<Unit> units, const knowledge::Natives& natives);
  ~Native();

  bool empty() const { return program_.units().empty(); }
  const Program& program() const { return program_; }
  const Forks& forks() const { return forks_; }
  const Effects& effects() const { return effects_; }
  Site site(Place place) const { return program_.site(place.function, place.event); }

  // By index of forks().sites(); what may run when that fork is reached. Certain ones first.
  const std::vector<LiveThread>& live_threads(uint32_t site) const { return live_[site]; }
  // Of the process that comes there: of the first one, or of a child where only children do.
  Threads threads_of(FunctionId function) const;
  // Whether some program has both; code of no program that is here may be in any.
  bool share_program(FunctionId one, FunctionId other) const;
  // The same where the second is in no program that is here: else some program is seen to have both.
  bool joins_program(FunctionId one, FunctionId other) const;
  // Whether it belongs to a program whose main() is here.
  bool in_program(FunctionId function) const;
  // Whether main comes there by calls that are known, so that what it does before is known as well.
  bool called_from_main(FunctionId function) const { return from_main_[function]; }

  // What may have been done when a fork is reached and not undone: `does` and `undoes` judge calls. In one function at a
  // time, through what its calls do.
  struct Before {
    uint32_t site = 0;
    Place start;               // the call that does it, in the function that has both
    std::vector<Place> fork;   // from there to the fork
    bool certain = false;      // it stands before the fork, not only around it in a loop
  };
  using Judge = std::function<bool(FunctionId, const Call&)>;
  std::vector<Before> before_forks(const Judge& does, const Judge& undoes) const;
  // The functions that threads run, with the places that start them.
  struct Entry { FunctionId function; Place start; };
  const std::vector<Entry>& thread_entries() const { return entries_; }
  // The functions that run on a signal, with the places that install them.
  const std::vector<Entry>& signal_handlers() const { return handlers_; }
  // Static initialisers and constructors, and functions that Python runs when it imports the module.
  const std::vector<FunctionId>& load_roots() const { return load_roots_; }
  const std::vector<FunctionId>& python_roots() const { return python_roots_; }
  const std::vector<AtFork>& at_fork() const { return at_fork_; }

  const std::vector<HeldLock>& held_locks(uint32_t site) const { return held_[site]; }
  // The locks that the child takes, and that code of other threads takes.
  std::vector<LockUse> child_locks(const ForkSite& site) const;
  const std::vector<LockUse>& thread_locks() const;
  // Whether another thread may be in a call that takes this lock of the C library (a row's reason) when a process is forked: where
  // it is seen to call it, or `possible` alone, where the code of some thread is not here. `forker` is the function of the fork;
  // `main_too`: a thread runs it.
  struct Taken {
    bool possible = false;
    std::optional<Place> place;
  };
  Taken taken_by_threads(FunctionId forker, const std::string& reason, bool main_too) const;
  // Whether some pthread_atfork handler takes or makes anew this lock.
  bool protected_at_fork(const Object& lock) const;

  // The calls that only the child runs, in order.
  std::vector<const Call*> child_calls(const ForkSite& site) const;

 private:
  void find_roots();
  std::vector<FunctionId> initialised_handlers(FunctionId id, EventId value, const NativeApi& api) const;
  void find_live_threads();
  void find_held_locks();
  class ProgramWalk;
  void find_programs();
  bool knows_threads() const;
  void find_called_from_main();
  std::vector<std::pair<uint32_t, std::vector<Place>>> sites_from(FunctionId function, const Call& call) const;
  struct WayToFork {
    FunctionId function = none;  // in which the fork stands
    std::vector<Place> way;      // the calls that lead there
  };
  const std::vector<WayToFork>& ways_to_forks(const std::vector<FunctionId>& targets) const;
  std::vector<LockUse> locks_in(FunctionId function, EventId call) const;
  std::vector<LockUse> taken_by_child(const ForkSite& site) const;
  bool replaced_by_child(const ForkSite& site, const LockUse& use) const;
  bool renewed_by_child(const ForkSite& site, const LockUse& use) const;
  bool renews(FunctionId function, const Call& call, const Object& lock) const;

  Program program_;
  Forks forks_;
  Effects effects_;
  std::vector<Entry> entries_, handlers_;
  std::vector<FunctionId> load_roots_, python_roots_, mains_;
  std::vector<AtFork> at_fork_;
  std::vector<std::vector<LiveThread>> live_;
  std::vector<std::vector<HeldLock>> held_;
  std::vector<uint8_t> threads_;  // by function
  std::vector<std::vector<bool>> members_;  // by main: its functions
  std::vector<bool> from_main_;
  mutable std::map<std::vector<FunctionId>, std::vector<WayToFork>> ways_;  // by the functions called
  mutable std::unique_ptr<std::vector<LockUse>> thread_locks_;
  mutable std::unique_ptr<std::set<std::string>> protected_;
  struct LibcLocks {
    std::map<std::string, Place> taken;
    bool complete = true;
  };
  LibcLocks libc_locks_of(FunctionId forker, bool main_too) const;
  mutable std::map<std::pair<std::vector<bool>, bool>, LibcLocks> libc_locks_;  // by programs and main_too
  std::vector<bool> programs_of(FunctionId function) const;
};

// One line for each thing: "main: forks (run), starts-thread (std::thread)". For tests.
std::string dump(const Native& native, std::string_view symbol);

}  // namespace forklint::model::native
