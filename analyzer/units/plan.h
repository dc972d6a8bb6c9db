// Which units there are, and how each is compiled.
#pragma once

#include "analyzer/knowledge/knowledge.h"
#include "analyzer/units/analyse.h"
#include "analyzer/units/commands.h"

namespace forklint::units {

struct PlannedUnit {
  uint32_t file = 0;       // the file given
  CompileCommand command;
};

struct Plan {
  std::string root;                     // absolute: the working folder
  std::vector<std::string> real;        // by file given: its absolute path without links; empty for other languages
  std::vector<PlannedUnit> sources;     // in the order of the files
  std::vector<PlannedUnit> headers;     // as units of their own, for those that no source includes
  std::vector<std::string> notes;
};

// `natives`: where the headers of known libraries may be, where flags are guessed; may be null.
Plan plan_units(const std::vector<source::File>& files, const UnitOptions& options, const knowledge::Natives* natives);

// The absolute path without links, or the path as it is where that is not there.
std::string real_path(const std::string& path);

}  // namespace forklint::units
