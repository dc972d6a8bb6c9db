// Found by the engine itself, which alone knows what a comment kept away: analyzer/engine/suppressions.
#include "rules/support.h"

namespace forklint::rules {

extern const engine::Rule unused_suppression = {
    .code = "PSM901", .name = "unused-suppression", .family = "meta",
    .summary = "A comment suppresses a finding that is not there", .severity = Severity::warning};

}  // namespace forklint::rules
