#include "tests/support/bindings.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <utility>

namespace forklint::tests {
namespace {

namespace fs = std::filesystem;

constexpr const char* script = R"py(
import os, sys, sysconfig
sys.path.append(sys.argv[1] + "-%d.%d" % sys.version_info[:2])
include = sysconfig.get_path("include")
if not os.path.exists(os.path.join(include, "Python.h")):
    sys.exit(3)
print(include)
for name in sys.argv[2:]:
    module = __import__(name)
    for ask in ("get_include", "include_dir"):
        if hasattr(module, ask):
            print(getattr(module, ask)())
    if hasattr(module, "source_dir"):
        source = module.source_dir()
        print(os.path.join(os.path.dirname(source), "ext", "robin_map", "include"))
        print(os.path.join(source, "nb_combined.cpp"))
)py";

std::string packages_prefix() { return folder_of("XDG_CACHE_HOME", ".cache") / "forklint/packages"; }

}  // namespace

fs::path folder_of(const char* variable, const char* below_home) {
  if (const char* value = std::getenv(variable); value && *value) return value;
  const char* home = std::getenv("HOME");
  return fs::path(home ? home : "/root") / below_home;
}

std::string packages_of(const std::string& version) {
  std::error_code error;
  std::string folder = packages_prefix() + "-" + version;
  return fs::is_directory(folder, error) ? folder : "";
}

std::optional<Bindings> bindings(const std::string& python, const std::vector<std::string>& modules) {
  std::string command = "'" + python + "' -c '" + script + "' '" + packages_prefix() + "'";
  for (const std::string& module : modules) command += " '" + module + "'";
  FILE* output = popen((command + " 2>/dev/null").c_str(), "r");
  if (!output) return {};
  Bindings found;
  std::string line;
  for (int c = std::fgetc(output); c != EOF; c = std::fgetc(output)) {
    if (c != '\n') {
      line += char(c);
      continue;
    }
    if (line.ends_with(".cpp")) found.sources.push_back(std::exchange(line, {}));
    else found.flags.insert(found.flags.end(), {"-isystem", std::exchange(line, {})});
  }
  return pclose(output) == 0 ? std::optional(found) : std::nullopt;
}

}  // namespace forklint::tests
