// Facts as bytes and back, for another process of this machine: vectors as they lie in memory. What comes back was checked
// (check.h), whatever the bytes are. A text of the facts takes ten times as long.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "analyzer/facts/facts.h"

namespace forklint::facts {

std::string to_bytes(const FileFacts& facts);
std::expected<FileFacts, std::string> from_bytes(std::string_view bytes);

}  // namespace forklint::facts
