// The part of lock-held-at-fork for C and C++: a lock that the forking thread holds, or that code of another thread takes, and
// that the child takes.
#include "rules/inherited_state/native.h"
#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

void label_taken(engine::Draft& draft, const Native& program, const LockUse& taken) {
  label_way(draft, program, taken.way, "the child takes " + std::string(last_name(taken.lock.name)) + " here, and nobody will release it");
}

}  // namespace

void lock_held_at_fork_native(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  for (uint32_t index = 0; index < program.forks().sites().size(); ++index) {
    const ForkSite& site = program.forks().sites()[index];
    if (site.heir) continue;
    std::vector<LockUse> taken = program.child_locks(site);
    if (taken.empty()) continue;
    bool told = false;
    for (const HeldLock& held : program.held_locks(index))
      for (const LockUse& use : taken)
        if (!told && held.lock.lock.key == use.lock.key) {
          told = true;
          auto draft = report.finding(site.origin, "Forks while it holds a lock that the child takes");
          draft.under(StartMethod::fork, "hangs").confidence(Confidence::likely).launch_at(site.origin);
          draft.label(program.site(held.lock.way.front()), "the lock is taken here and held at the fork");
          for (size_t i = 0; i + 1 < held.fork.size(); ++i) draft.label(program.site(held.fork[i]), "calls " + called(program, held.fork[i]) + "()");
          label_taken(draft, program, use);
        }
    Threading threads = threading(program, index);
    if (told || !threads.possible) continue;
    for (const LockUse& use : taken)
      for (const LockUse& other : program.thread_locks())
        if (!told && other.lock.key == use.lock.key && program.share_program(other.way.back().function, site.function) && !program.protected_at_fork(use.lock)) {
          told = true;
          auto draft = report.finding(site.origin, "Forks while another thread may hold a lock that the child takes");
          draft.under(StartMethod::fork, "hangs").confidence(threads.confidence).launch_at(site.origin);
          if (threads.live) label_thread(draft, program, *threads.live);
          draft.label(program.site(other.way.back()), "the thread takes the lock here");
          label_taken(draft, program, use);
        }
  }
}

}  // namespace forklint::rules
