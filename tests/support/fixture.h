// Fixtures as the tests read them: fixtures/README.md is the language.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace forklint::tests {

enum class Expectation { expect, missed, spurious };

struct Expected {
  Expectation kind = Expectation::expect;
  std::filesystem::path file;
  unsigned line = 0;
  std::string rule;
  std::vector<std::string> methods;  // sorted; empty: whatever the method
  std::string reason;
};

struct Fixture {
  std::filesystem::path path;                 // the file, or the folder of a program of several files
  std::vector<std::filesystem::path> files;   // the Python files, or the one in C or C++
  std::vector<std::pair<std::string, std::string>> header;  // of the file, or of main.py
  std::vector<Expected> expected;
  bool bad() const { return path.filename().string().starts_with("bad_"); }
  bool native() const { return path.extension() == ".c" || path.extension() == ".cpp"; }
  std::string name() const { return path.parent_path().filename().string() + "/" + path.filename().string(); }
  std::vector<std::string> header_values(std::string_view key) const;
};

// Every fixture below a folder, in order of name. `filter`: only those whose name contains it.
std::vector<Fixture> fixtures(const std::filesystem::path& root, const std::string& filter = {});

}  // namespace forklint::tests
