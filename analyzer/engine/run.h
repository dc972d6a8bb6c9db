// From files to findings.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "analyzer/engine/config.h"
#include "analyzer/engine/finding.h"
#include "analyzer/engine/rule.h"
#include "analyzer/knowledge/knowledge.h"
#include "analyzer/source/discover.h"

namespace forklint::engine {

struct Analysis {
  Result result;
  std::vector<source::File> files;  // what Place::file indexes
  std::vector<std::string> notes;   // what else a user should know: there is no forklint-clang, so many units had errors
  std::shared_ptr<const void> world;  // what the result was made from. Nothing in it is needed, but freeing it takes a while
};

// Reads, decides which files can matter, parses those in parallel, links, runs the rules, applies suppressions and
// the configuration's filters. Never fails: a file that cannot be read is in result.skipped and, if named by the
// user, a PSM903 finding. `jobs` 0 means one per processor. The result does not depend on `jobs`.
Analysis run(const std::vector<source::Found>& found, const Config& config, const knowledge::Knowledge& knowledge,
             std::span<const Rule* const> rules, unsigned jobs = 0);

// The same for text that is already there (standard input, an editor's buffer, a test).
Analysis run(std::vector<source::File> files, const Config& config, const knowledge::Knowledge& knowledge,
             std::span<const Rule* const> rules, unsigned jobs = 0);

}  // namespace forklint::engine
