// fork() gives -1 when it fails. A test that takes that for the child runs the child's code in the parent; kill() given -1
// signals every process, waitpid() takes any child.
#include <algorithm>
#include <set>

#include "analyzer/model/native/behind.h"
#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

// A call that gives the result of a fork: the fork, or a function of the program that returns it.
struct Result {
  FunctionId function = none;
  EventId call = none;
};

// Whether an expression is what a call gives: itself, or a variable that is set to that once.
bool is_result(const Program& code, const Result& result, EventId value) {
  if (value == none || value == result.call) return value != none;
  if (code.event(result.function, value).op == Op::bind) return is_result(code, result, code.operand(result.function, value, 0));
  if (code.event(result.function, value).op != Op::read) return false;
  const std::optional<Program::Local> local = code.local(result.function, code.event(result.function, value).name);
  return local && local->function == result.function && local->value == result.call;
}

// What conditions ask of an expression that is no more than whether it is 0, which only the child finds.
std::set<EventId> asked_for_child(const Program& code, FunctionId id) {
  std::set<EventId> known;
  const facts::Range events = code.facts(id).scopes[code.function(id).scope].events;
  for (EventId at = events.begin; at < events.end; ++at) {
    const facts::Event& event = code.event(id, at);
    const bool equals = event.op == Op::compare && (code.name_of(id, at) == "==" || code.name_of(id, at) == "!=") && event.operands_count == 2;
    const bool zero = equals && (code.constant(id, code.operand(id, at, 0)) == 0 || code.constant(id, code.operand(id, at, 1)) == 0);
    const bool negated = event.op == Op::unary && code.name_of(id, at) == "not";
    if (!zero && !negated) continue;
    for (uint32_t i = 0; i < event.operands_count; ++i) known.insert(code.operand(id, at, i));
  }
  return known;
}

// Whether some condition asks a field or global variable more than that.
bool asks_more(const Program& code, FunctionId id, const Forks& forks, const std::string& kept) {
  const std::set<EventId> known = asked_for_child(code, id);
  return std::ranges::any_of(forks.read_by_conditions(id), [&](EventId at) { return code.object(id, at).key == kept && !known.contains(at); });
}

// The calls that give the result of a fork which nothing on the way asks for its failure: the fork itself, and the callers of a function that
// only the parent comes back from with it. Where a child comes back, too, the callers have a fork of their own.
std::vector<Result> unasked_results(const Native& program, const ForkSite& site) {
  const Program& code = program.program();
  std::vector<Result> results;
  if (!site.error_seen) results.push_back({site.function, site.event});
  for (size_t i = 0; i < results.size() && results.size() < 32; ++i) {
    const Result result = results[i];
    const std::set<EventId> known = asked_for_child(code, result.function);
    auto asks = [&](EventId at) { return is_result(code, result, at) && !known.contains(at); };
    if (i > 0 && std::ranges::any_of(program.forks().read_by_conditions(result.function), asks)) {
      results.erase(results.begin() + std::ptrdiff_t(i--));
      continue;
    }
    if (site.leaves_by(Way::returns) || site.leaves_by(Way::shared)) break;
    const facts::Range events = code.facts(result.function).scopes[code.function(result.function).scope].events;
    for (EventId at = events.begin; at < events.end; ++at) {
      if (code.event(result.function, at).op != Op::return_ || code.event(result.function, at).operands_count == 0 || !is_result(code, result, code.operand(result.function, at, 0))) continue;
      for (const Program::Caller& caller : code.callers(result.function))
        if (const Call& call = code.function(caller.function).calls[caller.call]; call.sure) results.push_back({caller.function, call.event});
      break;
    }
  }
  return results;
}

// What keeps a result: a field or global variable, and where it is set.
struct Kept {
  std::string key;
  EventId at = none;
};

