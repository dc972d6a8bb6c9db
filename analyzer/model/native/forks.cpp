#include "analyzer/model/native/forks.h"

#include <algorithm>
#include <charconv>

namespace forklint::model::native {
namespace {

using facts::Event;
using knowledge::Leaves;

constexpr State state_before = 1, state_failed = 2, state_child = 4, state_parent = 8;
constexpr State states_of_result[3] = {state_failed, state_child, state_parent};
constexpr int most_steps = 200;  // of one question about a value

bool leaves_for_good(Leaves leaves) { return leaves == Leaves::now || leaves == Leaves::cleanup || leaves == Leaves::thread || leaves == Leaves::elsewhere; }

uint8_t sides_of(State state) {
  return uint8_t((state & state_parent ? side_parent : 0) | (state & state_child ? side_child : 0) | (state & state_failed ? side_failed : 0) | (state & state_before ? side_before : 0));
}

bool is_main(const Function& function) { return without_parameters(function.symbol) == "main"; }

}  // namespace

bool selected(const Program& program, FunctionId function, EventId call, const NativeApi& api) {
  if (!api.selects) return true;
  std::optional<int64_t> number = program.constant(function, program.argument(function, call, *api.selects));
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

// What the expressions of a function say of the result of one fork in it, in each process.
class ResultReader {
 public:
  ResultReader(const Program& program, FunctionId function, EventId fork, const ForkResult& result) : program_(program), function_(function), fork_(fork), result_(result) {
    const facts::Scope& scope = program.facts(function).scopes[program.function(function).scope];
    for (EventId at = scope.events.begin; at < scope.events.end; ++at) {
      const Event& event = program.event(function, at);
      if (event.op == Op::bind || event.op == Op::set_attribute || event.op == Op::augment || event.op == Op::augment_attribute || event.op == Op::set_subscript)
        if (Object target = assigned(at); !target.empty()) writes_[target.key].push_back(at);
    }
  }

  using Range = ForkResult::Range;

  Range value(EventId event, int process) const {
    int steps = most_steps;
    return value(event, process, steps, 0);
  }
  // 1, 0, or -1 when it may be both.
  int truth(EventId event, int process) const {
    Range range = value(event, process);
    if (!range.known || (range.low <= 0 && range.high >= 0 && range.low != range.high)) return -1;
    return range.low == 0 && range.high == 0 ? 0 : 1;
  }

 private:
  Object assigned(EventId at) const {
    const Event& event = program_.event(function_, at);
    if (event.op == Op::set_subscript) return program_.object(function_, program_.operand(function_, at, 0));
    if (event.op == Op::set_attribute || event.op == Op::augment_attribute) return {.key = std::string(program_.name_of(function_, at)), .name = program_.name_of(function_, at)};
    return program_.object(function_, at);
  }

  EventId last_write(EventId reader) const {
    Object object = program_.object(function_, reader);
    auto it = object.empty() ? writes_.end() : writes_.find(object.key);
    if (it == writes_.end()) return none;
    auto after = std::lower_bound(it->second.begin(), it->second.end(), reader);
    if (after == it->second.begin()) return none;
    EventId last = *(after - 1);
    // In a loop that began after it, what is written further down comes around.
    const FileFacts& facts = program_.facts(function_);
    for (facts::RegionId region = facts.events[reader].region; region != none; region = facts.regions[region].parent) {
      if (facts.regions[region].events.begin <= last) break;
      if (facts.regions[region].kind == facts::RegionKind::loop && after != it->second.end() && *after < facts.regions[region].events.end) return none;
    }
    return last;
  }

  static Range unknown() { return {}; }
  static Range exactly(int64_t number) { return {true, number, number}; }
  static Range either() { return {true, 0, 1}; }
  static Range both(Range a, Range b) {
    if (!a.known || !b.known) return unknown();
    return {true, std::min(a.low, b.low), std::max(a.high, b.high)};
  }

  static Range compared(std::string_view op, Range a, Range b) {
    if (!a.known || !b.known) return unknown();
    int equal = a.low == a.high && b.low == b.high && a.low == b.low ? 1 : a.high < b.low || b.high < a.low ? 0 : -1;
    int less = a.high < b.low ? 1 : a.low >= b.high ? 0 : -1;
    int more = a.low > b.high ? 1 : a.high <= b.low ? 0 : -1;
    int truth = op == "==" ? equal : op == "!=" ? (equal < 0 ? -1 : 1 - equal) : op == "<" ? less : op == ">" ? more
              : op == ">=" ? (less < 0 ? -1 : 1 - less) : op == "<=" ? (more < 0 ? -1 : 1 - more) : -1;
    return truth < 0 ? either() : exactly(truth);
  }

  Range value(EventId id, int process, int& steps, int depth) const {
    if (id == none || --steps < 0 || depth > 40) return unknown();
    if (id == fork_) return result_.of[process];
    const Event& event = program_.event(function_, id);
    auto operand = [&](uint32_t i) { return value(program_.operand(function_, id, i), process, steps, depth + 1); };
    auto truth_of = [](Range range) { return !range.known || (range.low <= 0 && range.high >= 0 && range.low != range.high) ? -1 : range.low == 0 && range.high == 0 ? 0 : 1; };
    switch (event.op) {
      case Op::number:
        if (auto number = program_.constant(function_, id)) return exactly(*number);
        return unknown();
      case Op::boolean: return exactly(constant_truth(program_.facts(function_), id));
      case Op::null: return exactly(0);
      case Op::bind: return operand(0);
      case Op::set_attribute: return operand(1);
      case Op::set_subscript: return operand(2);
      case Op::read:
      case Op::attribute:
      case Op::subscript: {
        EventId write = last_write(id);
        return write == none ? unknown() : value(write, process, steps, depth + 1);
      }
      case Op::unary: {
        std::string_view op = program_.name_of(function_, id);
        if (op == "*") {
          EventId write = last_write(id);
          return write == none ? unknown() : value(write, process, steps, depth + 1);
        }
        Range inner = operand(0);
        if (!inner.known) return inner;
        if (op == "-") return {true, -inner.high, -inner.low};
        if (op != "not" && op != "!") return unknown();
        int truth = truth_of(inner);
        return truth < 0 ? either() : exactly(1 - truth);
      }
      case Op::compare: return compared(program_.name_of(function_, id), operand(0), operand(1));
      case Op::boolean_operation: {
        bool all = program_.name_of(function_, id) == "and";
        bool open = false;
        for (uint32_t i = 0; i < event.operands_count && i < 16; ++i) {
          int truth = truth_of(operand(i));
          if (truth == (all ? 0 : 1)) return exactly(truth);
          open |= truth < 0;
        }
        return open ? unknown() : exactly(all ? 1 : 0);
      }
      case Op::conditional: {
        int truth = truth_of(operand(0));
        return truth < 0 ? both(operand(1), operand(2)) : operand(truth ? 1 : 2);
      }
      default: return unknown();
    }
  }

  const Program& program_;
  FunctionId function_;
  EventId fork_;
  const ForkResult& result_;
  std::map<std::string, std::vector<EventId>> writes_;
};

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
        if (call.api->parent_leaves) result.of[2] = {};  // only the child comes back
        pending_.push_back({id, call.event, call.api, program.site(id, call.event), none, result});
      }
  for (size_t i = 0; i < pending_.size(); ++i) {
    Pending it = pending_[i];
    add(it.function, it.event, *it.api, it.origin, it.through, it.result);
  }
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

bool Forks::dies(FunctionId function) const {
  if (!never_returns_[function]) return false;
  const FileFacts& facts = program_.facts(function);
  const facts::Range regions = facts.scopes[program_.function(function).scope].regions;
  return std::none_of(facts.regions.begin() + regions.begin, facts.regions.begin() + regions.end, [](const facts::Region& it) { return it.kind == facts::RegionKind::loop; });
}

bool Forks::returns(const Call& call) const {
  if (!call.sure) return true;
  if (call.api) return !leaves_for_good(call.api->leaves);
  return call.targets.empty() || std::any_of(call.targets.begin(), call.targets.end(), [&](FunctionId target) { return !never_returns_[target]; });
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

// Functions that never come back, and what therefore never comes back. Each is looked at again when a callee is found.
void Forks::find_endless() {
  std::vector<FunctionId> queue;
  for (FunctionId id = 0; id < program_.functions().size(); ++id) {
    const Function& function = program_.function(id);
    if (function.has(function_module)) continue;
    if (function.has(function_noreturn)) never_returns_[id] = true;
    else queue.push_back(id);
  }
  for (size_t i = 0; i < queue.size(); ++i) {
    FunctionId id = queue[i];
    if (never_returns_[id] || !endless(id)) continue;
    never_returns_[id] = true;
    for (const Program::Caller& caller : program_.callers(id))
      if (!never_returns_[caller.function] && program_.function(caller.function).calls[caller.call].sure) queue.push_back(caller.function);
  }
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
  const FileFacts& facts = program_.facts(function);
  ForkSite site{.function = function, .event = event, .api = &api, .origin = origin, .through = through, .result = result};
  Steps steps;
  steps.after = [&](EventId at, State state) -> State {
    if (at == event) return state_failed | state_child | (api.parent_leaves && through == none ? 0 : state_parent);
    if (facts.events[at].op != Op::call) return state;
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
    site.tested |= bool(left & state_child) != bool(left & state_parent) && (state & state_child) && (state & state_parent);
    site.error_seen |= bool(left & state_failed) != bool(left & state_parent) && (state & state_failed) && (state & state_parent);
    return left;
  };
  Walked walked = walk(facts, program_.function(function).scope, state_before, steps);
  finish(site, walked, reader);
  by_function_[function].push_back(uint32_t(sites_.size()));
  sites_.push_back(std::move(site));
}

// How both sides come out of the function, and whether its callers see a fork.
void Forks::finish(ForkSite& site, const Walked& walked, const ResultReader& reader) {
  FunctionId function = site.function;
  const FileFacts& facts = program_.facts(function);
  bool main = is_main(program_.function(function));
  ForkResult given;
  bool first[3] = {true, true, true};
  bool parent_waits = false, parent_here = false, child_here = false, shared = false, split = false;
  EventId last_own = site.event;
  std::vector<std::pair<std::string, EventId>> marks;  // variables that the child sets to a constant: how it may know itself
  // The regions that the fork stands in: whoever goes on in one of them, not in an arm below, is the program.
  std::set<facts::RegionId> around{none};
  for (facts::RegionId region = facts.events[site.event].region; region != none; region = facts.regions[region].parent) around.insert(region);
  auto give = [&](int process, ForkResult::Range range) {
    ForkResult::Range& known = given.of[process];
    if (first[process]) known = range;
    else if (!range.known || !known.known) known = {};
    else known = {true, std::min(known.low, range.low), std::max(known.high, range.high)};
    first[process] = false;
  };
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
      if (event.op == Op::bind && event.operands_count && program_.constant(function, program_.operand(function, at, 0))) marks.emplace_back(program_.object(function, at).key, at);
      child_here |= at != site.event && around.contains(event.region) && call;
    }
    if (processes == state_parent) {
      parent_here |= around.contains(event.region) && (call || event.op == Op::return_);
      parent_waits |= call && call->api && call->api->waits;
    }
    bool does = (call && !wrapping.contains(at)) || event.op == Op::return_ || event.op == Op::raise;
    // What both run before they part is no running on; behind it, and around a loop, it is.
    bool parted = split || at < site.event;
    if (processes == (state_child | state_parent) && at != site.event && parted && does && event.op != Op::return_ && !shared) {
      shared = true;
      site.leaves.push_back({Way::shared, at});
    }
    if (event.op == Op::return_) {
      for (int process = 0; process < 3; ++process)
        if (state & states_of_result[process]) give(process, event.operands_count ? reader.value(handed(program_.operand(function, at, 0)), process) : ForkResult::Range());
      if (state & state_child) site.leaves.push_back({main ? Way::main_ends : Way::returns, at});
      if (state & state_parent) site.parent_returns = true;
    }
    if (!own || !call) continue;
    if (call->api && call->api->leaves != Leaves::no) {
      Leaves leaves = call->api->leaves;
      Way way = leaves == Leaves::exec ? Way::exec : leaves == Leaves::now ? Way::now : leaves == Leaves::cleanup ? Way::cleanup : Way::elsewhere;
      site.leaves.push_back({way, at});
    } else if (!returns(*call)) {
      site.leaves.push_back({Way::stays, at});
    } else if (!call->resolved() || !call->sure) {
      if (site.unclear == none) site.unclear = at;
    }
  }
  // A condition that both run and that reads such a variable tells them apart in a way that is not followed.
  for (const auto& [variable, set] : marks)
    for (size_t i = 0; i < walked.before.size() && site.unclear == none && !variable.empty(); ++i) {
      EventId at = walked.begin + EventId(i);
      if ((facts.events[at].op != Op::read && facts.events[at].op != Op::attribute) || (walked.before[i] & (state_child | state_parent)) != (state_child | state_parent)) continue;
      if (program_.object(function, at).key == variable) site.unclear = set;
    }
  for (EventId at : walked.uncaught)
    if (walked.at(at) & state_child && !(walked.at(at) & (state_parent | state_before))) site.leaves.push_back({Way::throws, at});
  if (walked.end & state_child) site.leaves.push_back({main ? Way::main_ends : Way::returns, last_own});
  for (int process = 0; process < 3; ++process)
    if (walked.end & states_of_result[process]) give(process, {});
  site.parent_returns |= bool(walked.end & state_parent);
  // A daemon: the parent leaves in an arm of its own, and the child is the program from there on.
  bool child_goes_on = child_here || site.leaves_by(Way::returns);
  site.heir = site.tested && !shared && !parent_waits && !parent_here && child_goes_on && (main || !site.parent_returns);
  if (site.api->parent_leaves && site.through == none) site.heir = true;
  if (main || site.heir || !site.leaves_by(Way::returns)) return;
  const ForkResult::Range& child = given.of[1];
  const ForkResult::Range& parent = given.of[2];
  if (!site.parent_returns || !child.known || !parent.known || !(child.high < parent.low || parent.high < child.low)) return;
  site.returned = true;
  for (const Program::Caller& caller : program_.callers(function)) {
    const Call& call = program_.function(caller.function).calls[caller.call];
    if (call.sure) pending_.push_back({caller.function, call.event, site.api, site.origin, function, given});
  }
}

}  // namespace forklint::model::native
