// tree-sitter's grammar of Python with its table unpacked. As it comes, all but the largest states are lists, which the parser
// searches for every token: a twelfth of its time. Unpacking takes a millisecond, once, and 1.5 MB.
#pragma once

#include <tree_sitter/api.h>

extern "C" const TSLanguage* tree_sitter_python(void);

namespace forklint::frontends::python {

const TSLanguage* grammar();

}  // namespace forklint::frontends::python
