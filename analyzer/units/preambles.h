// Most units of a project begin with the same headers, and most of the time of a unit goes into them. Units that are compiled alike are
// put into groups, and for each group a preamble is made of the headers that many of its units ask for, which is parsed once.
// A unit may then see a header that it did not ask for: where that gives an error it is read again without (frontends/cpp/unit.h).
#pragma once

#include <string>
#include <vector>

#include "analyzer/frontends/cpp/protocol.h"
#include "analyzer/source/file.h"
#include "analyzer/units/plan.h"

namespace forklint::units {

struct PreambleGroup {
  frontends::cpp::Command prepare;
  std::vector<uint32_t> units;  // ascending
  std::vector<std::vector<frontends::cpp::Stretch>> covered;  // by position in `units`
};

// `chosen`: which of the units are to be parsed. Each of them is in one group at most; a few do not make one.
std::vector<PreambleGroup> share_preambles(const std::string& root, const std::vector<PlannedUnit>& units, const std::vector<uint32_t>& chosen, const std::vector<source::File>& files);

}  // namespace forklint::units
