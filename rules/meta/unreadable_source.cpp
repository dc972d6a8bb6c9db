// Found by the engine itself, from what the frontend could not understand: analyzer/engine/run.
#include "rules/support.h"

namespace forklint::rules {

extern const engine::Rule unreadable_source = {
    .code = "PSM903", .name = "unreadable-source", .family = "meta",
    .summary = "A file could be read only in part", .severity = Severity::warning};

}  // namespace forklint::rules
