// A folder of its own for one test, removed at the end.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/source/discover.h"

namespace forklint::source::test {

struct Tree {
  std::filesystem::path root;

  Tree() {
    std::string name = (std::filesystem::temp_directory_path() / "forklint-source-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("mkdtemp");
    root = std::filesystem::canonical(name);
  }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
  ~Tree() {
    std::error_code ignored;
    std::filesystem::remove_all(root, ignored);
  }

  std::string path(std::string_view name) const { return (root / name).string(); }

  std::string write(std::string_view name, std::string_view bytes = "") const {
    std::filesystem::create_directories((root / name).parent_path());
    std::ofstream(root / name, std::ios::binary) << bytes;
    return path(name);
  }

  // `path` without the root, as the tests write it.
  std::string relative(const std::string& absolute) const {
    const std::string prefix = root.string() + "/";
    return absolute.starts_with(prefix) ? absolute.substr(prefix.size()) : absolute;
  }

  // The files found below the root, space-separated.
  std::string found(const DiscoverOptions& options = {}) const {
    std::string names;
    for (const Found& file : discover({root.string()}, options).files) {
      names += (names.empty() ? "" : " ") + relative(file.path);
    }
    return names;
  }
};

inline std::string contents(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace forklint::source::test
