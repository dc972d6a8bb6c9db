// What the user asked for, resolved: command line over forklint.toml or [tool.forklint] over defaults. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/engine/finding.h"
#include "analyzer/units/options.h"

namespace forklint::engine {

struct PythonVersion {
  int major = 3;
  int minor = 0;
  friend auto operator<=>(PythonVersion, PythonVersion) = default;
};

inline constexpr PythonVersion oldest_python{3, 6};
inline constexpr PythonVersion newest_python{3, 15};

using knowledge::Libc;

enum class Platform : uint8_t { linux, macos, windows };

struct Platforms {
  bool linux = true;
  bool macos = true;
  bool windows = true;
};

struct Config {
  // Rules: code, prefix or name; "ALL". An empty select is every rule that is on by default.
  std::vector<std::string> select;
  std::vector<std::string> extend_select;
  std::vector<std::string> ignore;
  std::vector<std::pair<std::string, std::vector<std::string>>> per_file_ignores;  // glob -> selectors
  std::string root;  // absolute folder that those globs start from; empty: the working directory

  Severity min_severity = Severity::info;
  Confidence min_confidence = Confidence::possible;
  StartMethods start_methods;  // empty: all; else only what bites under one of these
  bool python_given = false;   // false: nothing said, every supported version is in scope
  PythonVersion python_from = oldest_python;
  PythonVersion python_to = newest_python;
  Platforms platforms;
  bool platforms_given = false;  // false: nothing said, every platform is in scope
  Platforms declared{.linux = false, .macos = false, .windows = false};  // those on which the project says that it runs
  Libc libc = Libc::glibc;  // of C and C++ programs
  units::UnitOptions units;            // how C and C++ files are compiled, and what one may cost
  std::vector<std::string> knowledge;  // TOML files of the user's own API rows

  // What the default is, where somebody else decides it (a run for verification); empty: what follows from the above.
  StartMethods assumed_default;

  // The start methods that a program which chooses none may meet: `assumed_default`, or Linux fork up to 3.13 and
  // forkserver from 3.14, macOS and Windows spawn (macOS fork before 3.8).
  StartMethods default_methods() const;
};

}  // namespace forklint::engine
