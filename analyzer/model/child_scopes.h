// Code that only the children of a launch run: what they are started with, and what nothing else in the program calls.
#pragma once

#include <unordered_set>

#include "analyzer/model/launches.h"

namespace forklint::model {

// Of functions, as Walker::key has them. Looks at every call of theirs in the program; for where a finding depends on it.
std::unordered_set<uint64_t> child_scopes(Evaluator& evaluator, const std::vector<Worker>& workers);

// Whether a place stands in one of them.
bool stands_in(const Program& program, const std::unordered_set<uint64_t>& scopes, Site site);

}  // namespace forklint::model
