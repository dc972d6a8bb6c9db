// The child of a fork has one thread and the locks of all of them. What POSIX allows there is little; what glibc makes of
// the rest is graded: most of it works, some of it waits for ever.
#include <set>

#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;
using knowledge::Forks;
using knowledge::Libc;

// The first call of the child that POSIX does not allow, whatever the libc makes of it.
std::optional<StuckCall> forbidden_call(const Native& program, const ForkSite& site) {
  bool after_exec = false;
  for (const Call* call : program.child_calls(site)) {
    for (Effect effect : {Effect::deadlocks, Effect::repaired}) {
      auto step = program.effects().of_call(site.function, *call, effect);
      if (!step) continue;
      StuckCall found{.way = program.effects().way(site.function, *step, effect), .sure = step->sure, .after_exec = after_exec, .other = {}};
      const Call* last = program.program().call_at(found.way.back().function, found.way.back().event);
      found.api = last ? last->api : nullptr;
      return found;
    }
    after_exec |= call->api && call->api->leaves == knowledge::Leaves::exec;
  }
  return std::nullopt;
}

void check(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  Libc libc = model.options().libc;
  std::set<std::pair<Site, Place>> told;  // one call that the children of one fork reach by several ways is one thing to repair
  for (uint32_t index = 0; index < program.forks().sites().size(); ++index) {
    const ForkSite& site = program.forks().sites()[index];
    if (site.heir || site.api->forks != Forks::fork) continue;
    Threading threads = threading(program, index);
    if (!threads.possible) continue;
    // A library whose child goes on as a worker is asked for one at the start of a server; a helper is started at any time.
    if (!threads.live && !program.in_program(site.function) && !site.leaves_by(Way::exec)) continue;
    bool hangs = libc == Libc::glibc;
    std::optional<StuckCall> found = hangs ? stuck_call(program, index, threads) : forbidden_call(program, site);
    if (!found || !told.emplace(site.origin, found->way.back()).second) continue;
    std::string name = called(program, found->way.back());
    std::string message = hangs ? "The child calls " + name + "(), which waits for ever when another thread was in it at the fork"
                                : "The child calls " + name + "(), which POSIX does not allow after the fork of a program with threads";
    auto draft = report.finding(program.site(found->way.front()), std::move(message));
    draft.under(StartMethod::fork, "hangs")
        .confidence(found->sure && !found->after_exec ? threads.confidence : Confidence::possible)
        .severity(libc == Libc::musl ? Severity::info : threads.live && hangs && !found->after_exec ? Severity::error : Severity::warning)
        .launch_at(site.origin);
    if (threads.live) label_thread(draft, program, *threads.live);
    draft.label(site.origin, "the child is forked here");
    if (found->other) draft.label(program.site(*found->other), "another thread takes " + found->api->reason + " here");
    std::string reason = found->api ? found->api->reason : std::string();
    label_way(draft, program, found->way, hangs ? "it takes " + reason + ", which the fork leaves as it was" : "it uses " + reason);
  }
}

}  // namespace

extern const engine::Rule unsafe_call_after_fork = {
    .code = "PSM603", .name = "unsafe-call-after-fork", .family = "child_code",
    .summary = "The child of a program with threads calls what may wait for ever there", .severity = engine::Severity::error, .languages = "c", .check = check};

}  // namespace forklint::rules
