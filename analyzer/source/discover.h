// From the paths a user names to the files to analyse.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/source/file.h"

namespace forklint::source {

struct DiscoverOptions {
  bool respect_gitignore = true;
  bool force_exclude = false;                // excludes also apply to paths named by the user
  std::vector<std::string> exclude;          // replaces the default excludes when not empty
  std::vector<std::string> extend_exclude;
  uint64_t max_file_size = 4u << 20;         // bytes; larger files are skipped, and said so
};

struct Found {
  std::string path;
  Kind kind = Kind::python;
};

struct Skip {
  std::string path;
  std::string reason;
};

struct Discovered {
  std::vector<Found> files;    // sorted, each once, however often it was named
  std::vector<Skip> skipped;   // what a user would expect to be analysed and is not
  std::vector<Skip> errors;    // named paths that do not exist or cannot be read
};

// Walks folders without following links to folders (a loop ends there). Python and notebooks by suffix, scripts
// without suffix by their shebang line. Deterministic.
Discovered discover(const std::vector<std::string>& paths, const DiscoverOptions& options);

}  // namespace forklint::source
