// Which functions an exception may come out of: those that throw outside of every try, and those that call such a function there. What
// stands in a try is taken to be caught.
#include <algorithm>

#include "analyzer/model/native/forks.h"

namespace forklint::model::native {

facts::RegionId try_around(const FileFacts& facts, EventId event) {
  facts::RegionId region = facts.events[event].region;
  while (region != none && facts.regions[region].kind != facts::RegionKind::try_body) region = facts.regions[region].parent;
  return region;
}

void Forks::find_throwing() {
  throws_.assign(program_.functions().size(), false);
  // No exception comes out of a destructor, and one in a child's branch never comes to the parent's callers.
  auto comes_out = [&](FunctionId id, EventId event) {
    return try_around(program_.facts(id), event) == none && !last_name(program_.function(id).symbol).starts_with('~') && !only_child(id, event);
  };
  std::vector<FunctionId> queue;
  auto add = [&](FunctionId id) {
    if (throws_[id]) return;
    throws_[id] = true;
    queue.push_back(id);
  };
  for (FunctionId id = 0; id < program_.functions().size(); ++id) {
    const facts::Range events = program_.facts(id).scopes[program_.function(id).scope].events;
    for (EventId at = events.begin; at < events.end; ++at)
      if (program_.event(id, at).op == Op::raise && comes_out(id, at)) add(id);
  }
  for (size_t i = 0; i < queue.size(); ++i)
    for (const Program::Caller& caller : program_.callers(queue[i])) {
      const Call& call = program_.function(caller.function).calls[caller.call];
      if (call.sure && comes_out(caller.function, call.event)) add(caller.function);
    }
}

}  // namespace forklint::model::native
