// Exceptions that leave a worker: which are caught on the way, and which cannot be made again on the other side.
#pragma once

#include <optional>

#include "analyzer/model/timeline.h"

namespace forklint::model {

// Whether an exception of a class, raised at a step, is caught by a `try` around it, here or in a caller of the trace.
bool caught(Evaluator& evaluator, const Trace& trace, uint32_t step, ValueId class_value);

// An exception crosses as its class and its `args`: the class is called with just these. Says why that call fails; null
// when it works or is not known.
std::optional<std::string> cannot_be_made_again(Evaluator& evaluator, ValueId instance);

}  // namespace forklint::model
