// The comments of a file that may suppress findings.
#pragma once

#include <string_view>
#include <vector>

#include "analyzer/facts/facts.h"

namespace forklint::frontends::cpp {

std::vector<facts::Comment> suppression_comments(std::string_view text);

}  // namespace forklint::frontends::cpp
