// The facts of real programs survive being printed and parsed back.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "analyzer/facts/text.h"
#include "analyzer/frontends/python/frontend.h"

namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// The first standard library found: the newest pyenv interpreter, else the system's.
std::filesystem::path standard_library() {
  for (const char* folder : {"/usr/lib", "/usr/local/lib"})
    for (int minor = 15; minor >= 8; --minor)
      if (auto path = std::filesystem::path(folder) / ("python3." + std::to_string(minor)); std::filesystem::exists(path / "os.py")) return path;
  return {};
}

}  // namespace

TEST_CASE("facts of the whole standard library print and parse back") {
  const char* named = std::getenv("FORKLINT_STDLIB");
  std::filesystem::path root = named ? std::filesystem::path(named) : standard_library();
  if (root.empty()) SKIP("no standard library here");
  size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root, std::filesystem::directory_options::skip_permission_denied)) {
    if (!entry.is_regular_file() || entry.path().extension() != ".py") continue;
    INFO(entry.path());
    std::string printed = forklint::facts::print(forklint::frontends::python::parse(contents(entry.path())));
    auto parsed = forklint::facts::parse(printed);
    if (!parsed) FAIL(parsed.error());
    REQUIRE(forklint::facts::print(*parsed) == printed);
    ++files;
  }
  CHECK(files > 100);
}
