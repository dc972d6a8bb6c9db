// What live_pools.h asks. Internal.
#pragma once

#include "forklint/runtime/live_pools.h"

namespace forklint::runtime {

class Core;

// A name for a pool that has none.
std::string enlist(Core& core, const std::string& name);
// Not with the core's lock. It may be called again.
void delist(Core& core);
// From under any lock.
void note_failure(PoolFailure failure);

}  // namespace forklint::runtime
