// Why a file or folder is left out, in the words that a user reads. Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace forklint::source {

// "5,000 bytes, over the limit of 4,000 bytes".
std::string over_limit(uint64_t size, uint64_t limit);

// What a file of this st_mode is, if it is not a regular one: "is a folder", "is a pipe" … Empty if it is.
std::string_view irregular(uint32_t mode);

// The system's words for an errno: "Permission denied".
std::string system_error(int error);

}  // namespace forklint::source
