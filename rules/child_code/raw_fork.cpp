// _Fork(), clone() and the bare system call run no handlers and repair no lock of the C library: what works in the child of
// fork() may wait for ever in theirs.
#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

void check(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  for (uint32_t index = 0; index < program.forks().sites().size(); ++index) {
    const ForkSite& site = program.forks().sites()[index];
    if (site.api->forks != knowledge::Forks::raw || site.heir) continue;
    Threading threads = threading(program, index);
    if (!threads.possible) continue;
    for (const Call* call : program.child_calls(site)) {
      Effect effect = Effect::deadlocks;
      auto step = program.effects().of_call(site.function, *call, effect);
      if (!step) step = program.effects().of_call(site.function, *call, effect = Effect::repaired);
      if (!step) continue;
      std::vector<Place> way = program.effects().way(site.function, *step, effect);
      auto draft = report.finding(program.site({site.function, call->event}), "The child calls " + called(program, way.back()) + "(), but this kind of fork leaves every lock of the C library as it was");
      draft.under(StartMethod::fork, "hangs").confidence(threads.confidence).launch_at(site.origin);
      if (threads.live) label_thread(draft, program, *threads.live);
      draft.label(site.origin, "forked here; fork() would repair them");
      label_way(draft, program, way, "this takes a lock that another thread may have held");
      break;
    }
  }
}

}  // namespace

extern const engine::Rule raw_fork = {
    .code = "PSM608", .name = "raw-fork", .family = "child_code",
    .summary = "The child of _Fork(), clone() or a bare system call uses the C library", .severity = engine::Severity::error, .languages = "c", .check = check};

}  // namespace forklint::rules
