// A folder of files, and what the real forklint-clang makes of it.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "analyzer/units/analyse.h"
#include "analyzer/units/relevance.h"

namespace forklint::test {

using units::Natives;
using units::UnitOptions;
namespace fs = std::filesystem;

// A folder of files, of which some are given.
struct Tree {
  fs::path path;
  std::vector<source::File> files;

  Tree() {
    std::string name = (fs::temp_directory_path() / "forklint-analyse-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()));
    path = fs::canonical(name);
    ::setenv("FORKLINT_CLANG", FORKLINT_CLANG_BINARY, 1);
  }
  ~Tree() { fs::remove_all(path); }

  Tree& write(const std::string& name, const std::string& text, bool given = true) {
    fs::create_directories((path / name).parent_path());
    std::ofstream(path / name) << text;
    if (!given) return *this;
    auto file = source::read((path / name).string(), *source::kind_of(name), 0);
    REQUIRE(file);
    files.push_back(std::move(*file));
    return *this;
  }

  Natives analyse(const UnitOptions& options = {}) const { return units::analyse(files, options, nullptr); }

  // The files seen, in short: "a.c b.h".
  std::string seen(const Natives& natives) const {
    std::string result;
    for (const units::Native& it : natives.files) result += (result.empty() ? "" : " ") + fs::path(it.path).filename().string();
    return result;
  }

  // The units that matter, in short.
  std::string relevant() const {
    const units::Plan plan = units::plan_units(files, {}, nullptr);
    const units::Relevance relevance = units::relevance_of(files, plan, knowledge::Knowledge::built_in(), 1);
    std::string result;
    auto add = [&](const std::vector<units::PlannedUnit>& list, const std::vector<char>& wanted) {
      for (size_t i = 0; i < list.size(); ++i)
        if (wanted[i]) result += (result.empty() ? "" : " ") + fs::path(files[list[i].file].path).filename().string();
    };
    add(plan.sources, relevance.sources);
    add(plan.headers, relevance.headers);
    return result;
  }
};

inline bool has_name(const Natives& natives, std::string_view name) {
  for (const units::Native& it : natives.files)
    for (const std::string& known : it.facts.names)
      if (known == name) return true;
  return false;
}

}  // namespace forklint::test
