// What toml++ must not be given: it asserts on control characters, on letters outside of ASCII and on dots, each in
// some places, and though it bounds how deep values are nested, tables made by a key a.b.c… of 100,000 parts end it when they
// are destroyed.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace forklint::knowledge {

struct TomlFault {
  uint32_t line = 1;
  std::string_view message;
};

// The first such place; values may be taken for keys of many parts.
std::optional<TomlFault> toml_fault(std::string_view text);

}  // namespace forklint::knowledge
