// Which of the user's files an #include means: a search through the folders of a command, without Clang. Headers of the
// system are not followed: they hold no code of the user.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "analyzer/units/commands.h"
#include "analyzer/units/outline.h"

namespace forklint::units {

// Folders in which a command looks for headers, quoted ones first.
struct SearchPath {
  std::vector<std::string> quoted, all;
  std::vector<std::string> forced;  // -include
  friend auto operator<=>(const SearchPath&, const SearchPath&) = default;
};

SearchPath search_path_of(const CompileCommand& command);

// Finds each header once; remembers where nothing is. Not thread-safe.
class Resolver {
 public:
  // The real path, or empty. `from` is the real path of the file that includes it.
  const std::string& resolve(const Include& include, const std::string& from, const SearchPath& path);

 private:
  const std::string& look(const std::string& path);

  std::unordered_map<std::string, std::string> seen_;  // by path: its real path, empty when it is not there
};

}  // namespace forklint::units
