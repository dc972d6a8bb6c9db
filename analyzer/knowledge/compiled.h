// The compiled form of rows: what the build makes of rules/knowledge, so that the tool parses no TOML at start-up.
// It lives only inside the binary that was built with it, hence carries no version.
#pragma once

#include <string>
#include <string_view>

#include "analyzer/knowledge/api.h"

namespace forklint::knowledge {

std::string compile(const Rows& rows);

// `bytes` must come from compile() of the same build. Some 0.3 µs a row.
Rows decompile(std::string_view bytes);

}  // namespace forklint::knowledge
