// Whether what a task changes is looked at afterwards by somebody else, who then has to have the change.
#pragma once

#include <optional>
#include <set>

#include "analyzer/model/native/changes.h"
#include "analyzer/model/native/native.h"

namespace forklint::model::native {

// Functions that something hands over to be run in children, such as what a pool calls when a worker ends, and what they call.
std::set<FunctionId> run_in_children(const Native& native);

// A place that reads it, in the same program and outside of what `task` and the children run, and where it stands in the function of `since` behind that event or in a loop around it.
// What a parameter refers to is looked for in the callers, too, and only where one gives what is known to be its own; a field only where
// the object is not one that all callers get from somewhere unseen.
std::optional<Place> read_by_others(const Native& native, const Changes& task, const std::set<FunctionId>& children, const Origin& what, Place since);

}  // namespace forklint::model::native
