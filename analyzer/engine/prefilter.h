// Which files can matter at all, from their bytes: those that name something that launches, those that use what such
// files define, and those that they import. Every other file is read once and never parsed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "analyzer/knowledge/knowledge.h"

namespace forklint::engine {

// A set of identifiers that is fast to ask about every word of a text.
class WordSet {
 public:
  void add(std::string_view word);
  bool has(std::string_view word) const;
  // Whether any identifier of the text is in the set. One pass.
  bool any_in(std::string_view text) const;
  bool empty() const { return words_.empty(); }

 private:
  std::unordered_set<std::string> words_;
  uint64_t first_[4] = {};   // first bytes that occur
  uint64_t lengths_ = 0;     // lengths that occur, 63 for longer
};

struct ImportName {
  std::string_view module;  // with leading dots
  std::string_view member;  // of `from module import member`; empty otherwise
};

// What import statements name, found by lines, without parsing.
std::vector<ImportName> imported_names(std::string_view text);

}  // namespace forklint::engine
