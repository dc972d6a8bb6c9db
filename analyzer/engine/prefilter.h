// Which files can matter at all, from their bytes: those that import a module and name what launches in it, those that
// use what such files define, and those that they import. Every other file is read once and never parsed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analyzer/knowledge/knowledge.h"

namespace forklint::engine {

// A set of identifiers that is fast to ask about every word of a text. Words are numbered as they are added.
class WordSet {
 public:
  static constexpr uint32_t absent = UINT32_MAX;

  WordSet() = default;
  WordSet(const WordSet&) = delete;

  uint32_t add(std::string_view word);
  uint32_t find(std::string_view word) const;
  // Calls found(number, begin) for each identifier of the text that is in the set, in order. One pass.
  template <class Found>
  void scan(std::string_view text, const Found& found) const;
  // Those that are in the text, each once.
  std::vector<uint32_t> all_in(std::string_view text) const;
  bool empty() const { return words_.empty(); }
  const std::string& word(uint32_t number) const { return *by_number_[number]; }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  std::unordered_map<std::string, uint32_t, Hash, std::equal_to<>> words_;
  std::vector<const std::string*> by_number_;
  static uint32_t shape_of(std::string_view word);
  static constexpr uint32_t shapes = 1 << 14;
  uint64_t shapes_[shapes / 64] = {};  // those that occur: few other words share them, so that few are looked up
};

struct ImportName {
  std::string_view module;  // with leading dots
  std::string_view member;  // of `from module import member`; empty for the module itself
  bool whole = false;       // `import module`: all of it may be used
  std::string_view bound;   // the name that it gets here
};

// What the bytes of a file say.
struct Glance {
  std::vector<ImportName> imports;
  std::vector<uint32_t> words;    // anchor words in it
  std::vector<uint32_t> modules;  // anchor modules that it imports
  std::vector<std::pair<std::string_view, uint32_t>> held;  // names that hold them, for those who import this file
  bool addressed = false;         // holds a comment that speaks to forklint
  bool packages = false;          // names what makes executables of programs
};

// What launches: words, and the modules with which they mean that.
class Anchors {
 public:
  // `pairs` as Knowledge::anchors gives them.
  explicit Anchors(const std::vector<std::string>& pairs);
  // One pass over the words of the text, one over its lines. Views into the text.
  Glance look(std::string_view text) const;
  // Those of `words` that go with one of `modules`, both as a Glance has them.
  std::vector<std::string> launching(const std::vector<uint32_t>& words, const std::vector<uint32_t>& modules) const;

 private:
  WordSet words_, modules_;
  std::vector<std::vector<uint32_t>> goes_with_;  // by word: modules
};

// What import statements name, found by lines, without parsing.
std::vector<ImportName> imported_names(std::string_view text);

}  // namespace forklint::engine
