// The facts of a few lines of C or C++, made by forklint-clang, in the form that the frontend's README uses:
//
//   function main
//     bind "pid" (call (read "fork"))
//     then_arm {
//       call (read "_exit") (number "0")
//     }
//
// A line for each event that nothing uses; places are left out, and so are declared types unless asked for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/facts/facts.h"

namespace forklint::tests {

struct Source {
  std::string name = "a.c";
  std::string text;
  std::vector<std::string> flags;
};

// The facts of the file; those of headers in the same folder come behind. `text` may hold further files after lines
// "// file NAME".
std::vector<facts::FileFacts> facts_of(const Source& source);

// The body of a scope, by the name of its function, class or lambda; of the module for "".
std::string tree(const facts::FileFacts& facts, std::string_view scope, bool with_types = false);

std::string tree_of_c(std::string_view text, std::string_view scope);
std::string tree_of_cpp(std::string_view text, std::string_view scope);

}  // namespace forklint::tests
