// The part of child-falls-through for C and C++.
#include "rules/child_code/native.h"
#include "rules/native.h"

namespace forklint::rules {

using namespace native;

void child_falls_through_native(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  for (const ForkSite& site : program.forks().sites()) {
    if (!site.tested || site.heir || site.unclear != none || site.api->forks == knowledge::Forks::vfork) continue;
    const Leaving* out = nullptr;
    for (const Leaving& leaving : site.leaves) {
      bool runs_on = leaving.way == Way::shared || (leaving.way == Way::returns && !site.returned && site.parent_returns);
      if (runs_on && !out) out = &leaving;
    }
    if (!out) continue;
    bool failed_exec = site.leaves_by(Way::exec);
    auto draft = report.finding(site.origin, failed_exec ? "The child runs on into the parent's code when exec fails" : "The child runs on into the parent's code");
    draft.under(StartMethod::fork, "wrong").confidence(Confidence::likely).launch_at(site.origin);
    if (failed_exec)
      for (const Leaving& leaving : site.leaves)
        if (leaving.way == Way::exec) {
          draft.label(program.site({site.function, leaving.event}), "exec comes back when it fails; _exit() must follow");
          break;
        }
    bool returns = out->way == Way::returns;
    draft.label(program.site({site.function, out->event}), returns ? "the child returns to the caller here, as the parent does; end it with _exit()" : "the child comes here, as the parent does; end it with _exit() in its own branch");
  }
}

}  // namespace forklint::rules
