// Python source -> facts. Understands every version's syntax that tree-sitter-python 0.25 reads; what it cannot read
// becomes a Problem, and the rest of the file is still there. Depends on the text alone; thread-safe; never fails.
// Time and memory are linear in the text: nesting deeper than a fixed limit is cut off, and what takes the parser more
// work than any real program is given up, each with a Problem.
#pragma once

#include <string_view>

#include "analyzer/facts/facts.h"

namespace forklint::frontends::python {

facts::FileFacts parse(std::string_view text);

}  // namespace forklint::frontends::python
