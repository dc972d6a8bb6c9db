// What IPython understands and Python does not: `%magic`, `!command`, `name?`, and cells that begin with `%%magic`.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace forklint::source {

// The cell begins with a `%%magic` whose body is not Python that runs here (all but time, timeit, capture, prun).
bool is_foreign_cell(std::string_view cell);

// Overwrites the magics of the cell that begins at `begin` by the statement `0` and spaces, byte for byte, so that no
// offset changes; of `name = !command` and `name = %magic` only the value. Lines inside brackets and strings are left alone.
void blank_magics(std::string& text, size_t begin);

}  // namespace forklint::source
