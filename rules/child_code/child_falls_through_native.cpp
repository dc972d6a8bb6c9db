// The part of child-falls-through for C and C++.
#include <algorithm>
#include <set>

#include "rules/child_code/meant_to_go_on.h"
#include "rules/child_code/native.h"
#include "rules/native.h"

namespace forklint::rules {

namespace {

using namespace native;

// The fork itself, of a call that gives its result on.
const ForkSite* fork_behind(const Native& program, const ForkSite& site) {
  if (site.through == none) return nullptr;
  for (uint32_t index : program.forks().in(site.through))
    if (program.forks().sites()[index].origin == site.origin) return &program.forks().sites()[index];
  return nullptr;
}

// Whether a function does more with a parameter than to give it to functions of the library.
bool looks_at(const Program& code, FunctionId function, uint32_t parameter) {
  const FileFacts& facts = code.facts(function);
  const facts::Scope& scope = facts.scopes[code.function(function).scope];
  if (scope.parameters.begin + parameter >= scope.parameters.end) return true;
  const facts::NameId name = facts.parameters[scope.parameters.begin + parameter].name;
  std::set<EventId> given;
  for (const Call& call : code.function(function).calls)
    if (call.api && call.targets.empty())
      for (uint32_t i = 1; i < code.event(function, call.event).operands_count; ++i) given.insert(code.operand(function, call.event, i));
  for (EventId at = scope.events.begin; at < scope.events.end; ++at)
    if (facts.events[at].op == Op::read && facts.events[at].name == name && !given.contains(at)) return true;
  return false;
}

// Whether the result of a fork comes where other code may ask for it: into a field, a global variable, a function that looks at it.
bool result_goes_further(const Native& program, const ForkSite& site) {
  const Program& code = program.program();
  auto is_result = [&](EventId value) { return value != none && program.forks().value(site, value, 0) == -1 && program.forks().value(site, value, 1) == 0; };
  const facts::Range events = code.facts(site.function).scopes[code.function(site.function).scope].events;
  for (EventId at = events.begin; at < events.end; ++at) {
    const Op op = code.event(site.function, at).op;
    const bool local = op == Op::bind && code.object(site.function, at).local;
    if (op != Op::bind && op != Op::set_attribute && op != Op::set_subscript) continue;
    for (uint32_t i = 0; i < code.event(site.function, at).operands_count && !local; ++i)
      if (is_result(code.operand(site.function, at, i))) return true;
  }
  for (const Call& call : code.function(site.function).calls)
    for (uint32_t i = 1; i < code.event(site.function, call.event).operands_count; ++i) {
      if (!is_result(code.operand(site.function, call.event, i)) || (call.api && call.targets.empty())) continue;
      if (!call.sure || call.targets.empty() || std::ranges::any_of(call.targets, [&](FunctionId target) { return looks_at(code, target, i - 1); })) return true;
    }
  return false;
}

// Whether a function whose child has done its work comes back with the result of the fork, to a caller that never asks which process
// it is in. `site` is the caller's.
bool caller_does_not_ask(const Native& program, const ForkSite& site) {
  const ForkSite* fork = site.tested || site.returned ? nullptr : fork_behind(program, site);
  if (!fork || !fork->tested || !fork->returned || fork->heir || fork->unclear != none || program.child_calls(*fork).empty()) return false;
  for (const Leaving& leaving : fork->leaves)
    if (leaving.way == Way::returns && may_end_before(program, *fork, leaving.event)) return false;
  const bool runs_on = std::ranges::any_of(site.leaves, [](const Leaving& it) { return it.way == Way::shared || it.way == Way::returns || it.way == Way::main_ends; });
  return runs_on && !main_ends_with_it(program, fork->function) && !result_goes_further(program, site) && !result_goes_further(program, *fork);
}

// The exec behind which the child comes to where it runs on; none: it comes there in another way.
EventId failed_exec_before(const Native& program, const ForkSite& site, EventId out) {
  const Program& code = program.program();
  for (const Leaving& leaving : site.leaves) {
    if (leaving.way != Way::exec) continue;
    constexpr State before = 1, behind = 2;
    Steps steps{.after = [&](EventId at, State state) -> State {
                  if (at == leaving.event) return behind;
                  const Call* call = code.event(site.function, at).op == Op::call ? code.call_at(site.function, at) : nullptr;
                  return call && !program.forks().returns(*call) ? 0 : state;
                },
                .assume = {}};
    if (leaving.event == out || (walk(code.facts(site.function), code.function(site.function).scope, before, steps).at(out) & behind)) return leaving.event;
  }
  return none;
}

// Whether a caller goes on where the fork has failed, with what the parent runs as well, and cannot tell that from a child that has failed.
bool goes_on_failed(const Native& program, const ForkSite& site) {
  const Program& code = program.program();
  const ForkSite* fork = fork_behind(program, site);
  if (!fork || fork->fails_as_parent == none || fork->heir || site.heir) return false;
  EventId told = none;  // where a failed fork alone comes to
  auto is_together = [&](const Call& call) {
    const uint8_t sides = program.forks().sides_at(site, call.event);
    if (call.event != site.event && (sides & side_failed) && !(sides & (side_parent | side_before))) told = std::min(told, call.event);
    const bool again = call.event <= site.event || (told != none && call.event > told);
    return again && (sides & side_failed) && (sides & side_parent) && program.effects().seen_outside(site.function, call);
  };
  return std::ranges::any_of(code.function(site.function).calls, is_together);
}

void report_failed(const Native& program, const ForkSite& site, engine::Report& report) {
  const ForkSite& fork = *fork_behind(program, site);
  report.finding(site.origin, "The child runs on into the parent's code when something fails")
      .under(StartMethod::fork, "wrong")
      .confidence(Confidence::likely)
      .launch_at(site.origin)
      .label(program.site({fork.function, fork.fails_as_parent}), "the child returns the same here as a parent whose fork failed; end it with _exit()")
      .label(program.site({site.function, site.event}), "and where that is seen, both go on");
}

void report_unasked(const Native& program, const ForkSite& site, engine::Report& report) {
  const ForkSite& fork = *fork_behind(program, site);
  const bool failed_exec = fork.leaves_by(Way::exec);
  auto draft = report.finding(site.origin, failed_exec ? "The child runs on into the parent's code when exec fails" : "The child runs on into the parent's code");
  draft.under(StartMethod::fork, "wrong").confidence(Confidence::likely).launch_at(site.origin);
  for (const Leaving& leaving : fork.leaves)
    if (leaving.way == Way::returns) {
      draft.label(program.site({fork.function, leaving.event}), "the child returns to the caller here, as the parent does; end it with _exit()");
      break;
    }
  draft.label(program.site({site.function, site.event}), "and nothing here asks which process it is in");
}

}  // namespace

void child_falls_through_native(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  std::set<Site> unasked;
  for (const ForkSite& site : program.forks().sites())
    if (caller_does_not_ask(program, site) && unasked.insert(site.origin).second) report_unasked(program, site, report);
    else if (goes_on_failed(program, site) && unasked.insert(site.origin).second) report_failed(program, site, report);
  for (const ForkSite& site : program.forks().sites()) {
    if (!site.tested || site.heir || site.unclear != none || site.api->forks == knowledge::Forks::vfork) continue;
    const Leaving* out = nullptr;
    for (const Leaving& leaving : site.leaves) {
      bool runs_on = leaving.way == Way::shared || (leaving.way == Way::returns && !site.returned && site.parent_returns);
      if (runs_on && !out) out = &leaving;
    }
    if (!out || may_end_before(program, site, out->event)) continue;
    if (out->way == Way::returns && main_ends_with_it(program, site.function)) continue;
    if (out->way == Way::returns && called_from_a_table(program, site.function)) continue;
    if (is_meant_to_go_on(program, site)) continue;
    const EventId exec = failed_exec_before(program, site, out->event);
    const bool failed_exec = exec != none;
    auto draft = report.finding(site.origin, failed_exec ? "The child runs on into the parent's code when exec fails" : "The child runs on into the parent's code");
    draft.under(StartMethod::fork, "wrong").confidence(Confidence::likely).launch_at(site.origin);
    if (failed_exec) draft.label(program.site({site.function, exec}), "exec comes back when it fails; _exit() must follow");
    bool returns = out->way == Way::returns;
    draft.label(program.site({site.function, out->event}), returns ? "the child returns to the caller here, as the parent does; end it with _exit()" : "the child comes here, as the parent does; end it with _exit() in its own branch");
  }
}

}  // namespace forklint::rules
