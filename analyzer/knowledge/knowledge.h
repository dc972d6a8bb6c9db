// The knowledge base: every API row, found by qualified name.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analyzer/knowledge/api.h"

namespace forklint::knowledge {

// The rows of C and C++. Reading is safe from any number of threads.
class Natives {
 public:
  explicit Natives(std::vector<NativeApi> rows);
  Natives(const Natives&) = delete;

  // The row of a name without parameters: "std::thread", "fork". Else the one with the longest beginning, as "std::*"; null when there is none. O(length).
  const NativeApi* find(std::string_view name) const;
  const std::vector<NativeApi>& rows() const { return rows_; }

 private:
  std::vector<NativeApi> rows_;
  std::unordered_map<std::string_view, const NativeApi*> by_name_, by_beginning_;
  size_t longest_beginning_ = 0;
};

// A value: cheap to copy, copies never see each other's additions. Reading is safe from any number of threads.
class Knowledge {
 public:
  // Knows nothing.
  Knowledge();

  // The rows that come with forklint, embedded in the binary. Some 20 µs: a row is decoded when it is first found.
  static Knowledge built_in();

  // Adds the rows of a TOML text; `origin` names it in errors ("mine.toml:12:3: unknown key 'lunch', did you mean 'launch'?").
  // Rows replace earlier rows of the same name. On error nothing is added.
  std::expected<void, std::string> add(std::string_view toml, std::string_view origin);

  // The row of a qualified name such as "multiprocessing.Pool"; null when there is none. Any alias in `names` finds
  // the row. A version-bound row is returned whatever the version; the model asks `since` and `until`. O(1).
  // The row lives until add(), or as long as a copy made before it.
  const Api* find(std::string_view qualified_name) const;

  // These and, by the names given, what they do not know: rows that were derived from source. They launch nothing.
  Knowledge with(std::unordered_map<std::string, Api> derived) const;

  // Another spelling of the canonical module path: rows under [[alias]] say that "torch.multiprocessing.Pool" is "multiprocessing.Pool".
  // Returns the longest-prefix replacement, or the name itself.
  std::string canonical(std::string_view qualified_name) const;

  // Whether a module (or one of its members) appears in some row: such modules are judged by their rows, not by source.
  bool knows_module(std::string_view module) const;

  // "module.word" for everything that launches or chooses a start method: a file that imports the module (its first
  // component) and says the word may do so. Sorted, each once.
  const std::vector<std::string>& anchors() const;

  // What is known of C and C++. Decoded at the first call, some 0.5 ms; lives as long as a copy of this.
  const Natives& natives() const;

  std::vector<Api> rows() const;  // all of them, decoded anew: for tools and tests
  const std::vector<Alias>& aliases() const;

 private:
  struct State;  // shared by copies
  std::shared_ptr<const State> state_;
  std::shared_ptr<const std::unordered_map<std::string, Api>> derived_;  // null: none
};

}  // namespace forklint::knowledge
