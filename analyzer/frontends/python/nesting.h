// A look at the brackets of a text before it is parsed: tree-sitter reads any depth, but takes hundreds of bytes for
// every open bracket.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace forklint::frontends::python {

// Where the first bracket stands that has `deepest` open ones around it. Strings and comments are skipped, strings
// inside of f-strings taken for the end of them, which can only be wrong by the few brackets between.
std::optional<uint32_t> bracket_beyond(std::string_view text, uint32_t deepest);

}  // namespace forklint::frontends::python
