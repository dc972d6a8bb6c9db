// Whether facts that come from elsewhere (a text, another process, a cache) hold together: every id points at something,
// regions and scopes nest. Nothing that reads facts checks again. Linear.
#pragma once

#include <string>

#include "analyzer/facts/facts.h"

namespace forklint::facts {

// What is wrong; empty when nothing is.
std::string fault_in(const FileFacts& facts);

}  // namespace forklint::facts
