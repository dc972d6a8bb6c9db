// The headers that others include.
#pragma once

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "analyzer/units/includes.h"

namespace forklint::units {

struct ReachedHeaders {
  std::set<std::string> own;       // the project's own, in any arm of conditional code: real paths, with those that were given
  std::set<std::string> standard;  // of C++'s own library, reached in any case, by name
};

// C++'s own headers have no suffix.
bool is_standard(std::string_view name);

// For sources that are compiled alike. Reads each header once.
class IncludeGraph {
 public:
  IncludeGraph(Resolver& resolver, SearchPath path) : resolver_(resolver), path_(std::move(path)) {}

  // `headers`: real paths.
  ReachedHeaders from(const std::vector<std::string>& headers);

 private:
  struct Included {
    std::string own;       // a real path, or
    std::string standard;  // a name
    bool always = false;
  };
  const std::vector<Included>& includes_of(const std::string& file);

  Resolver& resolver_;
  SearchPath path_;
  std::unordered_map<std::string, std::vector<Included>> headers_;
};

}  // namespace forklint::units
