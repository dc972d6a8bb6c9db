// The version of the tool; the same as in CMakeLists.txt, which a test compares.
#pragma once

#include <string_view>

namespace forklint {

inline constexpr std::string_view version = "0.1.0";

}  // namespace forklint