// No key where it is kept in none, or in several.
Kept kept_in(const Program& code, const Result& result) {
  const facts::Range events = code.facts(result.function).scopes[code.function(result.function).scope].events;
  Kept kept;
  for (EventId at = events.begin; at < events.end; ++at) {
    const bool field = code.event(result.function, at).op == Op::set_attribute;
    if (!field && (code.event(result.function, at).op != Op::bind || code.object(result.function, at).local)) continue;
    if (!is_result(code, result, code.operand(result.function, at, field))) continue;
    if (!kept.key.empty()) return {};
    kept = {field ? std::string(code.name_of(result.function, at)) : code.object(result.function, at).key, at};
  }
  return kept;
}

// Whether the parent alone notes something else that a condition of the program reads: who asks that knows that there is a process.
bool notes_success(const Native& program, const ForkSite& site, const Kept& kept) {
  const Program& code = program.program();
  const facts::Range events = code.facts(site.function).scopes[code.function(site.function).scope].events;
  std::set<std::string> noted;
  for (EventId at = site.event + 1; at < events.end; ++at) {
    const bool field = code.event(site.function, at).op == Op::set_attribute;
    const uint8_t sides = program.forks().sides_at(site, at);
    if ((!field && code.event(site.function, at).op != Op::bind) || !(sides & side_parent) || (sides & side_failed)) continue;
    if (const Object object = field ? Object{} : code.object(site.function, at); !object.local) noted.insert(field ? std::string(code.name_of(site.function, at)) : object.key);
  }
  noted.erase(kept.key);
  auto asks = [&](FunctionId id, EventId at) { return noted.contains(code.object(id, at).key); };
  for (FunctionId id = 0; id < code.functions().size() && !noted.empty(); ++id)
    if (std::ranges::any_of(program.forks().read_by_conditions(id), [&](EventId at) { return asks(id, at); })) return true;
  return false;
}

// Whether a call may lead to a function.
bool leads_to(const Native& program, FunctionId id, const Call& call, FunctionId wanted) {
  if (by_pointer(program.program(), id, call)) return true;
  std::vector<Reached::Entry> start;
  for (FunctionId target : call.targets) start.push_back({target});
  return std::ranges::any_of(reach(program.program(), program.forks(), start, 500).entries, [&](const Reached::Entry& it) { return it.function == wanted; });
}

// Whether a function that tells its callers of a failed fork by a number is called where that keeps them from a place: main() ends.
bool failure_ends(const Native& program, FunctionId id, ForkResult::Range told, Place place, int callers = 3) {
  const Program& code = program.program();
  const std::vector<Program::Caller>& all = code.callers(id);
  return callers > 0 && !all.empty() && std::ranges::all_of(all, [&](const Program::Caller& caller) {
    const Function& function = code.function(caller.function);
    const Call& made = function.calls[caller.call];
    const Behind then = behind(code, program.forks(), caller.function, made.event, told);
    auto comes = [&](const Call& call) {
      const bool itself = caller.function == place.function && call.event == place.event;
      return call.event != made.event && then.comes_to(call.event) && (itself || leads_to(program, caller.function, call, place.function));
    };
    if (!made.sure || std::ranges::any_of(function.calls, comes)) return false;
    return without_parameters(function.symbol) == "main" || failure_ends(program, caller.function, then.returned, place, callers - 1);
  });
}

// The same of the function that forks.
bool ends_when_failed(const Native& program, const ForkSite& site, Place place) {
  const Program& code = program.program();
  const Function& function = code.function(site.function);
  if (without_parameters(function.symbol) == "main") return true;
  const facts::Range events = code.facts(site.function).scopes[function.scope].events;
  std::set<std::optional<int64_t>> told;
  for (EventId at = events.begin; at < events.end; ++at)
    if (code.event(site.function, at).op == Op::return_ && (program.forks().sides_at(site, at) & side_failed))
      told.insert(code.event(site.function, at).operands_count ? program.forks().value(site, code.operand(site.function, at, 0), 0) : std::nullopt);
  const bool known = told.size() == 1 && *told.begin();
  return failure_ends(program, site.function, known ? ForkResult::Range{true, **told.begin(), **told.begin()} : ForkResult::Range(), place);
}

