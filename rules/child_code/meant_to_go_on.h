// Whether a child that comes to its parent's code is meant to, or does no harm there.
#pragma once

#include "analyzer/model/native/native.h"

namespace forklint::rules {

// Whether the last thing that the child calls before it goes on may end it: whether it does is not seen, so nothing is said.
bool may_end_before(const model::native::Native& program, const model::native::ForkSite& site, model::native::EventId out);
// Whether main() ends with what the function does, directly or through callers that end with it, too: then the child ends there, if by
// the longer way.
bool main_ends_with_it(const model::native::Native& program, model::native::FunctionId function, int depth = 0);
// Whether a child that goes on as its parent does is meant to, where the function of the fork says so.
bool is_meant_to_go_on(const model::native::Native& program, const model::native::ForkSite& site);
// Whether a function is handed around and nobody is seen to call it: then nobody knows here what comes behind it. exit(commands[i].run());
bool called_from_a_table(const model::native::Native& program, model::native::FunctionId function);

}  // namespace forklint::rules
