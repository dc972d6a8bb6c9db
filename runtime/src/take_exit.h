// How a child ended, from the kernel. Internal.
#pragma once

#include <optional>

#include "forklint/runtime/error.h"
#include "forklint/runtime/exit_info.h"

namespace forklint::runtime {

// Takes the status of the child behind this descriptor; whoever takes it first has it. Nothing: it runs, or EINTR. What was
// captured of it, and why it ended, is not known here.
Result<std::optional<ExitInfo>> take_exit(int pidfd);

}  // namespace forklint::runtime
