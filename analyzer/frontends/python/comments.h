// Comments that may suppress findings, and the statements they belong to.
#pragma once

#include <vector>

#include "analyzer/frontends/python/tree.h"

namespace forklint::frontends::python {

// Only comments that contain `noqa` or `forklint` are looked up: the text is searched, not the tree.
std::vector<facts::Comment> suppression_comments(const Tree& tree);

}  // namespace forklint::frontends::python
