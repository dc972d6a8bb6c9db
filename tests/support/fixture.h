// Fixtures as the tests read them: fixtures/README.md is the language.
#pragma once

#include <array>
#include <compare>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace forklint::tests {

struct Version {
  int major = 3;
  int minor = 0;
  int micro = 0;
  friend auto operator<=>(const Version&, const Version&) = default;
};
std::string text(Version version);                         // "3.13.18"
std::optional<Version> parse_version(std::string_view text);  // "3.13", "3.13.18"

// Whether a guard such as `python>=3.11 and python<3.13.8` holds. A number of two parts stands for all its micro versions.
// nullopt: it is no guard.
std::optional<bool> holds(std::string_view guard, Version version);

// What a native fixture needs that uses the runtime of this project.
inline constexpr std::string_view runtime_library = "forklint-runtime";

inline constexpr std::array<std::string_view, 3> start_methods = {"fork", "spawn", "forkserver"};

// `# run METHOD: OUTCOME if GUARD`; without a method in a program that picks its own.
struct RunLine {
  std::string method;
  std::string outcome;
  std::string guard;
};

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
  std::vector<std::filesystem::path> files;   // the Python files and what stands beside them in C and C++, or the one file
  std::vector<std::pair<std::string, std::string>> header;  // of the file, or of main.py
  std::vector<Expected> expected;
  bool native() const { return path.extension() == ".c" || path.extension() == ".cpp"; }
  // `bad_x.fixed.py` is bad_x.py repaired, and good.
  bool bad() const { return path.filename().string().starts_with("bad_") && !path.stem().string().ends_with(".fixed"); }
  // The folder of a Python program with extension modules.
  bool has_extensions() const;
  std::string name() const { return path.parent_path().filename().string() + "/" + path.filename().string(); }
  std::vector<std::string> header_values(std::string_view key) const;
  std::string value(std::string_view key) const;  // the last; "" if there is none
  std::vector<RunLine> run_lines() const;
  bool picks_its_method() const;  // has bare `run` lines, and so one run instead of one for each method
  std::vector<std::string> needs() const;
  std::vector<std::string> modules() const;  // among them: those of Python; in C and C++ programs and libraries
  std::vector<std::string> flags() const;  // of the compiler
  // Whether it can run on this version of Python, by its `needs` alone; modules and platforms are asked elsewhere.
  bool allows(Version version) const;
  // What the header promises: the last `run` line whose guard holds wins. "": nothing.
  std::string promised(std::string_view method, Version version) const;
};

// Every fixture below a folder, in order of name. `filter`: only those whose name contains it.
std::vector<Fixture> fixtures(const std::filesystem::path& root, const std::string& filter = {});

}  // namespace forklint::tests
