// One new process with a pidfd from birth. Internal.
#pragma once

#include "forklint/runtime/fd.h"
#include "launch_child.h"

namespace forklint::runtime {

struct Born {
  int pid = 0;
  Fd pidfd;
};
// All signals are blocked across it. With `borrow` the child runs in this process's memory and this thread waits until it has
// executed or ended; else it has a copy and both go on.
Result<Born> clone_process(ChildPlan& plan, int namespaces, bool borrow);

}  // namespace forklint::runtime
