// pthread_atfork() protects a lock by three handlers: prepare takes it, parent and child release it. With one missing, a process
// keeps it for ever, or releases what it never took.
#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

// A call in a handler, or in what it calls, that takes or releases a lock.
std::optional<Place> lock_call(const Native& program, FunctionId handler, bool takes) {
  const Program& code = program.program();
  for (const Reached::Entry& entry : reach(code, program.forks(), {{handler}}, 200).entries)
    for (const Call& call : code.function(entry.function).calls)
      if (call.api && !call.api->guard && (takes ? call.api->locks && !call.api->tries : call.api->unlocks.has_value())) return Place{entry.function, call.event};
  return std::nullopt;
}

void check(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  for (const AtFork& it : program.at_fork()) {
    auto tell = [&](std::string message, Place place, std::string text) {
      report.finding(program.site(it.place), std::move(message)).under(StartMethod::fork, "hangs").label(program.site(place), std::move(text)).confidence(Confidence::likely);
    };
    std::optional<Place> taken = it.prepare ? lock_call(program, *it.prepare, true) : std::nullopt;
    if (taken && !it.has_parent) tell("The parent keeps the lock that it took for the fork", *taken, "taken before the fork, and no handler releases it in the parent");
    else if (taken && !it.has_child) tell("The child keeps the lock that its parent took for the fork", *taken, "taken before the fork, and no handler releases it in the child");
    if (it.has_prepare || !it.child) continue;
    if (std::optional<Place> released = lock_call(program, *it.child, false)) tell("The child releases a lock that was not taken for the fork", *released, "another thread may hold it, or nobody; a prepare handler must take it");
  }
}

}  // namespace

extern const engine::Rule incomplete_fork_handlers = {
    .code = "PSM606", .name = "incomplete-fork-handlers", .family = "child_code",
    .summary = "A handler of pthread_atfork() is missing", .severity = engine::Severity::error, .languages = "c", .check = check};

}  // namespace forklint::rules
