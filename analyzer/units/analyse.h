// The C and C++ files of a program to facts: each unit goes through forklint-clang, in parallel, in processes of its own.
#pragma once

#include <string>
#include <vector>

#include "analyzer/facts/facts.h"
#include "analyzer/knowledge/knowledge.h"
#include "analyzer/source/discover.h"
#include "analyzer/source/file.h"
#include "analyzer/units/options.h"

namespace forklint::units {

struct Native {
  std::string path;       // as in the files given, or of a header beside them
  bool given = false;     // it is one of the files given
  uint32_t file = 0;      // which, when it is
  facts::FileFacts facts;
};

struct Natives {
  std::vector<Native> files;            // in the order of the files given, then by path; each once
  std::vector<source::Skip> skipped;    // units that gave nothing, and why
  std::vector<std::string> notes;       // what else a user should know: no forklint-clang, units with errors
};

// Never fails. The result does not depend on `jobs`. Files of other languages are passed over. A header counts once: the
// unit that says most of it (of equals the first) speaks for it.
// With knowledge, only what can matter is seen at all: see relevance.h.
Natives analyse(const std::vector<source::File>& files, const UnitOptions& options, const knowledge::Knowledge* knowledge);

bool is_native(source::Kind kind);

}  // namespace forklint::units
