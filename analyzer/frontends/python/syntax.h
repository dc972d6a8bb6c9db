// tree-sitter's parser, kept within bounds: some texts cost it time that grows with the square of their length.
#pragma once

#include <tree_sitter/api.h>

#include <expected>
#include <string_view>

#include "analyzer/frontends/python/arena.h"

namespace forklint::frontends::python {

// The syntax tree of a text, or how far the parser had come when it had taken more work than any real program of that
// size does. The same text always gives the same: work is counted, not timed. The tree lives as long as the memory.
std::expected<const TSTree*, uint32_t> parse_syntax(std::string_view text, const TreeMemory& memory);

}  // namespace forklint::frontends::python
