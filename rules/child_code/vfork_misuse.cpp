// The child of vfork() runs in the memory and on the stack of its parent, which stands still. It may become another program or
// end by _exit(); what else it changes, the parent finds changed.
#include <algorithm>

#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;
using knowledge::AfterFork;

bool harms(const NativeApi& api) {
  if (api.hidden || api.allocates) return false;  // what only the child has a pointer to is lost, and no more
  return api.after_fork == AfterFork::repaired || api.after_fork == AfterFork::deadlocks || api.after_fork == AfterFork::wrong || (api.leaves == knowledge::Leaves::cleanup && !api.handled_exit);
}

// The calls from one of the child to what works on the memory that its parent goes on with; none: it is not seen to. What is done only because
// something has failed does not count, but for what stands behind an exec: that one fails is nothing special.
std::vector<Place> way_to_harm(const Native& program, FunctionId function, const Call& call, bool behind_exec) {
  const Program& code = program.program();
  if (auto step = behind_exec && !program.forks().returns(call) ? program.effects().of_call(function, call, Effect::exits) : std::nullopt) return program.effects().way(function, *step, Effect::exits);
  if (call.api && call.targets.empty()) return harms(*call.api) ? std::vector{Place{function, call.event}} : std::vector<Place>{};
  std::vector<Reached::Entry> start;
  for (FunctionId target : call.targets) start.push_back({target});
  const std::vector<Reached::Entry> entries = reach_unharmed(code, program.forks(), start, 200).entries;
  for (const Reached::Entry& entry : entries) {
    std::vector<Place> way{{function, call.event}};
    for (const Reached::Entry* at = &entry; at->from != none; at = &entries[at->from]) way.insert(way.begin() + 1, {entries[at->from].function, at->call});
    bool exec_failed = false;
    for (const Call& inner : code.function(entry.function).calls) {
      const bool own = inner.api && inner.targets.empty();
      if (own && harms(*inner.api) && (exec_failed || !program.forks().doomed(entry.function, inner.event))) {
        way.push_back({entry.function, inner.event});
        if (can_go(code, program.forks(), way, {})) return way;  // not where a flag that was set before says who runs it
        way.pop_back();
      }
      if (auto step = exec_failed && !program.forks().returns(inner) ? program.effects().of_call(entry.function, inner, Effect::exits) : std::nullopt) {
        std::ranges::move(program.effects().way(entry.function, *step, Effect::exits), std::back_inserter(way));
        return way;
      }
      exec_failed |= own && inner.api->leaves == knowledge::Leaves::exec;
    }
  }
  return {};
}

// Whether the parent looks at a variable behind the fork, before it sets it anew: that of the result it does.
bool read_by_parent(const Native& program, const ForkSite& site, const std::string& variable) {
  const Program& code = program.program();
  const facts::Range events = code.facts(site.function).scopes[code.function(site.function).scope].events;
  for (EventId at = site.event + 1; at < events.end; ++at) {
    const facts::Event& event = code.event(site.function, at);
    if ((event.op != Op::read && event.op != Op::bind) || !(program.forks().sides_at(site, at) & side_parent) || code.object(site.function, at).key != variable) continue;
    return event.op == Op::read;
  }
  return false;
}

struct Misuse {
  EventId at = none;
  std::string what;
  std::vector<Place> way;
};

// The first thing that the child does and may not do.
std::optional<Misuse> misuse(const Native& program, const ForkSite& site) {
  const Program& code = program.program();
  facts::Range events = code.facts(site.function).scopes[code.function(site.function).scope].events;
  std::vector<std::string_view> own;
  bool exec_failed = false;  // what is set then is a message to the parent
  for (EventId at = events.begin; at < events.end; ++at) {
    if (!program.forks().child_runs(site, at)) continue;
    const facts::Event& event = code.event(site.function, at);
    if (event.op == Op::declare) own.push_back(code.name_of(site.function, at));
    if (event.op == Op::return_) return Misuse{at, "returns from the function whose stack its parent will go on with", {}};
    const bool writes = event.op == Op::bind || event.op == Op::augment;
    const Object object = writes ? code.object(site.function, at) : Object{};
    if (writes && object.local && !exec_failed && std::ranges::find(own, object.name) == own.end() && read_by_parent(program, site, object.key))
      return Misuse{at, "changes " + std::string(code.name_of(site.function, at)) + ", which its parent finds changed", {}};
    const Call* call = event.op == Op::call ? code.call_at(site.function, at) : nullptr;
    if (!call) continue;
    if (std::vector<Place> way = way_to_harm(program, site.function, *call, exec_failed); !way.empty()) return Misuse{at, "calls " + called(program, {site.function, at}) + "()", std::move(way)};
    exec_failed |= call->api && call->targets.empty() && call->api->leaves == knowledge::Leaves::exec;
  }
  // What the child forks has a stack of its own.
  auto forks_before = [&](EventId event) {
    return std::ranges::any_of(program.child_calls(site), [&](const Call* call) { return call->event < event && program.effects().of_call(site.function, *call, Effect::forks); });
  };
  for (const Leaving& leaving : site.leaves)
    if (leaving.way == Way::returns && (!site.returned || (site.through == none && !forks_before(leaving.event)))) return Misuse{leaving.event, "returns from the function whose stack its parent will go on with", {}};
  return std::nullopt;
}

void check(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  for (const ForkSite& site : program.forks().sites()) {
    if (site.api->forks != knowledge::Forks::vfork || site.heir) continue;
    const std::optional<Misuse> found = misuse(program, site);
    if (!found) continue;
    auto draft = report.finding(program.program().site(site.function, found->at), "The child of vfork() " + found->what);
    draft.under(StartMethod::fork, "wrong")
        .label(site.origin, "parent and child have one memory from here until exec or _exit(); posix_spawn() or fork() do not")
        .confidence(Confidence::likely)
        .launch_at(site.origin);
    if (!found->way.empty()) label_way(draft, program, found->way, "this works on what belongs to the parent");
  }
}

}  // namespace

extern const engine::Rule vfork_misuse = {
    .code = "PSM607", .name = "vfork-misuse", .family = "child_code",
    .summary = "The child of vfork() does more than exec or _exit()", .severity = engine::Severity::error, .languages = "c", .check = check};

}  // namespace forklint::rules
