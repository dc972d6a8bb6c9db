#include "rules/native.h"

#include <algorithm>

namespace forklint::rules {

using namespace native;

Threading threading(const Native& program, uint32_t index) {
  const ForkSite& site = program.forks().sites()[index];
  if (const std::vector<LiveThread>& live = program.live_threads(index); !live.empty())
    return {true, live.front().certain ? Confidence::likely : Confidence::possible, &live.front()};
  Threads known = program.threads_of(site.function);
  if (known == Threads::none || (known == Threads::some && program.called_from_main(site.function))) return {};
  return {true, Confidence::possible, nullptr};
}

namespace {

// The calls by which an entry is reached, the first one in the function `from`.
std::vector<Place> way_to(const std::vector<Reached::Entry>& entries, uint32_t entry, FunctionId from) {
  std::vector<Place> way;
  for (uint32_t at = entry; at != none; at = entries[at].from) way.push_back({entries[at].from == none ? from : entries[entries[at].from].function, entries[at].call});
  std::ranges::reverse(way);
  return way;
}

}  // namespace

std::optional<StuckCall> stuck_call(const Native& program, uint32_t index, const Threading& threads) {
  const ForkSite& site = program.forks().sites()[index];
  const Program& code = program.program();
  bool inside = threads.live && threads.live->inside;
  bool program_known = program.threads_of(site.function) != Threads::unknown || threads.live;
  std::optional<StuckCall> found;
  auto takes = [&](FunctionId function, const Call& call) {
    if (!program.effects().does(function, call, Effect::deadlocks)) return false;
    Native::Taken taken = program_known ? program.taken_by_threads(site.function, call.api->reason, inside) : Native::Taken{true, std::nullopt};
    if (taken.possible) found = StuckCall{.way = {}, .api = call.api, .other = taken.place};
    return taken.possible;
  };
  bool after_exec = false;
  for (const Call* call : program.child_calls(site)) {
    const bool exec_before = after_exec;
    after_exec |= call->api && call->api->leaves == knowledge::Leaves::exec;
    if (!program.effects().of_call(site.function, *call, Effect::deadlocks)) continue;
    if (takes(site.function, *call)) {
      found->way = {{site.function, call->event}};
      found->after_exec = exec_before;
      return found;
    }
    std::vector<Reached::Entry> start;
    for (FunctionId target : call->targets) start.push_back({target, none, call->event, call->sure});
    Reached reached = reach(code, program.forks(), start);
    for (uint32_t i = 0; i < reached.entries.size(); ++i)
      for (const Call& inner : code.function(reached.entries[i].function).calls) {
        if (program.forks().only_child(reached.entries[i].function, inner.event) || !takes(reached.entries[i].function, inner)) continue;
        found->way = way_to(reached.entries, i, site.function);
        found->way.push_back({reached.entries[i].function, inner.event});
        found->sure = reached.entries[i].sure && inner.sure;
        found->after_exec = exec_before;
        return found;
      }
  }
  return std::nullopt;
}

bool child_is_harmless(const Native& program, uint32_t index) {
  const ForkSite& site = program.forks().sites()[index];
  if (site.heir || site.leaves_by(Way::shared) || site.leaves_by(Way::main_ends) || (site.leaves_by(Way::returns) && !site.returned)) return false;
  const Effects& effects = program.effects();
  for (const Call* call : program.child_calls(site))
    if (effects.of_call(site.function, *call, Effect::wrong)) return false;
  if (stuck_call(program, index, threading(program, index))) return false;
  for (const LockUse& taken : program.child_locks(site)) {
    for (const HeldLock& held : program.held_locks(index))
      if (held.lock.lock.key == taken.lock.key) return false;
    for (const LockUse& other : program.thread_locks())
      if (other.lock.key == taken.lock.key && !program.protected_at_fork(taken.lock)) return false;
  }
  return true;
}

std::vector<ReachedFunction> reached_by_child(const Native& program, const ForkSite& site) {
  constexpr size_t most = 500;
  std::vector<Reached::Entry> start;
  for (const Call* call : program.child_calls(site))
    for (FunctionId target : call->targets) start.push_back({target, none, call->event, call->sure});
  const std::vector<Reached::Entry> entries = reach_unharmed(program.program(), program.forks(), start, most).entries;
  std::vector<ReachedFunction> result;
  for (uint32_t i = 0; i < entries.size(); ++i) result.push_back({entries[i].function, way_to(entries, i, site.function), entries[i].sure});
  return result;
}

std::vector<FunctionId> run_in_every_child(const Native& program) {
  constexpr size_t most = 500;
  std::vector<Reached::Entry> start;
  for (const AtFork& it : program.at_fork())
    if (it.child) start.push_back({*it.child});
  std::vector<FunctionId> result;
  for (const Reached::Entry& entry : reach(program.program(), program.forks(), start, most).entries) result.push_back(entry.function);
  return result;
}

facts::RegionId loop_around(const Program& code, FunctionId function, EventId event) {
  const FileFacts& facts = code.facts(function);
  facts::RegionId region = facts.events[event].region;
  while (region != none && facts.regions[region].kind != facts::RegionKind::loop) region = facts.regions[region].parent;
  return region;
}

bool forks_several(const Program& code, FunctionId function, EventId event, int callers) {
  if (loop_around(code, function, event) != none) return true;
  return callers > 0 && std::ranges::any_of(code.callers(function), [&](const Program::Caller& it) { return forks_several(code, it.function, code.function(it.function).calls[it.call].event, callers - 1); });
}

bool closes_by_number(const Program& code, FunctionId id, const Call& call) {
  const EventId given = call.api && call.targets.empty() && call.api->closes ? code.argument(id, call.event, *call.api->closes) : none;
  if (given == none || code.event(id, given).op != Op::read) return false;
  const std::string number = code.object(id, given).key;
  const FileFacts& facts = code.facts(id);
  const facts::RegionId region = loop_around(code, id, call.event);
  if (region == none) return false;
  const EventId limit = facts.regions[region].subject;
  const bool upwards = limit != none && facts.events[limit].op == Op::compare && code.name_of(id, limit).starts_with('<');
  if (upwards && code.constant(id, code.operand(id, limit, 1)).value_or(4) < 4) return false;  // the standard ones alone
  for (EventId at = facts.regions[region].events.begin; at < facts.regions[region].events.end; ++at)
    if (facts.events[at].op == Op::augment && code.object(id, at).key == number) return true;
  return false;
}

std::string called(const Native& program, Place place) {
  const Call* call = program.program().call_at(place.function, place.event);
  return call && !call->symbol.empty() ? std::string(call->symbol) : "this";
}

void label_way(engine::Draft& draft, const Native& program, const std::vector<Place>& way, std::string last) {
  for (size_t i = 0; i < way.size(); ++i) draft.label(program.site(way[i]), i + 1 < way.size() ? "calls " + called(program, way[i]) + "()" : last);
}

void label_thread(engine::Draft& draft, const Native& program, const LiveThread& thread) {
  std::string last = thread.inside ? "the fork stands in code that this thread runs" : thread.at_load ? "this thread starts before main()" : "the thread that is started here may still run";
  label_way(draft, program, thread.start, std::move(last));
}

std::optional<engine::Edit> rename_call(const model::Model& model, Place place, std::string name) {
  const Program& program = model.native().program();
  if (program.event(place.function, place.event).op != Op::call) return std::nullopt;  // return status
  EventId callee = program.operand(place.function, place.event, 0);
  if (callee == none || program.event(place.function, callee).op != Op::read) return std::nullopt;
  const facts::Event& event = program.event(place.function, callee);
  // The name as it stands there; a macro or a longer spelling is not it.
  if (event.span.end - event.span.begin != program.name_of(place.function, callee).size()) return std::nullopt;
  return engine::Edit{{program.site(place.function, callee).file, event.span}, std::move(name)};
}

}  // namespace forklint::rules
