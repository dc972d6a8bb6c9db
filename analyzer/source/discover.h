// From the paths a user names to the files to analyse.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/source/file.h"

namespace forklint::source {

struct DiscoverOptions {
  bool respect_gitignore = true;
  bool force_exclude = false;                // excludes also apply to paths named by the user
  std::vector<std::string> exclude;          // replaces the default excludes when not empty; patterns as in .gitignore,
  std::vector<std::string> extend_exclude;   // those with a slash relative to exclude_root
  std::string exclude_root;                  // the folder of the configuration; empty: the working folder
  uint64_t max_file_size = 4u << 20;         // bytes; larger files are skipped, and said so; 0: no limit
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

// Folders and files that are never looked at unless named: version control, virtual environments, caches, builds.
std::vector<std::string> default_excludes();

// The kind that a name tells by its suffix; none for other suffixes.
std::optional<Kind> kind_of(std::string_view path);

// Walks folders without following links to folders (a loop ends there) or out of the folder named. Python and notebooks
// by suffix, scripts without suffix by their shebang line. A path that the user names is taken whatever its suffix and whatever ignores
// it, unless excludes are forced. Nothing is read but ignore files and the first line of files without suffix.
// Deterministic; not affected by git's index or by the user's own git configuration.
Discovered discover(const std::vector<std::string>& paths, const DiscoverOptions& options);

}  // namespace forklint::source
