// refused: PSM212: a result must own its bytes
#include "forklint/runtime/task.h"
std::span<const std::byte> task(std::span<const std::byte> bytes) { return bytes; }
FORKLINT_TASK(task)
