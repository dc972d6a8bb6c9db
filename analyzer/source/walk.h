// Walking one folder for what can be analysed. Internal to discover.cpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/source/discover.h"
#include "analyzer/source/ignore.h"

namespace forklint::source {

// What is never looked at, whatever the ignore files say.
struct Excludes {
  std::vector<IgnorePattern> patterns;
  std::string root;  // real path without a slash at its end
};

bool excluded(const Excludes& excludes, std::string_view real, bool is_folder);

// A file that was found: its name as shown, and its real path, by which two names of one file are known as such.
struct Candidate {
  std::string shown;
  std::string real;
  Kind kind = Kind::python;
  bool is_link = false;
};

struct Walk {
  const DiscoverOptions& options;
  const Excludes& excludes;
  std::vector<Candidate> candidates;
  std::vector<Skip> skipped;
  unsigned shebangs_left = 1024;  // first lines still to be read; a data folder full of nameless files is not worth more
};

// Adds what is below the folder `real` (a real path), shown as `shown` ("" for the working folder). An explicit stack,
// no recursion; folders that vanish or cannot be read are skipped and said so.
void walk_folder(Walk& walk, std::string real, std::string shown);

// Why a file of this size is left out; empty if it is not.
std::string too_large(uint64_t size, const DiscoverOptions& options);

}  // namespace forklint::source
