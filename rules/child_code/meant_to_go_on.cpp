#include "rules/child_code/meant_to_go_on.h"

#include <algorithm>

#include "rules/native.h"

namespace forklint::rules {

namespace {

using namespace native;

// Whether a caller returns at once what the function gives it: then there is nothing between.
bool returns_it(const Program& code, const Program::Caller& caller) {
  EventId call = code.function(caller.function).calls[caller.call].event;
  facts::Range events = code.facts(caller.function).scopes[code.function(caller.function).scope].events;
  return call + 1 < events.end && code.event(caller.function, call + 1).op == Op::return_;
}

// Whether two events stand in different arms of a statement; not in one of a switch into which another may fall.
bool in_other_arm(const FileFacts& facts, EventId one, EventId other) {
  for (facts::RegionId a = facts.events[one].region; a != none; a = facts.regions[a].parent)
    for (facts::RegionId b = facts.events[other].region; b != none; b = facts.regions[b].parent) {
      const facts::Region& first = facts.regions[a];
      const facts::Region& second = facts.regions[b];
      if (a == b || first.parent != second.parent || first.statement != second.statement || first.kind == facts::RegionKind::loop) continue;
      return second.subject == none || facts.events[second.subject].op != Op::boolean_operation;
    }
  return false;
}

// Whether a caller does nothing more behind a call that is seen outside of the process, but perhaps end it.
bool does_no_more(const Native& program, const Program::Caller& caller) {
  const Program& code = program.program();
  const Function& function = code.function(caller.function);
  const EventId made = function.calls[caller.call].event;
  constexpr State before = 1, behind = 2;
  const Walked walked = walk(code.facts(caller.function), function.scope, before, {.after = [&](EventId at, State state) -> State { return at == made ? behind : state; }, .assume = {}});
  return std::ranges::none_of(function.calls, [&](const Call& call) { return (walked.at(call.event) & behind) && program.forks().returns(call) && program.effects().seen_outside(caller.function, call) && !in_other_arm(code.facts(caller.function), made, call.event); });
}

// Whether a function is called by pointers alone, or by such functions which return what it gives them.
bool by_pointers_alone(const Program& code, FunctionId function, int depth = 0) {
  if (code.function(function).symbol.empty() || without_parameters(code.function(function).symbol) == "main") return false;
  return std::ranges::all_of(code.callers(function), [&](const Program::Caller& it) { return depth < 3 && returns_it(code, it) && by_pointers_alone(code, it.function, depth + 1); });
}

// Whether the parent has waited for the child in an arm of its own when both come together, in a function that is called by a pointer
// alone: who calls it may want the child to come back, as a test's frame does that runs each test in a process.
bool meets_at_the_end(const Native& program, const ForkSite& site) {
  const Program& code = program.program();
  const Function& function = code.function(site.function);
  if (!by_pointers_alone(code, site.function)) return false;
  const facts::RegionId around = code.event(site.function, site.event).region;
  return std::ranges::any_of(function.calls, [&](const Call& call) {
    uint8_t sides = program.forks().sides_at(site, call.event);
    return (sides & side_parent) && !(sides & side_child) && code.event(site.function, call.event).region != around && program.effects().of_call(site.function, call, Effect::waits);
  });
}

// Whether the child does nothing but jump to where the parent comes as well: so it is meant to go on there, as servers do whose processes
// are all the same. for (i = 1; i < workers; ++i) if (!fork()) break;
bool is_sent_on(const Native& program, const ForkSite& site) {
  const Program& code = program.program();
  const facts::Range events = code.facts(site.function).scopes[code.function(site.function).scope].events;
  auto jumps = [&](EventId at) {
    const Op op = code.event(site.function, at).op;
    return op == Op::break_ || op == Op::continue_ || (op == Op::unknown && code.name_of(site.function, at).starts_with("goto "));
  };
  bool jump = false;
  for (EventId at = events.begin; at < events.end && !jump; ++at) jump = jumps(at) && program.forks().child_runs(site, at);
  return jump && program.child_calls(site).empty();
}

// Whether all that child and parent come to together is the way to the end, and nothing there is seen outside: each frees and closes
// what it has. A child that was to become another program has no business there.
bool goes_to_the_end(const Native& program, const ForkSite& site) {
  if (site.leaves_by(Way::exec) || (program.forks().sides_at(site, site.event) & side_child)) return false;
  for (const Call& call : program.program().function(site.function).calls) {
    const uint8_t sides = program.forks().sides_at(site, call.event);
    const bool together = (sides & side_child) && (sides & (side_parent | side_before));
    if (together && (call.event < site.event || by_pointer(program.program(), site.function, call) || program.effects().seen_outside(site.function, call))) return false;
  }
  return !site.leaves_by(Way::returns) || main_ends_with_it(program, site.function);
}

// Whether a call sends this very process a signal that may end it: raise(SIGPIPE), kill(getpid(), SIGKILL). A number that is not known may.
bool signals_itself(const Program& code, FunctionId id, const Call& call) {
  if (!call.api || !call.targets.empty() || !call.api->may_end) return false;
  const EventId number = code.argument(id, call.event, *call.api->selects);
  if (number != none && code.constant(id, number) && !selected(code, id, call.event, *call.api)) return false;
  const EventId process = call.api->kills ? code.argument(id, call.event, *call.api->kills) : none;
  const Call* asked = process == none || code.event(id, process).op != Op::call ? nullptr : code.call_at(id, process);
  return process == none || (asked && asked->api && !asked->api->identity.empty());
}

}  // namespace

bool may_end_before(const Native& program, const ForkSite& site, EventId out) {
  const Call* last = nullptr;
  for (const Call& call : program.program().function(site.function).calls) {
    const bool own = (program.forks().sides_at(site, call.event) & (side_child | side_parent)) == side_child;
    if (own && call.event != site.event && (call.event <= out || out <= site.event)) last = &call;  // around a loop: behind all of them
  }
  auto ends = [](const Call& call) { return call.api && call.targets.empty() && (call.api->leaves == knowledge::Leaves::now || call.api->leaves == knowledge::Leaves::cleanup); };
  if (!last) return false;
  if (signals_itself(program.program(), site.function, *last)) return true;
  for (FunctionId target : last->targets)
    for (const Call& call : program.program().function(target).calls) {
      if (ends(call) || signals_itself(program.program(), target, call) || by_pointer(program.program(), target, call)) return true;
      for (FunctionId next : call.targets)
        if (program.forks().never_returns(next)) return true;
    }
  return false;
}

bool main_ends_with_it(const Native& program, FunctionId function, int depth) {
  const Program& code = program.program();
  const std::vector<Program::Caller>& callers = code.callers(function);
  auto ends = [&](const Program::Caller& it) {
    return does_no_more(program, it) && (without_parameters(code.function(it.function).symbol) == "main" || (depth < 3 && main_ends_with_it(program, it.function, depth + 1)));
  };
  return !callers.empty() && std::ranges::all_of(callers, ends);
}

bool called_from_a_table(const Native& program, FunctionId function) {
  const Program& code = program.program();
  return code.callers(function).empty() && std::ranges::any_of(code.functions(), [&](const Function& it) { return std::ranges::find(it.mentioned, function) != it.mentioned.end(); });
}

bool is_meant_to_go_on(const Native& program, const ForkSite& site) { return meets_at_the_end(program, site) || is_sent_on(program, site) || goes_to_the_end(program, site); }

}  // namespace forklint::rules
