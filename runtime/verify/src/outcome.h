// From what was seen to a word. Internal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "events.h"

namespace forklint::verify {

// Types of the exceptions that end a traceback in text, without module, in order, each once.
std::vector<std::string> printed_exceptions(std::string_view text);
// All that ended something or were printed as tracebacks; what explains most comes first: an exception of the main process that is no
// consequence of a child's end, then that of a child.
std::vector<std::string> all_exceptions(const Record& record, std::string_view errors);
// Children that die at their start and are replaced without end: what is repeated, or "".
std::string storm(const Record& record);
// What a thread with this stack (of faulthandler) waits for, if only a thread can do it of which `errors` tells that it has ended:
// "a result of the pool, ..."; or "".
std::string missing_helper(std::string_view stack, std::string_view errors);
// The word for a program that ended by itself.
void decide(Observation& seen, const std::optional<std::string>& prints);

}  // namespace forklint::verify
