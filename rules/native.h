// What several rules ask of C and C++ in the same words.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "analyzer/model/native/native.h"
#include "rules/support.h"

namespace forklint::rules {

namespace native = model::native;

// Whether other threads may exist when a process is forked.
struct Threading {
  bool possible = false;
  Confidence confidence = Confidence::possible;
  const native::LiveThread* live = nullptr;  // one that was seen to be started
};
Threading threading(const native::Native& program, uint32_t site);

// The first call of the child that takes a lock of the C library which fork() leaves as it was, and which another thread may hold.
struct StuckCall {
  std::vector<native::Place> way;      // from the function of the fork to the call
  const knowledge::NativeApi* api = nullptr;
  bool sure = true;
  bool after_exec = false;             // runs when exec failed
  std::optional<native::Place> other;  // where another thread takes the lock
};
std::optional<StuckCall> stuck_call(const native::Native& program, uint32_t site, const Threading& threads);

// Whether the child of a fork is anything but code that ends in another program or _exit and calls only what it may.
bool child_is_harmless(const native::Native& program, uint32_t site);

// A function that the child's branch comes to, and the calls that lead there, from the function of the fork.
struct ReachedFunction {
  native::FunctionId function = model::none;
  std::vector<native::Place> way;
  bool sure = true;
};
// Nearest first, at most some 500: but for what it comes to as another program.
std::vector<ReachedFunction> reached_by_child(const native::Native& program, const native::ForkSite& site);
// What at-fork handlers run in every child, with what they call.
std::vector<native::FunctionId> run_in_every_child(const native::Native& program);

// The innermost loop around an event; none: it stands in none.
facts::RegionId loop_around(const native::Program& code, native::FunctionId function, native::EventId event);

// Whether a fork happens again and again: it stands in a loop, or in a function that is called in one, up to two calls away.
bool forks_several(const native::Program& code, native::FunctionId function, native::EventId event, int callers = 2);

// Whether a call closes what a number of a loop says: all descriptors, as far as the loop goes.
bool closes_by_number(const native::Program& code, native::FunctionId function, const native::Call& call);

// "setenv" of a call of it, "Logger::write" of a method; "this" when it has no name.
std::string called(const native::Native& program, native::Place call);

// Labels along a way: "calls X" for all but the last call, `last` for that one. A place that is the finding's own has none.
void label_way(engine::Draft& draft, const native::Native& program, const std::vector<native::Place>& way, std::string last);
// Labels for where a thread was started that may be alive.
void label_thread(engine::Draft& draft, const native::Native& program, const native::LiveThread& thread);

// An edit of the callee's name in a call; none when it is not written as a plain name.
std::optional<engine::Edit> rename_call(const model::Model& model, native::Place call, std::string name);

}  // namespace forklint::rules
