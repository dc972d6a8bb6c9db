// toml++ bounds how deep values are nested, but not keys: a.b.c… of 100,000 parts ends it when the tables are destroyed.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace forklint::knowledge {

inline constexpr std::string_view deep_key_message = "a key of more than 100 parts";

// The first line with a dotted key of more than 100 parts; values may look like keys.
std::optional<uint32_t> deep_key(std::string_view text);

}  // namespace forklint::knowledge
