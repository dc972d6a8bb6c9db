// The page of each rule, from rules/<family>/<rule_name>.md, embedded when the tool is built.
#pragma once

#include <string_view>

namespace forklint::rules {

// Markdown; empty when the rule has no page. `name` is the rule's: "launch-at-import".
std::string_view page(std::string_view name);

}  // namespace forklint::rules
