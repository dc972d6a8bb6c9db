// Global variables that a fork finds as they were made.
#pragma once

#include <set>
#include <string>

#include "analyzer/model/native/native.h"

namespace forklint::rules {

// What those of some global variables hold that nothing can have set when a fork is reached. `site` is an index of forks().sites().
model::native::Known unset_before(const model::native::Native& program, uint32_t site, const std::set<std::string>& keys);

}  // namespace forklint::rules
