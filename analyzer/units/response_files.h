// Response files of a compile command: `@flags.rsp` stands for the words in that file. They are read, and nothing in them is run.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

namespace forklint::units {

// Reads them once for all commands of a database.
class ResponseFiles {
 public:
  // Only files below `root` are read, symbolic links followed first: what a database says must not make a linter read /etc.
  explicit ResponseFiles(const std::string& root);

  // `words` with each readable response file in the place of its word; the others are left out. Paths are relative to `folder`.
  // Bounded in depth and in the number of words.
  std::vector<std::string> expanded(std::vector<std::string> words, const std::string& folder);

 private:
  const std::vector<std::string>* read(const std::string& path);

  std::string root_;  // real, ends in a slash
  std::unordered_map<std::string, std::vector<std::string>> known_;  // by path; empty: not to be read
};

}  // namespace forklint::units
