#include "analyzer/model/native/forks.h"

#include <algorithm>

namespace forklint::model::native {
namespace {

using facts::Event;
using knowledge::Leaves;

constexpr State state_before = 1, state_failed = 2, state_child = 4, state_parent = 8;
constexpr State states_of_result[3] = {state_failed, state_child, state_parent};
uint8_t sides_of(State state) {
  return uint8_t((state & state_parent ? side_parent : 0) | (state & state_child ? side_child : 0) | (state & state_failed ? side_failed : 0) | (state & state_before ? side_before : 0));
}

// One range around all of them, unknown when one is.
ForkResult::Range hull(const std::vector<ForkResult::Range>& ranges) {
  ForkResult::Range all = ranges.empty() ? ForkResult::Range() : ranges.front();
  for (const ForkResult::Range& it : ranges) all = all.known && it.known ? ForkResult::Range{true, std::min(all.low, it.low), std::max(all.high, it.high)} : ForkResult::Range();
  return all;
}

// What a function that forks gives its callers, by what it returns in each process. A process that returns what a failed fork does has
// failed, too, and callers are told so: what it returns else is its own. Where the parent ends by itself unless it fails, only the child comes back.
ForkResult given_to_callers(const std::vector<ForkResult::Range> (&given)[3], bool parent_ends) {
  ForkResult result;
  const ForkResult::Range failed = hull(given[0]);
  auto fails = [&](const ForkResult::Range& it) { return failed.known && failed.low == failed.high && it.known && it.low == failed.low && it.high == failed.high; };
  for (int process = 0; process < 3; ++process) {
    std::vector<ForkResult::Range> own = given[process];
    if (process > 0) std::erase_if(own, fails);
    result.of[process] = hull(own.empty() ? given[process] : own);
    result.comes[process] = !given[process].empty() && !(process == 2 && parent_ends && own.empty());
  }
  return result;
}

// Whether a later event may follow an earlier one, or come around to it in a loop.
bool comes_to(const FileFacts& facts, EventId from, EventId to) {
  facts::RegionId region = facts.events[to].region;
  while (region != none && (facts.regions[region].kind != facts::RegionKind::loop || facts.regions[region].events.end <= from)) region = facts.regions[region].parent;
  return to > from || region != none;
}

bool is_main(const Function& function) { return without_parameters(function.symbol) == "main"; }

}  // namespace

bool selected(const Program& program, FunctionId function, EventId call, const NativeApi& api) {
  if (!api.selects) return true;
  EventId given = program.argument(function, call, *api.selects);
  std::optional<int64_t> number = given != none && program.event(function, given).op == Op::null ? 0 : program.constant(function, given);
  return number && std::find(api.selected.begin(), api.selected.end(), std::to_string(*number)) != api.selected.end();
}

bool forks_here(const Program& program, FunctionId function, EventId call, const NativeApi& api) {
  if (api.forks == knowledge::Forks::none || !selected(program, function, call, api)) return false;
  if (api.unless_bit) {
    std::optional<int64_t> flags = program.constant(function, program.argument(function, call, *api.unless_bit));
    if (!flags || (uint64_t(*flags) & api.bit)) return false;
  }
  return true;
}

bool ForkSite::leaves_by(Way way) const {
  return std::any_of(leaves.begin(), leaves.end(), [&](const Leaving& it) { return it.way == way; });
}

Forks::Forks(const Program& program) : program_(program), never_returns_(program.functions().size()) {
  find_endless();
  // -1, 0, and a process number.
  ForkResult plain{{{true, -1, -1}, {true, 0, 0}, {true, 1, INT32_MAX}}};
  for (FunctionId id = 0; id < program.functions().size(); ++id)
    for (const Call& call : program.function(id).calls)
      if (call.api && call.targets.empty() && call.api->forks != knowledge::Forks::spawn && !call.api->child && forks_here(program, id, call.event, *call.api)) {
        ForkResult result = plain;
        if (call.api->parent_leaves) result.comes[2] = false;
        pending_.push_back({id, call.event, call.api, program.site(id, call.event), none, result});
      }
  for (size_t i = 0; i < pending_.size(); ++i) {
    Pending it = pending_[i];
    add(it.function, it.event, *it.api, it.origin, it.through, it.result);
  }
  find_throwing();
}

const std::vector<uint32_t>& Forks::in(FunctionId function) const {
  static const std::vector<uint32_t> nothing;
  auto it = by_function_.find(function);
  return it == by_function_.end() ? nothing : it->second;
}

std::optional<int64_t> Forks::value(const ForkSite& site, EventId event, int process) const {
  ForkResult::Range range = ResultReader(program_, site.function, site.event, site.result).value(event, process);
  return range.known && range.low == range.high ? std::optional(range.low) : std::nullopt;
}

bool Forks::child_runs(const ForkSite& site, EventId event) const {
  return !site.heir && site.side(event, program_.facts(site.function).scopes[program_.function(site.function).scope].events.begin) == side_child;
}

bool Forks::only_child(FunctionId function, EventId event) const {
  for (uint32_t site : in(function))
    if (child_runs(sites_[site], event)) return true;
  return false;
}

void Forks::add(FunctionId function, EventId event, const NativeApi& api, Site origin, FunctionId through, const ForkResult& result) {
  if (!known_.emplace(function, event).second) return;
  ResultReader reader(program_, function, event, result);
  std::set<EventId> others;  // forks of the same function: behind one, who has failed here is another's parent or child
  for (const Pending& it : pending_)
    if (it.function == function && it.event != event) others.insert(it.event), reader.stays_parent(it.event, it.result);
  const FileFacts& facts = program_.facts(function);
  ForkSite site{.function = function, .event = event, .api = &api, .origin = origin, .through = through, .result = result};
  Steps steps;
  EventId told_apart = none;  // the last condition that does
  steps.after = [&](EventId at, State state) -> State {
    unsigned processes = 0;
    for (int process = 0; process < 3; ++process) processes |= state & states_of_result[process] ? 1u << process : 0;
    reader.reached(at, processes);
    if (at == event) return (result.comes[0] ? state_failed : 0) | (result.comes[1] ? state_child : 0) | (result.comes[2] ? state_parent : 0);
    if (facts.events[at].op != Op::call) return state;
    if (others.contains(at)) state &= ~state_failed;
    const Call* call = program_.call_at(function, at);
    return call && !returns(*call) ? 0 : state;
  };
  steps.assume = [&](EventId condition, bool taken, State state) -> State {
    State left = state;
    for (int process = 0; process < 3; ++process) {
      if (!(state & states_of_result[process])) continue;
      int truth = reader.truth(condition, process);
      if (truth >= 0 && (truth == 1) != taken) left &= ~states_of_result[process];
    }
    if (bool(left & state_child) != bool(left & state_parent) && (state & state_child) && (state & state_parent)) {
      site.tested = true;
      told_apart = told_apart == none ? condition : std::max(told_apart, condition);
    }
    site.error_seen |= bool(left & state_failed) != bool(left & state_parent) && (state & state_failed) && (state & state_parent);
    return left;
  };
  Walked walked = walk(facts, program_.function(function).scope, state_before, steps);
  finish(site, walked, reader, told_apart);
  by_function_[function].push_back(uint32_t(sites_.size()));
  sites_.push_back(std::move(site));
}

// How both sides come out of the function, and whether its callers see a fork.
void Forks::finish(ForkSite& site, const Walked& walked, const ResultReader& reader, EventId told_apart) {
  FunctionId function = site.function;
  const FileFacts& facts = program_.facts(function);
  bool main = is_main(program_.function(function));
  std::vector<ForkResult::Range> given[3];  // to the callers, by each return
  std::vector<std::pair<EventId, ForkResult::Range>> child_returns;  // of the child alone
  bool parent_ends = false, parent_waits = false, parent_here = false, child_here = false, shared = false, split = false;
  bool only_failures = true;  // of the parent come back
  bool childs_own = false;    // what both may come to
  EventId last_own = site.event;
  std::vector<std::pair<std::string, EventId>> marks;  // variables that the child sets to a constant or counts: how it may know itself
  std::vector<std::pair<std::string_view, EventId>> flags;  // the same, of what outlives the function
  EventId introduces = none;  // a call that does the same
  EventId handed_out = none;  // where the child alone gives its callers something, through a parameter
  // The regions that the fork stands in: whoever goes on in one of them, not in an arm below, is the program.
  std::set<facts::RegionId> around{none};
  for (facts::RegionId region = facts.events[site.event].region; region != none; region = facts.regions[region].parent) around.insert(region);
  std::set<EventId> used;  // whose value is used here: a call among them is meant to come back. What is returned, callers may tell apart
  const facts::Range own_events = facts.scopes[program_.function(function).scope].events;
  for (EventId at = own_events.begin; at < own_events.end; ++at)
    for (uint32_t i = 0; i < facts.events[at].operands_count && facts.events[at].op != Op::return_; ++i) used.insert(program_.operand(function, at, i));
  std::set<EventId> wrapping;  // calls that hand the result to the callers in another form: return PyLong_FromLong(pid)
  auto apart = [&](EventId value) {
    ForkResult::Range child = reader.value(value, 1), parent = reader.value(value, 2);
    return child.known && parent.known && (child.high < parent.low || parent.high < child.low);
  };
  auto handed = [&](EventId value) {
    if (facts.events[value].op != Op::call || apart(value)) return value;
    for (uint32_t i = 1; i < facts.events[value].operands_count; ++i)
      if (EventId argument = program_.operand(function, value, i); apart(argument)) return argument;
    return value;
  };
  for (size_t i = 0; i < walked.before.size(); ++i) {
    EventId at = walked.begin + EventId(i);
    if (facts.events[at].op != Op::return_ || facts.events[at].operands_count == 0) continue;
    EventId value = program_.operand(function, at, 0);
    if (handed(value) != value) wrapping.insert(value);
  }
  // Whether the child has put something else in the place of the result that it returns.
  auto set_anew = [&](EventId at) {
    const ForkResult::Range given = reader.value(program_.operand(function, at, 0), 1), forked = site.result.of[1];
    return given.known && forked.known && (given.high < forked.low || forked.high < given.low);
  };
  for (size_t i = 0; i < walked.before.size(); ++i) {
    EventId at = walked.begin + EventId(i);
    State state = walked.before[i];
    const Event& event = facts.events[at];
    site.sides.push_back(sides_of(state));
    if (state == 0) continue;
    State processes = state & (state_child | state_parent);
    const Call* call = event.op == Op::call ? program_.call_at(function, at) : nullptr;
    bool own = processes == state_child && !(state & state_before);
    split |= at > site.event && (own || processes == state_parent);
    if (own) {
      last_own = at;
      if (event.op == Op::augment || event.op == Op::augment_attribute || (event.op == Op::bind && event.operands_count && program_.constant(function, program_.operand(function, at, 0)))) marks.emplace_back(program_.object(function, at).key, at);
      if (std::string_view flag = flag_set(function, at); !flag.empty()) flags.emplace_back(flag, at);
      if (gives_through_parameter(function, at)) handed_out = at;
      for (FunctionId target : call ? call->targets : std::vector<FunctionId>{})  // new_identity();
        if (const facts::Range inner = program_.facts(target).scopes[program_.function(target).scope].events; introduces == none)
          for (EventId set = inner.begin; set < inner.end; ++set)
            if (std::string_view flag = flag_set(target, set); !flag.empty() && is_identity(target, program_.operand(target, set, program_.event(target, set).op == Op::bind ? 0 : 1)) && read_elsewhere(target, flag)) introduces = at;
    }
    // Also where a program comes that has not forked: the child goes on as it.
    child_here |= processes == state_child && at != site.event && around.contains(event.region) && call;
    if (processes == state_parent) {
      parent_here |= around.contains(event.region) && (call || event.op == Op::return_);
      parent_waits |= call && call->api && call->api->waits;
      parent_ends |= call && !returns(*call);
    }
    bool does = (call && !wrapping.contains(at)) || event.op == Op::return_ || event.op == Op::raise;
    // What both run before they part is no running on; behind it, and around a loop, it is: the child may fork next.
    bool parted = split || at <= site.event;
    // What becomes another program, and what is behind that, is the child's own: its parent would come there by mistake.
    const bool either_becomes_it = processes == (state_child | state_parent) && parted && call && becomes_program(*call);
    childs_own |= either_becomes_it;
    // A function that never comes back takes one of the two away, and something else than the fork says which.
    if (either_becomes_it && !call->targets.empty() && site.unclear == none) site.unclear = at;
    if (processes == (state_child | state_parent) && parted && does && event.op != Op::return_ && !shared && !childs_own) {
      shared = true;
      site.leaves.push_back({Way::shared, at});
    }
    if (event.op == Op::return_) {
      for (int process = 0; process < 3; ++process)
        if (state & states_of_result[process]) given[process].push_back(event.operands_count ? reader.value(handed(program_.operand(function, at, 0)), process) : ForkResult::Range());
      if (state == state_child) child_returns.emplace_back(at, given[1].back());
      if (state & state_child) site.leaves.push_back({main ? Way::main_ends : Way::returns, at});
      if ((state & state_child) && hands_on(function, site.event, at) && !set_anew(at)) handed_out = at;
      if (state & state_parent) site.parent_returns = true;
      if (state & state_parent) only_failures &= in_failure_arm(function, at);
    }
    const bool obscure = call && (!call->resolved() || may_stay(*call)) && !used.contains(at) && returns(*call);
    // Also where a process comes that has not forked at all: if (parallel) { if (fork()) return; } serve();
    if (obscure && processes == state_child && site.unclear == none) site.unclear = at;
    if (!own || !call) continue;
    if (call->api && call->api->leaves != Leaves::no) {
      Leaves leaves = call->api->leaves;
      Way way = leaves == Leaves::exec ? Way::exec : leaves == Leaves::now ? Way::now : leaves == Leaves::cleanup ? Way::cleanup : Way::elsewhere;
      site.leaves.push_back({way, at});
    } else if (!returns(*call)) {
      site.leaves.push_back({Way::stays, at});
    }
  }
  // They only meet, and part again further down; or the child has noted who it is: it goes on because it is to.
  const auto meets = std::find_if(site.leaves.begin(), site.leaves.end(), [](const Leaving& it) { return it.way == Way::shared; });
  if (meets != site.leaves.end() && site.unclear == none && !site.leaves_by(Way::exec)) {
    // The child is the program; its parent only goes to the end of it: goto out.
    if (main && child_here && !parent_here && !parent_waits && meets->event > site.event) site.unclear = meets->event;
    if (told_apart != none && meets->event > site.event && told_apart > meets->event) site.unclear = told_apart;
    if (site.unclear == none) site.unclear = introduces;
    for (const auto& [flag, set] : flags)
      if (is_identity(function, program_.operand(function, set, facts.events[set].op == Op::bind ? 0 : 1)) && read_elsewhere(function, flag)) site.unclear = set;
  }
  // A condition that the child runs as others do, and that reads such a variable, tells it apart in a way that is not followed.
  const std::set<EventId> conditions = marks.empty() ? std::set<EventId>() : read_by_conditions(function);
  for (const auto& [variable, set] : marks)
    for (EventId at : conditions) {
      State state = walked.at(at);
      if (site.unclear == none && comes_to(facts, set, at) && (state & state_child) && (state & (state_parent | state_before)) && !variable.empty() && program_.object(function, at).key == variable) site.unclear = set;
    }
  for (EventId at : walked.uncaught)
    if (walked.at(at) & state_child && !(walked.at(at) & (state_parent | state_before))) site.leaves.push_back({Way::throws, at});
  if (walked.end & state_child) site.leaves.push_back({main ? Way::main_ends : Way::returns, last_own});
  for (int process = 0; process < 3; ++process)
    if (walked.end & states_of_result[process]) given[process].push_back({});
  site.parent_returns |= bool(walked.end & state_parent);
  ForkResult result = given_to_callers(given, parent_ends);
  if (parent_ends && only_failures && !(walked.end & state_parent)) result.comes[2] = false;
  site.parent_returns &= result.comes[2];
  // A daemon: the parent leaves in an arm of its own, and the child is the program from there on.
  bool child_goes_on = child_here || site.leaves_by(Way::returns);
  site.heir = site.tested && !shared && !parent_waits && !parent_here && child_goes_on && (main || !site.parent_returns);
  if (site.api->parent_leaves && site.through == none) site.heir = true;
  if (main || site.heir || !site.leaves_by(Way::returns)) return;
  const ForkResult::Range& child = result.of[1];
  const ForkResult::Range& parent = result.of[2];
  if (!site.parent_returns || !child.known || !parent.known || !(child.high < parent.low || parent.high < child.low)) {
    if (site.unclear == none) site.unclear = handed_out;
    for (const auto& [flag, set] : flags)
      if (site.unclear == none && noted_for_others(function, flag, set)) site.unclear = set;
    return;
  }
  site.returned = true;
  const ForkResult::Range& failed = result.of[0];
  for (const auto& [at, value] : child_returns)
    if (failed.known && value.known && value.low == failed.low && value.high == failed.high) site.fails_as_parent = at;
  for (const Program::Caller& caller : program_.callers(function)) {
    const Call& call = program_.function(caller.function).calls[caller.call];
    if (call.sure) pending_.push_back({caller.function, call.event, site.api, site.origin, function, result});
  }
}

}  // namespace forklint::model::native