// Whether a signal handler is installed where a process has not forked yet, or has failed to: in the function of the fork or in what it
// calls there; elsewhere nobody knows when.
bool is_installed_when_failed(const Native& program, const ForkSite& site, FunctionId handler) {
  return std::ranges::any_of(program.signal_handlers(), [&](const Native::Entry& it) {
    if (it.function != handler) return false;
    auto sides = [&](EventId at) { return program.forks().sides_at(site, at) & (side_failed | side_before); };
    if (it.start.function == site.function) return sides(it.start.event) != 0;
    bool elsewhere = true;
    for (const Call& call : program.program().function(site.function).calls) {
      if (call.targets.empty() || !leads_to(program, site.function, call, it.start.function)) continue;
      if (sides(call.event)) return true;
      elsewhere = false;
    }
    return elsewhere;
  });
}

// Whether the -1 stays in what keeps it although the function asks for it: a failed fork comes to where it is kept, or out of the function
// without its being set anew. `handler`: a signal may come meanwhile.
bool stays(const Native& program, const ForkSite& site, const Kept& kept, Place signal, bool handler) {
  const Program& code = program.program();
  const bool field = code.event(site.function, kept.at).op == Op::set_attribute;
  auto sides = [&](EventId at) { return program.forks().sides_at(site, at); };
  if (code.operand(site.function, kept.at, field) != site.event) return (sides(kept.at) & side_failed) && (sides(kept.at) & side_parent);
  const facts::Range events = code.facts(site.function).scopes[code.function(site.function).scope].events;
  if (handler && !is_installed_when_failed(program, site, signal.function)) return false;
  bool out = false;
  for (EventId at = kept.at + 1; at < events.end; ++at) {
    if (!(sides(at) & side_failed) || (sides(at) & (side_parent | side_before))) continue;
    const facts::Event& event = code.event(site.function, at);
    const std::string set = event.op == Op::set_attribute ? std::string(code.name_of(site.function, at)) : event.op == Op::bind ? code.object(site.function, at).key : std::string();
    if (set == kept.key) return out && handler;
    const Call* call = event.op == Op::call ? code.call_at(site.function, at) : nullptr;
    out |= event.op == Op::return_ || (handler && call && program.forks().returns(*call));
  }
  return out && !notes_success(program, site, kept) && (handler || !ends_when_failed(program, site, signal));
}

// Where another function sends a signal to the process that is kept, whose failure nothing asks for; none otherwise.
std::optional<Place> signalled_elsewhere(const Native& program, const ForkSite& site) {
  const Program& code = program.program();
  auto is_handler = [&](FunctionId id) { return std::ranges::any_of(program.signal_handlers(), [&](const Native::Entry& it) { return it.function == id; }); };
  std::vector<Result> results = unasked_results(program, site);
  if (site.error_seen) results.assign(1, {site.function, site.event});
  for (const Result& result : results) {
    const Kept kept = kept_in(code, result);
    if (kept.key.empty()) continue;
    std::optional<Place> found;
    bool asked = false;
    for (FunctionId id = 0; id < code.functions().size() && !asked; ++id) {
      if (!program.share_program(id, site.function)) continue;
      asked = !(site.error_seen && id == site.function) && asks_more(code, id, program.forks(), kept.key);
      for (const Call& call : code.function(id).calls) {
        const EventId target = id != result.function && call.api && call.targets.empty() && call.api->kills ? code.argument(id, call.event, *call.api->kills) : none;
        if (!found && target != none && code.object(id, target).key == kept.key && (!site.error_seen || stays(program, site, kept, {id, call.event}, is_handler(id)))) found = Place{id, call.event};
      }
    }
    if (found && !asked) return found;
  }
  return std::nullopt;
}

