// toml++ as this project uses it. It has checks of its own that end the program, and some of them can be reached by what
// a user writes: here they are thrown, and become an error like any other. What it cannot be given at all is refused
// before: see toml_guard.h.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace forklint::knowledge {
struct TomlCheck {};
}  // namespace forklint::knowledge

#define TOML_EXCEPTIONS 1
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#define TOML_ASSERT(condition) ((condition) ? void() : throw ::forklint::knowledge::TomlCheck())
#include <toml++/toml.h>

#include "analyzer/knowledge/toml_guard.h"

namespace forklint::knowledge {

struct TomlError {
  toml::source_region where;
  std::string message;
};

// Never throws, whatever the text.
inline std::expected<toml::table, TomlError> parse_toml(std::string_view text) {
  if (auto fault = toml_fault(text)) return std::unexpected(TomlError{{{fault->line, 1}, {fault->line, 1}, nullptr}, std::string(fault->message)});
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    return std::unexpected(TomlError{error.source(), std::string(error.description())});
  } catch (const TomlCheck&) {
    return std::unexpected(TomlError{{{1, 1}, {1, 1}, nullptr}, "this is not TOML"});
  }
}

}  // namespace forklint::knowledge
