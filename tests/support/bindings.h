// What a compiler is told to build an extension module.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace forklint::tests {

struct Bindings {
  std::vector<std::string> flags;    // "-isystem", FOLDER, ...
  std::vector<std::string> sources;  // that are compiled besides: nanobind has its own library as source
};

// Asks the interpreter for its headers and for those of pybind11 and nanobind, where `modules` names them. nullopt: something of
// that is not there.
std::optional<Bindings> bindings(const std::string& python, const std::vector<std::string>& modules);

// What a variable of the environment names, or a folder below the user's home.
std::filesystem::path folder_of(const char* variable, const char* below_home);

// Packages that `./dev test` keeps for a version of Python, "3.11", outside the tree; "" if there are none.
std::string packages_of(const std::string& version);

}  // namespace forklint::tests
