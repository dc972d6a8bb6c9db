// Told by the command line before anything is analysed: analyzer/engine/load_config.
#include "rules/support.h"

namespace forklint::rules {

extern const engine::Rule invalid_configuration = {
    .code = "PSM902", .name = "invalid-configuration", .family = "meta",
    .summary = "The configuration cannot be understood", .severity = Severity::error};

}  // namespace forklint::rules
