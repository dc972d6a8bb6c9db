// New processes with a pidfd from birth. Internal.
#pragma once

#include "forklint/runtime/fd.h"
#include "launch_child.h"

namespace forklint::runtime {

struct Born {
  int pid = 0;
  Fd pidfd;
};
// One that becomes a program. All signals are blocked across it. With `borrow` the child runs in this process's memory and this
// thread waits until it has executed or ended; else it has a copy and both go on. `flags`: CLONE_NEW…, CLONE_PARENT.
Result<Born> clone_process(ChildPlan& plan, int flags, bool borrow);

// A copy of this process, which must have one thread, as a child of this one's parent. Returns in both: pid is 0 in the copy, where
// all signals are still blocked. `flags`: CLONE_NEW….
Result<Born> copy_process_as_sibling(int flags = 0);

}  // namespace forklint::runtime
