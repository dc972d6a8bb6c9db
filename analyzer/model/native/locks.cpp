// Which locks are held and taken where. A lock is told by its variable or field: two objects of one class have one lock.
#include <algorithm>
#include <map>

#include "analyzer/model/native/native.h"
#include "analyzer/model/native/origin.h"

namespace forklint::model::native {
namespace {

constexpr size_t most_locks = 30;  // of one function, a bit each

}  // namespace

// The locks that a call itself takes.
std::vector<LockUse> Native::locks_in(FunctionId function, EventId event) const {
  std::vector<LockUse> result;
  const Call* call = program_.call_at(function, event);
  if (!call || !call->api || !call->targets.empty()) return result;
  const NativeApi& api = *call->api;
  auto add = [&](EventId lock) {
    Object object = lock == none ? Object{} : program_.object(function, lock);
    if (!object.empty()) result.push_back({.lock = std::move(object), .way = {{function, event}}, .guard = api.guard});
  };
  if (api.guard) {  // std::scoped_lock lock(a, b)
    const facts::Event& it = program_.event(function, event);
    for (uint32_t i = 1; i < it.operands_count; ++i)
      if (program_.facts(function).operands_of(it)[i].keyword == facts::name_positional) add(program_.operand(function, event, i));
  } else if (api.locks && !api.tries) {
    add(program_.subject(function, event, api, *api.locks));
  }
  return result;
}

void Native::find_held_locks() {
  for (FunctionId id = 0; id < program_.functions().size(); ++id) {
    const Function& function = program_.function(id);
    std::vector<LockUse> locks;
    bool forks = false;
    for (const Call& call : function.calls) {
      for (LockUse& use : locks_in(id, call.event))
        if (locks.size() < most_locks) locks.push_back(std::move(use));
      forks |= !locks.empty() && effects_.of_call(id, call, Effect::forks).has_value();
    }
    if (!forks) continue;
    std::map<std::string, State> by_guard, by_lock;  // what a guard variable or a lock stands for
    for (size_t i = 0; i < locks.size(); ++i) by_lock[locks[i].lock.key] |= State(2) << i;
    const facts::Scope& scope = program_.facts(id).scopes[function.scope];
    for (EventId at = scope.events.begin; at < scope.events.end; ++at) {
      if (program_.event(id, at).op != Op::bind) continue;
      EventId made = program_.operand(id, at, 0);
      for (size_t i = 0; i < locks.size(); ++i)
        if (locks[i].way.front().event == made) by_guard[program_.object(id, at).key] |= State(2) << i;
    }
    Steps steps{.after = [&](EventId event, State state) -> State {
                  const Call* call = program_.event(id, event).op == Op::call ? program_.call_at(id, event) : nullptr;
                  if (!call) return state;
                  if (!forks_.returns(*call)) return 0;
                  for (size_t i = 0; i < locks.size(); ++i)
                    if (locks[i].way.front().event == event) state |= State(2) << i;
                  if (EventId receiver = program_.receiver(id, event); receiver != none)
                    if (auto guard = by_guard.find(program_.object(id, receiver).key); guard != by_guard.end()) {
                      bool ends = last_name(program_.name_of(id, program_.operand(id, event, 0))).starts_with('~') || (call->api && call->api->unlocks);
                      if (ends) state &= ~guard->second;
                    }
                  if (call->api && call->api->unlocks)
                    if (EventId lock = program_.subject(id, event, *call->api, *call->api->unlocks); lock != none)
                      if (auto known = by_lock.find(program_.object(id, lock).key); known != by_lock.end()) state &= ~known->second;
                  return state;
                },
                .assume = {}};
    Walked walked = walk(program_.facts(id), function.scope, 1, steps);
    for (const Call& call : function.calls) {
      State state = walked.at(call.event);
      if (state <= 1 || !effects_.of_call(id, call, Effect::forks)) continue;
      for (auto& [site, way] : sites_from(id, call))
        for (size_t i = 0; i < locks.size(); ++i)
          if (state & State(2) << i) held_[site].push_back({locks[i], way});
    }
  }
}

// Whether a call makes a lock anew, itself or in what it calls.
bool Native::renews(FunctionId function, const Call& call, const Object& lock) const {
  auto itself = [&](FunctionId id, const Call& it) {
    const EventId made = it.api && it.targets.empty() && it.api->renews ? program_.argument(id, it.event, *it.api->renews) : none;
    return made != none && program_.object(id, made).key == lock.key;
  };
  if (itself(function, call)) return true;
  std::vector<Reached::Entry> start;
  for (FunctionId target : call.targets) start.push_back({target});
  if (start.empty()) return false;
  const std::vector<Reached::Entry> reached = reach(program_, forks_, start, 200).entries;
  return std::ranges::any_of(reached, [&](const Reached::Entry& entry) { return std::ranges::any_of(program_.function(entry.function).calls, [&](const Call& it) { return itself(entry.function, it); }); });
}

// Whether the child has made a lock anew before it takes it: in one of the functions on the way, ahead of the call that leads there.
bool Native::renewed_by_child(const ForkSite& site, const LockUse& use) const {
  return std::ranges::any_of(use.way, [&](Place at) {
    return std::ranges::any_of(program_.function(at.function).calls, [&](const Call& call) {
      if (call.event >= at.event || (at.function == site.function && (call.event == site.event || !forks_.child_runs(site, call.event)))) return false;
      return renews(at.function, call, use.lock);
    });
  });
}

// Whether the child makes an object of another class before a virtual call on the way to a lock: it puts that in the place of the one whose
// method takes the lock. sink = std::make_unique<Null>(); sink->write(text);
bool Native::replaced_by_child(const ForkSite& site, const LockUse& use) const {
  auto makes_one_of = [&](FunctionId id, EventId at, const std::vector<std::string_view>& classes) {
    const facts::Event& event = program_.event(id, at);
    for (uint32_t i = 0; event.op == Op::call && i < event.operands_count; ++i) {
      const facts::Operand& operand = program_.facts(id).operands_of(event)[i];
      const bool type = i == 0 || program_.facts(id).name(operand.keyword) == "<0>";
      if (type && program_.event(id, operand.value).op == Op::read && std::ranges::find(classes, program_.name_of(id, operand.value)) != classes.end()) return true;
    }
    return false;
  };
  for (size_t i = 0; i + 1 < use.way.size(); ++i) {
    const Call* call = program_.call_at(use.way[i].function, use.way[i].event);
    if (!call || call->sure) continue;
    std::vector<std::string_view> others;
    for (FunctionId target : call->targets)
      if (target != use.way[i + 1].function) others.push_back(class_of(program_.function(target).symbol));
    for (size_t level = 0; level <= i && !others.empty(); ++level) {
      const auto [id, until] = use.way[level];
      for (EventId at = program_.facts(id).scopes[program_.function(id).scope].events.begin; at < until; ++at)
        if ((id != site.function || forks_.child_runs(site, at)) && makes_one_of(id, at, others)) return true;
    }
  }
  return false;
}

std::vector<LockUse> Native::child_locks(const ForkSite& site) const {
  std::vector<LockUse> result = taken_by_child(site);
  std::erase_if(result, [&](const LockUse& use) { return renewed_by_child(site, use) || replaced_by_child(site, use); });
  return result;
}

std::vector<LockUse> Native::taken_by_child(const ForkSite& site) const {
  std::vector<LockUse> result;
  std::vector<Reached::Entry> start;
  for (const Call* call : child_calls(site)) {
    for (LockUse& use : locks_in(site.function, call->event)) result.push_back(std::move(use));
    for (FunctionId target : call->targets) start.push_back({target, none, call->event, call->sure});
  }
  Reached reached = reach_unharmed(program_, forks_, start, 2000);
  for (uint32_t i = 0; i < reached.entries.size(); ++i)
    for (const Call& call : program_.function(reached.entries[i].function).calls)
      for (LockUse& use : locks_in(reached.entries[i].function, call.event)) {
        if (use.lock.local || forks_.doomed(reached.entries[i].function, call.event)) continue;
        std::vector<Place> way = use.way;
        uint32_t at = i;
        for (; reached.entries[at].from != none; at = reached.entries[at].from) way.push_back({reached.entries[reached.entries[at].from].function, reached.entries[at].call});
        way.push_back({site.function, reached.entries[at].call});
        std::reverse(way.begin(), way.end());
        use.way = std::move(way);
        result.push_back(std::move(use));
      }
  return result;
}

const std::vector<LockUse>& Native::thread_locks() const {
  if (thread_locks_) return *thread_locks_;
  thread_locks_ = std::make_unique<std::vector<LockUse>>();
  std::vector<Reached::Entry> start;
  for (const Entry& entry : entries_) start.push_back({entry.function});
  for (const Reached::Entry& entry : reach_unharmed(program_, forks_, start, 20000).entries)
    for (const Call& call : program_.function(entry.function).calls)
      for (LockUse& use : locks_in(entry.function, call.event))
        if (!use.lock.local || program_.function(entry.function).has(function_lambda)) thread_locks_->push_back(std::move(use));
  return *thread_locks_;
}

Native::LibcLocks Native::libc_locks_of(FunctionId forker, bool main_too) const {
  LibcLocks locks;
  std::vector<Reached::Entry> start;
  for (const Entry& entry : entries_)
    if (share_program(entry.start.function, forker)) start.push_back({entry.function});
  if (main_too)
    for (FunctionId main : mains_)
      if (share_program(main, forker)) start.push_back({main});
  Reached reached = reach_unharmed(program_, forks_, start, 20000);
  locks.complete = reached.complete;
  for (const Reached::Entry& entry : reached.entries)
    for (const Call& call : program_.function(entry.function).calls)
      if (entry.sure && effects_.does(entry.function, call, Effect::deadlocks)) locks.taken.emplace(call.api->reason, Place{entry.function, call.event});
  // A thread whose function is not known may run anything.
  for (FunctionId id = 0; id < program_.functions().size() && locks.complete; ++id)
    for (const Call& call : program_.function(id).calls) {
      if (!effects_.does(id, call, Effect::starts_thread) || !joins_program(id, forker)) continue;
      auto here = [&](const Entry& entry) { return entry.start.function == id && entry.start.event == call.event; };
      locks.complete &= std::any_of(entries_.begin(), entries_.end(), here);
    }
  return locks;
}

Native::Taken Native::taken_by_threads(FunctionId forker, const std::string& reason, bool main_too) const {
  std::pair key(programs_of(forker), main_too);
  auto known = libc_locks_.find(key);
  if (known == libc_locks_.end()) known = libc_locks_.emplace(std::move(key), libc_locks_of(forker, main_too)).first;
  auto it = known->second.taken.find(reason);
  if (it != known->second.taken.end()) return {true, it->second};
  return {!known->second.complete, std::nullopt};
}

bool Native::protected_at_fork(const Object& lock) const {
  if (!protected_) {
    protected_ = std::make_unique<std::set<std::string>>();
    std::vector<Reached::Entry> start;
    for (const AtFork& it : at_fork_)
      for (std::optional<FunctionId> handler : {it.prepare, it.parent, it.child})
        if (handler) start.push_back({*handler});
    for (const Reached::Entry& entry : reach(program_, forks_, start).entries) {
      const FileFacts& facts = program_.facts(entry.function);
      const facts::Range events = facts.scopes[program_.function(entry.function).scope].events;
      for (EventId at = events.begin; at < events.end; ++at)
        if (facts.events[at].op == Op::read || facts.events[at].op == Op::attribute) protected_->insert(program_.object(entry.function, at).key);
    }
  }
  return protected_->contains(lock.key);
}

}  // namespace forklint::model::native
