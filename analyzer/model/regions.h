// What a region of a scope (a branch, a loop, a try, a with) says about what runs inside it and after it.
#pragma once

#include "analyzer/model/conditions.h"

namespace forklint::model {

// The condition that the region adds to that of the code around it. Cost: what evaluating its subject costs, and for a
// try the regions up to its last arm.
Condition region_condition(Evaluator& evaluator, FileId file, RegionId region, FrameId frame, Role role, MemberSource members = nullptr);

// Whether the region's last word takes control away: return, raise, break, continue, exit(). It may stand in an inner
// with; an inner branch may not run.
bool ends_by_leaving(Evaluator& evaluator, FileId file, RegionId region, FrameId frame);

}  // namespace forklint::model
