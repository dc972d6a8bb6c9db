#include "analyzer/app/imports.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace forklint::app {
namespace {

namespace fs = std::filesystem;

constexpr size_t most_files = 2000;

// The module names of a line that imports: "a.b, c as d" after `import`, the one after `from` with what is imported from it.
std::vector<std::string> modules_in(const std::string& line) {
  std::istringstream words(line);
  std::string word, module;
  std::vector<std::string> modules;
  words >> word;
  if (word == "from" && words >> module >> word && word == "import") {
    modules.push_back(module);
    for (std::string name; words >> name;) {
      std::erase_if(name, [](char c) { return c == ',' || c == '(' || c == ')'; });
      if (!name.empty()) modules.push_back(module.back() == '.' ? module + name : module + "." + name);
    }
  } else if (word == "import") {
    std::string rest;
    std::getline(words, rest);
    for (std::istringstream parts(rest); std::getline(parts, word, ',');) {
      std::istringstream first(word);
      if (first >> module) modules.push_back(module);
    }
  }
  return modules;
}

// Where a module's file would be; leading dots count folders up from the importing file.
std::vector<fs::path> places_of(std::string module, const fs::path& importer, const fs::path& root) {
  fs::path folder = root;
  size_t dots = module.find_first_not_of('.');
  if (dots == module.npos) dots = module.size();
  if (dots > 0) {
    folder = importer.parent_path();
    for (size_t up = 1; up < dots; up++) folder = folder.parent_path();
    module.erase(0, dots);
  }
  std::vector<fs::path> places;
  for (size_t at = 0; at <= module.size() && !module.empty();) {
    size_t end = std::min(module.find('.', at), module.size());
    folder /= module.substr(at, end - at);
    places.push_back(folder.string() + ".py");
    places.push_back(folder / "__init__.py");
    at = end + 1;
  }
  if (module.empty()) places.push_back(folder / "__init__.py");
  return places;
}

}  // namespace

std::vector<std::string> files_of_script(const std::string& script) {
  fs::path main = script;
  std::error_code error;
  if (fs::is_directory(main, error)) main /= "__main__.py";
  const fs::path root = main.parent_path();
  std::vector<std::string> files{main.string()};
  for (size_t i = 0; i < files.size() && files.size() < most_files; i++) {
    std::ifstream in(files[i]);
    for (std::string line; std::getline(in, line);) {
      if (line.find("import") == line.npos) continue;
      for (const std::string& module : modules_in(line)) {
        for (const fs::path& place : places_of(module, files[i], root)) {
          std::string path = place.string();
          if (std::ranges::count(files, path) == 0 && fs::is_regular_file(place, error)) files.push_back(path);
        }
      }
    }
  }
  return files;
}

}  // namespace forklint::app
