// The compiled rows of rules/knowledge; the definition is written by the build (compile/main.cpp).
#pragma once

#include <cstddef>

namespace forklint::knowledge {

extern const unsigned char built_in_bytes[];
extern const size_t built_in_size;

}  // namespace forklint::knowledge