// Whether a function that waits for a process goes on with the status that it gets for -1, which may be that of another child: of one that the
// program forks elsewhere.
bool takes_status(const Native& program, const ForkSite& site, const Call& wait) {
  const Program& code = program.program();
  const EventId given = code.argument(site.function, wait.event, {.position = 1});
  if (given == none || code.event(site.function, given).op != Op::unary) return false;
  const std::string status = code.object(site.function, given).key;
  const facts::Range events = code.facts(site.function).scopes[code.function(site.function).scope].events;
  bool reads = false;
  for (EventId at = wait.event + 1; at < events.end && !reads; ++at) reads = code.event(site.function, at).op == Op::read && code.object(site.function, at).key == status;
  return reads && std::ranges::any_of(program.forks().sites(), [&](const ForkSite& other) { return other.origin != site.origin && !other.heir && program.share_program(other.function, site.function); });
}

// Whether the function that forks tells its callers the same in a child as when the fork failed: its child comes back only where it has
// failed as well, and they are not to tell these apart.
bool says_failed(const ForkSite& site) {
  const ForkResult::Range& failed = site.result.of[0];
  const ForkResult::Range& child = site.result.of[1];
  return site.through != none && failed.known && child.known && failed.low == child.low && failed.high == child.high;
}

// Whether a process whose fork has failed, and no other, comes before an event to what nobody knows here: a header is missing, and what that
// says may well end it.
bool may_have_ended(const Native& program, const ForkSite& site, EventId event) {
  const Program& code = program.program();
  if (code.facts(site.function).problems.empty()) return false;
  for (EventId at = site.event + 1; at < event; ++at) {
    const facts::Event& it = code.event(site.function, at);
    const Call* call = it.op == Op::call ? code.call_at(site.function, at) : nullptr;
    const bool unknown = (call && !call->resolved()) || (it.op == Op::unknown && it.operands_count && code.name_of(site.function, at).empty());
    if (unknown && program.forks().sides_at(site, at) == side_failed) return true;
  }
  return false;
}

void check(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  const Program& code = program.program();
  for (const ForkSite& site : program.forks().sites()) {
    if (site.heir || !site.tested) continue;
    bool told = false;
    for (const Call& call : code.function(site.function).calls) {
      uint8_t sides = program.forks().sides_at(site, call.event);
      if (told || !(sides & side_failed) || (sides & side_before)) continue;
      if ((sides & side_child) && !(sides & side_parent) && !says_failed(site)) {
        told = true;
        report.finding(code.site(site.function, call.event), "The parent runs the code of the child when fork() fails")
            .under(StartMethod::fork, "wrong")
            .label(site.origin, "gives -1 when it fails; only 0 is the child")
            .confidence(Confidence::likely)
            .launch_at(site.origin);
      }
      const bool kills = call.api && call.api->kills, awaits = call.api && call.targets.empty() && call.api->awaits;
      const EventId target = kills ? code.argument(site.function, call.event, *call.api->kills) : awaits ? code.argument(site.function, call.event, *call.api->awaits) : none;
      if (target == none || program.forks().value(site, target, 0) != -1 || (awaits && !takes_status(program, site, call))) continue;
      if (may_have_ended(program, site, call.event)) continue;
      told = true;
      report.finding(code.site(site.function, call.event), kills ? "When fork() failed, this signals every process that it may" : "When fork() failed, this waits for any child, and takes the status of another")
          .under(StartMethod::fork, "wrong")
          .label(site.origin, site.error_seen ? "gives -1 when it fails, and behind the test for that the program goes on" : "gives -1 when it fails, and nothing tests for that")
          .confidence(Confidence::likely)
          .launch_at(site.origin);
    }
    if (told) continue;
    if (std::optional<Place> signal = signalled_elsewhere(program, site))
      report.finding(program.site(*signal), "When fork() failed, this signals every process that it may")
          .under(StartMethod::fork, "wrong")
          .label(site.origin, "gives -1 when it fails, and nothing tests for that")
          .confidence(Confidence::likely)
          .launch_at(site.origin);
  }
}

}  // namespace

extern const engine::Rule fork_result_misused = {
    .code = "PSM611", .name = "fork-result-misused", .family = "child_code",
    .summary = "The failure of a fork is taken for something else", .severity = engine::Severity::error, .languages = "c", .check = check};

}  // namespace forklint::rules
