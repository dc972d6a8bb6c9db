// The one-way order of the folders, read from the includes. The table is the law; analyzer/README.md quotes it.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>

namespace {

namespace fs = std::filesystem;

struct Layer {
  std::string folder;
  std::set<std::string> may_include;          // folders of ours, besides itself
  std::vector<std::string> foreign;           // prefixes of foreign headers that only some folders may see
};

const std::vector<Layer> layers = {
    {"runtime", {}, {}},
    {"runtime/verify", {"runtime"}, {}},
    {"analyzer/source", {}, {"simdjson"}},
    {"analyzer/knowledge", {}, {"toml++"}},
    {"analyzer/facts", {}, {}},
    {"analyzer/frontends/python", {"analyzer/source", "analyzer/knowledge", "analyzer/facts"}, {"tree_sitter"}},
    {"analyzer/frontends/cpp", {"analyzer/source", "analyzer/knowledge", "analyzer/facts"}, {"clang/"}},
    {"analyzer/units", {"analyzer/source", "analyzer/knowledge", "analyzer/facts", "analyzer/frontends/cpp", "runtime"}, {"simdjson"}},
    {"analyzer/model/native", {"analyzer/knowledge", "analyzer/facts"}, {}},
    {"analyzer/model", {"analyzer/source", "analyzer/knowledge", "analyzer/facts", "analyzer/model/native"}, {}},
    {"analyzer/engine", {"analyzer/source", "analyzer/knowledge", "analyzer/facts", "analyzer/frontends/python", "analyzer/units", "analyzer/model", "analyzer/model/native"}, {"toml++"}},
    {"analyzer/reporters", {"analyzer/source", "analyzer/knowledge", "analyzer/facts", "analyzer/engine"}, {"llvm/Support/JSON.h"}},
    {"rules", {"analyzer/engine", "analyzer/model", "analyzer/model/native", "analyzer/facts", "analyzer/knowledge"}, {}},
    {"analyzer/app", {"analyzer/source", "analyzer/knowledge", "analyzer/facts", "analyzer/frontends/python", "analyzer/units", "analyzer/model", "analyzer/engine", "analyzer/reporters", "rules", "runtime", "runtime/verify"}, {"CLI", "llvm/Support/JSON.h"}},
};

// Foreign headers that are someone's alone: whoever else includes them breaks the order.
const std::vector<std::string> restricted = {"clang/", "tree_sitter", "simdjson", "toml++", "CLI/", "llvm/Support/JSON.h"};

std::string layer_of(const std::string& path) {
  // The libraries of `runtime/` are included as their users would.
  if (path.starts_with("forklint/runtime/")) return "runtime";
  if (path.starts_with("forklint/verify/")) return "runtime/verify";
  std::string best;
  for (const Layer& layer : layers)
    if (path.starts_with(layer.folder + "/") && layer.folder.size() > best.size()) best = layer.folder;
  return best;
}

}  // namespace

TEST_CASE("folders include only what stands below them") {
  fs::path root(FORKLINT_SOURCE_DIR);
  const std::regex include(R"re(^\s*#\s*include\s*[<"]([^>"]+)[>"])re");
  size_t files = 0;
  for (const Layer& layer : layers) {
    for (const auto& entry : fs::recursive_directory_iterator(root / layer.folder)) {
      std::string extension = entry.path().extension().string();
      if (extension != ".h" && extension != ".cpp" && extension != ".def") continue;
      std::string path = fs::relative(entry.path(), root).string();
      if (layer_of(path) != layer.folder || path.find("node_modules") != std::string::npos) continue;
      ++files;
      std::ifstream in(entry.path());
      std::string line;
      for (unsigned number = 1; std::getline(in, line); ++number) {
        std::smatch match;
        if (!std::regex_search(line, match, include)) continue;
        std::string header = match[1];
        INFO(path << ":" << number << " includes " << header);
        std::string target = layer_of(header);
        CHECK((target.empty() || target == layer.folder || layer.may_include.contains(target)));
        for (const std::string& foreign : restricted) {
          if (!header.starts_with(foreign)) continue;
          bool allowed = false;
          for (const std::string& own : layer.foreign) allowed |= header.starts_with(own);
          CHECK(allowed);
        }
      }
    }
  }
  CHECK(files > 50);
}
