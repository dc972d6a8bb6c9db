// Which units Clang must see at all. Nothing in the tree that starts processes or threads: none. Else those with code that
// does, what that code may call, what may call it, and what waits, opens or locks for the whole program.
#pragma once

#include <string>
#include <vector>

#include "analyzer/knowledge/knowledge.h"
#include "analyzer/units/plan.h"

namespace forklint::units {

struct Relevance {
  std::vector<char> sources;  // by Plan::sources
  std::vector<char> headers;  // by Plan::headers; to be seen, by themselves or through a source that includes them
};

// Reads each header that the files include and that is not among them once. Does not depend on `jobs`.
Relevance relevance_of(const std::vector<source::File>& files, const Plan& plan, const knowledge::Knowledge& knowledge, unsigned jobs);

}  // namespace forklint::units
