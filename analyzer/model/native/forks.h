// Forks, and what each side of one runs: the child is where the result can only be 0, in whatever way the program asks.
// Functions that return the result in both processes are forks for their callers.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "analyzer/model/native/fork_result.h"
#include "analyzer/model/native/walk.h"

namespace forklint::model::native {

// How a child may come out of the code that only it runs.
enum class Way : uint8_t {
  exec,       // becomes another program; comes back when that fails
  now,        // _exit
  cleanup,    // exit()
  main_ends,  // return from main, or its end: as exit()
  returns,    // into the caller
  shared,     // on into what the parent runs as well
  throws,
  elsewhere,  // longjmp, pthread_exit
  stays,      // a call that never comes back, by whatever way
};

struct Leaving {
  Way way = Way::now;
  EventId event = none;  // in the function of the fork; for the end of a function the last event of the child's own
};

struct ForkSite {
  FunctionId function = none;
  EventId event = none;               // the call, of the fork itself or of what returns its result
  const NativeApi* api = nullptr;     // of the fork
  Site origin;                        // the call of the fork itself
  FunctionId through = none;          // the function called here that returns the result
  ForkResult result;
  std::vector<uint8_t> sides;         // by event of the function: Side bits
  bool tested = false;                // some condition tells the child from the parent
  bool heir = false;                  // the parent is gone where the child goes on: a daemon is made
  bool returned = false;              // callers are given the result: they tell the processes apart
  bool error_seen = false;            // some condition tells failure from success
  bool parent_returns = false;
  EventId fails_as_parent = none;     // a return by which a child that has failed tells its callers the same as a parent whose fork has
  std::vector<Leaving> leaves;        // of the child
  EventId unclear = none;             // a call in the child that is not understood, and may never come back

  uint8_t side(EventId at, EventId begin) const { return sides[at - begin]; }
  bool leaves_by(Way way) const;
};

enum Side : uint8_t { side_parent = 1, side_child = 2, side_failed = 4, side_before = 8 };

// The innermost body of a try that an event stands in; none: it stands in none.
facts::RegionId try_around(const FileFacts& facts, EventId event);

class Forks {
 public:
  explicit Forks(const Program& program);

  const std::vector<ForkSite>& sites() const { return sites_; }
  // Indices into sites(), by function.
  const std::vector<uint32_t>& in(FunctionId function) const;

  bool never_returns(FunctionId function) const { return never_returns_[function]; }
  // Whether a function only ends the program: it never comes back, and not because it loops. A failed assertion.
  bool dies(FunctionId function) const;
  // Whether a function that may return does not behind this call, whatever way it goes: what is done there is done because
  // something has failed.
  bool doomed(FunctionId function, EventId call) const;
  // Whether control may come back from a call.
  bool returns(const Call& call) const;
  // Whether by a call the process becomes another program: exec, or a function that never comes back from one.
  bool becomes_program(const Call& call) const;
  // Whether an exception may come out of a function, one that it or what it calls throws.
  bool throws(FunctionId function) const { return throws_[function]; }
  // Whether a call that is of one of several functions may be of one that never comes back. In a program that is here all are known.
  bool may_stay(const Call& call) const;
  // Whether only the child of some fork here, one that the parent outlives, runs this event.
  bool only_child(FunctionId function, EventId event) const;
  bool child_runs(const ForkSite& site, EventId event) const;
  // What an expression of the fork's function is in one of its processes (0 failed, 1 child, 2 parent), where that is one number.
  std::optional<int64_t> value(const ForkSite& site, EventId event, int process) const;
  // What the conditions of a function read: variables and fields.
  std::set<EventId> read_by_conditions(FunctionId function) const;
  uint8_t sides_at(const ForkSite& site, EventId event) const { return site.side(event, program_.facts(site.function).scopes[program_.function(site.function).scope].events.begin); }

 private:
  void find_endless();
  void spread_endless(std::vector<FunctionId> queue);
  void find_telling();
  void find_told_to_end();
  bool is_told_to_end(FunctionId caller, const Call& call, const std::map<std::string, std::vector<int64_t>>& known, int depth) const;
  void find_throwing();
  bool endless(FunctionId function) const;
  void add(FunctionId function, EventId event, const NativeApi& api, Site origin, FunctionId through, const ForkResult& result);
  void finish(ForkSite& site, const Walked& walked, const ResultReader& reader, EventId told_apart);
  bool is_identity(FunctionId function, EventId value) const;
  std::string_view flag_set(FunctionId function, EventId at) const;
  int64_t bits_set(FunctionId function, EventId at) const;
  bool noted_for_others(FunctionId function, std::string_view flag, EventId set) const;
  bool asks_bits(std::string_view name, int64_t bits) const;
  bool gives_through_parameter(FunctionId function, EventId at) const;
  bool hands_on(FunctionId function, EventId fork, EventId at) const;
  bool in_failure_arm(FunctionId function, EventId at) const;
  bool read_elsewhere(FunctionId function, std::string_view name) const;

  const Program& program_;
  std::vector<bool> never_returns_, throws_;
  std::vector<std::set<uint32_t>> telling_;         // by function
  std::unordered_set<const Call*> told_to_end_;
  mutable std::map<FunctionId, std::set<EventId>> doomed_;  // by functions that were asked for
  std::vector<ForkSite> sites_;
  std::map<FunctionId, std::vector<uint32_t>> by_function_;
  std::set<std::pair<FunctionId, EventId>> known_;
  struct Pending { FunctionId function; EventId event; const NativeApi* api; Site origin; FunctionId through; ForkResult result; };
  std::vector<Pending> pending_;
};

// Whether the argument that a row names has one of its numbers; true where it names none.
bool selected(const Program& program, FunctionId function, EventId call, const NativeApi& api);

// Whether a call of this row forks, judged by its arguments: syscall(SYS_fork), clone without CLONE_VM.
bool forks_here(const Program& program, FunctionId function, EventId call, const NativeApi& api);

}  // namespace forklint::model::native
