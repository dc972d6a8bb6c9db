// The part of fork-with-live-thread for C and C++. A child that only becomes another program, and calls nothing on the way
// that could wait for a lost thread, is what fork is for.
#include "rules/inherited_state/native.h"
#include "rules/native.h"

namespace forklint::rules {

using namespace native;

void fork_with_live_thread_native(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  for (uint32_t index = 0; index < program.forks().sites().size(); ++index) {
    const ForkSite& site = program.forks().sites()[index];
    if (program.live_threads(index).empty() || child_is_harmless(program, index)) continue;
    const LiveThread& thread = program.live_threads(index).front();
    auto draft = report.finding(site.origin, site.heir ? "The program goes on in a child that does not have the threads started before" : "Forks while another thread may be running");
    draft.under(StartMethod::fork, site.heir ? "wrong" : "hangs").confidence(thread.certain ? Confidence::likely : Confidence::possible).launch_at(site.origin);
    label_thread(draft, program, thread);
    for (size_t i = 0; i + 1 < thread.fork.size(); ++i) draft.label(program.site(thread.fork[i]), "calls " + called(program, thread.fork[i]) + "()");
  }
}

}  // namespace forklint::rules
