#include "analyzer/source/packaging.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

namespace forklint::source {
namespace {

namespace fs = std::filesystem;

constexpr uintmax_t largest_spec = 256 * 1024;

// Something that packages scripts: which ones, empty when it does not say, and below which folder.
struct Freezer {
  std::string path;
  fs::path folder;
  std::vector<std::string> scripts;
};

fs::path folder_of(const std::string& path) { return fs::path(path).lexically_normal().parent_path(); }

bool mentions(std::string_view text, std::string_view word) { return text.find(word) != std::string_view::npos; }

// Words that only the spec file of PyInstaller has together.
bool is_spec(std::string_view text) { return mentions(text, "Analysis(") && mentions(text, "EXE("); }

bool freezes(std::string_view text) {
  for (std::string_view tool : {"cx_Freeze", "py2exe", "PyInstaller"})
    if (mentions(text, tool))
      for (std::string_view keyword : {"import ", "from "})
        if (mentions(text, std::string(keyword) + std::string(tool))) return true;
  return false;
}

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// The folders of the files, and those between them and the one that holds them all.
std::set<fs::path> folders_around(const std::vector<File>& files) {
  std::set<fs::path> folders;
  if (files.empty()) return folders;
  fs::path common = folder_of(files[0].path);
  for (const File& file : files) {
    fs::path folder = folder_of(file.path), shared;
    for (auto a = common.begin(), b = folder.begin(); a != common.end() && b != folder.end() && *a == *b; ++a, ++b) shared /= *a;
    common = shared;
  }
  for (const File& file : files)
    for (fs::path folder = folder_of(file.path); folders.insert(folder).second && folder != common && folder.has_parent_path(); folder = folder.parent_path()) {}
  return folders;
}

void add_specs(const fs::path& folder, std::vector<Freezer>& freezers) {
  std::error_code error;
  std::vector<fs::path> specs;
  for (fs::directory_iterator it(folder.empty() ? fs::path(".") : folder, error), end; !error && it != end; it.increment(error))
    if (it->path().extension() == ".spec" && it->is_regular_file(error) && it->file_size(error) <= largest_spec) specs.push_back(it->path());
  std::sort(specs.begin(), specs.end());
  for (const fs::path& spec : specs)
    if (std::string text = read_text(spec); is_spec(text)) freezers.push_back({spec.lexically_normal().string(), folder, scripts_named(text)});
}

bool is_below(const std::string& path, const fs::path& folder) {
  fs::path own = folder_of(path);
  auto [rest, _] = std::mismatch(folder.begin(), folder.end(), own.begin(), own.end());
  return rest == folder.end();
}

bool packages(const Freezer& freezer, const File& file) {
  if (file.path == freezer.path || !is_below(file.path, freezer.folder)) return false;
  std::string name = fs::path(file.path).filename().string();
  return freezer.scripts.empty() || std::find(freezer.scripts.begin(), freezer.scripts.end(), name) != freezer.scripts.end();
}

}  // namespace

std::vector<std::string> scripts_named(std::string_view text) {
  std::vector<std::string> scripts;
  for (size_t end = text.find(".py"); end != std::string_view::npos; end = text.find(".py", end + 1)) {
    size_t after = end + 3 < text.size() && text[end + 3] == 'w' ? end + 4 : end + 3;
    if (after >= text.size() || (text[after] != '"' && text[after] != '\'')) continue;
    size_t begin = text.find_last_of("\"'/\\\n", end);
    if (begin == std::string_view::npos || text[begin] == '\n') continue;
    std::string name(text.substr(begin + 1, after - begin - 1));
    if (std::find(scripts.begin(), scripts.end(), name) == scripts.end()) scripts.push_back(std::move(name));
  }
  return scripts;
}

Packaging packaging_in(std::string_view text) {
  if (mentions(text, "# nuitka-project")) return Packaging::itself;  // options in the program
  return freezes(text) ? Packaging::others : Packaging::none;
}

std::vector<std::string> packaged_by(const std::vector<File>& files) {
  std::vector<Freezer> freezers;
  for (const fs::path& folder : folders_around(files)) add_specs(folder, freezers);
  for (const File& file : files)
    if (file.packaging == Packaging::others) freezers.push_back({file.path, folder_of(file.path), scripts_named(file.text)});
  std::vector<std::string> result(files.size());
  for (size_t i = 0; i < files.size(); ++i) {
    if (files[i].packaging == Packaging::itself) result[i] = files[i].path;
    for (const Freezer& freezer : freezers)
      if (result[i].empty() && packages(freezer, files[i])) result[i] = freezer.path;
  }
  return result;
}

}  // namespace forklint::source
