// Jupyter notebooks, nbformat 4: the code cells as one Python text, with the way back to the .ipynb.
#pragma once

#include <optional>
#include <string>

#include "analyzer/source/encoding.h"
#include "analyzer/source/file.h"

namespace forklint::source {

// Fills the text, lines, origins and escapes of `file` from `bytes` (valid UTF-8, no NUL): every code cell of a Python
// kernel in order, each closed by a line end. Cells of another language are left out, outputs are never copied. On a
// fault `file` is left with an unspecified text. Thread-safe; linear; no recursion.
std::optional<Fault> read_notebook(const std::string& bytes, File& file);

}  // namespace forklint::source
