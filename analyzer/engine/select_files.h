// Parses the Python files that can matter. See prefilter.h for what that is.
#pragma once

#include <vector>

#include "analyzer/facts/facts.h"
#include "analyzer/knowledge/knowledge.h"
#include "analyzer/source/file.h"

namespace forklint::engine {

struct Parsed {
  uint32_t file = 0;    // index into the files given
  std::vector<uint8_t> launching;  // by scope, as Reach says it; empty: only imported by files that may launch
  facts::FileFacts facts;
};

struct Selected {
  std::vector<Parsed> parsed;       // in the order of the files
  std::vector<uint32_t> packaging;  // files that may make executables of programs, parsed or not: see source/packaging.h
};

// Does not depend on the number of threads.
Selected parse_what_matters(const std::vector<source::File>& files, const knowledge::Knowledge& knowledge, unsigned jobs);

}  // namespace forklint::engine
