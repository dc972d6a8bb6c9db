// The child of vfork() runs in the memory and on the stack of its parent, which stands still. It may become another program or
// end by _exit(); what else it changes, the parent finds changed.
#include <algorithm>

#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;
using knowledge::AfterFork;

bool allowed(const Native& program, FunctionId function, const Call& call) {
  if (call.api) return call.api->leaves == knowledge::Leaves::exec || call.api->leaves == knowledge::Leaves::now || call.api->after_fork == AfterFork::safe || call.api->after_fork == AfterFork::unknown;
  for (Effect effect : {Effect::repaired, Effect::deadlocks, Effect::wrong, Effect::exits})
    if (program.effects().of_call(function, call, effect)) return false;
  return true;
}

// The first thing that the child does and may not do, and what it is.
std::optional<std::pair<EventId, std::string>> misuse(const Native& program, const ForkSite& site) {
  const Program& code = program.program();
  facts::Range events = code.facts(site.function).scopes[code.function(site.function).scope].events;
  std::vector<std::string_view> own;
  for (EventId at = events.begin; at < events.end; ++at) {
    if (!program.forks().child_runs(site, at)) continue;
    const facts::Event& event = code.event(site.function, at);
    if (event.op == Op::declare) own.push_back(code.name_of(site.function, at));
    if (event.op == Op::return_) return std::pair(at, "returns from the function whose stack its parent will go on with");
    bool writes = event.op == Op::bind || event.op == Op::augment;
    if (writes && code.object(site.function, at).local && std::find(own.begin(), own.end(), code.name_of(site.function, at)) == own.end())
      return std::pair(at, "changes " + std::string(code.name_of(site.function, at)) + ", which its parent finds changed");
    if (const Call* call = event.op == Op::call ? code.call_at(site.function, at) : nullptr; call && !allowed(program, site.function, *call))
      return std::pair(at, "calls " + called(program, {site.function, at}) + "()");
  }
  for (const Leaving& leaving : site.leaves)
    if (leaving.way == Way::returns && !site.returned) return std::pair(leaving.event, "returns from the function whose stack its parent will go on with");
  return std::nullopt;
}

void check(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  for (const ForkSite& site : program.forks().sites()) {
    if (site.api->forks != knowledge::Forks::vfork || site.heir) continue;
    if (auto found = misuse(program, site))
      report.finding(program.program().site(site.function, found->first), "The child of vfork() " + found->second)
          .under(StartMethod::fork, "wrong")
          .label(site.origin, "parent and child have one memory from here until exec or _exit(); posix_spawn() or fork() do not")
          .confidence(Confidence::likely)
          .launch_at(site.origin);
  }
}

}  // namespace

extern const engine::Rule vfork_misuse = {
    .code = "PSM607", .name = "vfork-misuse", .family = "child_code",
    .summary = "The child of vfork() does more than exec or _exit()", .severity = engine::Severity::error, .languages = "c", .check = check};

}  // namespace forklint::rules
