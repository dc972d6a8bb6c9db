#include "rules/catalogue.h"

namespace forklint::rules {

std::span<const engine::Rule* const> all() {
  static const engine::Rule* const rules[] = {
#define RULE(name) &name,
#include "rules/catalogue.def"
#undef RULE
  };
  return rules;
}

}  // namespace forklint::rules
