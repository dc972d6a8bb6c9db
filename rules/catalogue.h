// Every rule, from catalogue.def: a missing definition is a link error, nothing is registered at start-up.
#pragma once

#include <span>

#include "analyzer/engine/report.h"
#include "analyzer/engine/rule.h"

namespace forklint::rules {

#define RULE(name) extern const engine::Rule name;
#include "rules/catalogue.def"
#undef RULE

// In the order of their codes.
std::span<const engine::Rule* const> all();

}  // namespace forklint::rules
