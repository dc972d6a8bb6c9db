// refused: PSM212: this type cannot be sent to another process
#include "forklint/runtime/pool.h"
size_t length(std::string_view text) { return text.size(); }
FORKLINT_TASK(length)
