// refused: PSM212: a task takes and returns values; a reference means nothing in another process
#include "forklint/runtime/pool.h"
void grow(std::vector<int>& numbers) { numbers.push_back(1); }
FORKLINT_TASK(grow)
