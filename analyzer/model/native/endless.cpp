// Functions that never come back: they end the process or loop for ever, whatever way they go.
#include <algorithm>

#include "analyzer/model/native/forks.h"

namespace forklint::model::native {
namespace {

using knowledge::Leaves;

bool leaves_for_good(Leaves leaves) { return leaves == Leaves::now || leaves == Leaves::cleanup || leaves == Leaves::thread || leaves == Leaves::elsewhere; }

}  // namespace

bool Forks::dies(FunctionId function) const {
  if (!never_returns_[function]) return false;
  const FileFacts& facts = program_.facts(function);
  const facts::Range regions = facts.scopes[program_.function(function).scope].regions;
  return std::none_of(facts.regions.begin() + regions.begin, facts.regions.begin() + regions.end, [](const facts::Region& it) { return it.kind == facts::RegionKind::loop; });
}

bool Forks::returns(const Call& call) const {
  if (!call.sure) return true;
  if (told_to_end_.contains(&call)) return false;
  if (call.api) return !leaves_for_good(call.api->leaves);
  return call.targets.empty() || std::any_of(call.targets.begin(), call.targets.end(), [&](FunctionId target) { return !never_returns_[target]; });
}

bool Forks::becomes_program(const Call& call) const {
  if (call.targets.empty()) return call.api && call.api->leaves == Leaves::exec;
  auto execs = [](const Call& inner) { return inner.api && inner.targets.empty() && inner.api->leaves == Leaves::exec; };
  return !returns(call) && std::ranges::all_of(call.targets, [&](FunctionId target) { return std::ranges::any_of(program_.function(target).calls, execs); });
}

bool Forks::may_stay(const Call& call) const {
  if (call.sure) return false;
  if (call.symbol.empty() || call.targets.empty() || program_.named("main").empty()) return true;
  return std::ranges::any_of(call.targets, [&](FunctionId target) { return never_returns_[target]; });
}

bool Forks::endless(FunctionId id) const {
  const FileFacts& facts = program_.facts(id);
  Steps steps{.after = [&](EventId event, State state) -> State {
                if (facts.events[event].op != Op::call) return state;
                const Call* call = program_.call_at(id, event);
                return call && !returns(*call) ? 0 : state;
              },
              .assume = {}};
  Walked walked = walk(facts, program_.function(id).scope, 1, steps);
  if (walked.end || !walked.uncaught.empty()) return false;
  for (size_t i = 0; i < walked.before.size(); ++i)
    if (walked.before[i] && facts.events[walked.begin + i].op == Op::return_) return false;
  return true;
}

bool Forks::doomed(FunctionId id, EventId call) const {
  if (never_returns_[id]) return false;
  auto [known, is_new] = doomed_.try_emplace(id);
  if (!is_new) return known->second.contains(call);
  constexpr size_t most = 31;  // calls of one walk, a bit each
  const FileFacts& facts = program_.facts(id);
  const std::vector<Call>& calls = program_.function(id).calls;
  for (size_t first = 0; first < calls.size(); first += most) {
    const size_t count = std::min(most, calls.size() - first);
    Steps steps{.after = [&](EventId event, State state) -> State {
                  const Call* made = facts.events[event].op == Op::call ? program_.call_at(id, event) : nullptr;
                  if (made && !returns(*made)) return 0;
                  for (size_t i = 0; made && i < count; ++i)
                    if (calls[first + i].event == event) state |= State(2) << i;
                  return state;
                },
                .assume = {}};
    const Walked walked = walk(facts, program_.function(id).scope, 1, steps);
    State come_back = walked.end;
    for (EventId raised : walked.uncaught) come_back |= walked.at(raised);
    for (size_t i = 0; i < walked.before.size(); ++i)
      if (facts.events[walked.begin + i].op == Op::return_) come_back |= walked.before[i];
    for (size_t i = 0; i < count; ++i)
      if (const EventId event = calls[first + i].event; walked.at(event) && !(come_back & State(2) << i)) known->second.insert(event);
  }
  return known->second.contains(call);
}

// Functions that never come back, and what therefore never comes back. Each is looked at again when a callee is found.
void Forks::find_endless() {
  std::vector<FunctionId> queue;
  for (FunctionId id = 0; id < program_.functions().size(); ++id) {
    const Function& function = program_.function(id);
    if (function.has(function_module)) continue;
    if (function.has(function_noreturn)) never_returns_[id] = true;
    else queue.push_back(id);
  }
  spread_endless(std::move(queue));
  find_told_to_end();
}

void Forks::spread_endless(std::vector<FunctionId> queue) {
  for (size_t i = 0; i < queue.size(); ++i) {
    FunctionId id = queue[i];
    if (never_returns_[id] || !endless(id)) continue;
    never_returns_[id] = true;
    for (const Program::Caller& caller : program_.callers(id))
      if (!never_returns_[caller.function] && program_.function(caller.function).calls[caller.call].sure) queue.push_back(caller.function);
  }
}

}  // namespace forklint::model::native
