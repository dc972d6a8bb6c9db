// refused: PSM212: a pointer means nothing in another process
#include "forklint/runtime/pool.h"
int length(const char* text) { return int(std::string_view(text).size()); }
FORKLINT_TASK(length)
