// Units to workers, in parallel: what is in the cache is not asked again, and headers that many units begin with are parsed once.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "analyzer/frontends/cpp/protocol.h"
#include "analyzer/source/file.h"
#include "analyzer/units/options.h"
#include "analyzer/units/plan.h"

namespace forklint::units {

struct Answers {
  std::vector<std::expected<frontends::cpp::Unit, std::string>> units;  // as asked; or why there is nothing, for a user
  std::vector<frontends::cpp::Unit> preambles;                          // of headers that the units' facts are without
};

// Does not depend on `jobs`, nor on how fast which unit is.
Answers ask_all(const std::string& program, const std::string& root, const std::vector<PlannedUnit>& units, const std::vector<source::File>& files, const UnitOptions& options);

}  // namespace forklint::units
