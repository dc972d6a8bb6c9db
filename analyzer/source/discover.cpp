#include "analyzer/source/discover.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>
#include <utility>

#include "analyzer/source/ignore.h"
#include "analyzer/source/reasons.h"
#include "analyzer/source/walk.h"

namespace forklint::source {
namespace {

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), std::free);
  return real ? real.get() : std::string();
}

// "./a/" as "a", "." as "": paths are shown as a user would write them.
std::string tidy(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  while (path.starts_with("./")) path.erase(0, std::min(path.find_first_not_of('/', 1), path.size()));
  return path == "." ? std::string() : path;
}

Excludes make_excludes(const DiscoverOptions& options) {
  std::string lines;
  const auto add = [&](const std::vector<std::string>& patterns) {
    for (const std::string& pattern : patterns) lines += pattern + '\n';
  };
  add(options.exclude.empty() ? default_excludes() : options.exclude);
  add(options.extend_exclude);
  return {parse_ignore_file(lines), real_path(options.exclude_root.empty() ? "." : options.exclude_root)};
}

// The path itself, or a folder between the excludes' root and it.
bool excluded_on_the_way(const Excludes& excludes, const std::string& real, bool is_folder) {
  if (excluded(excludes, real, is_folder)) return true;
  const bool inside = real.starts_with(excludes.root + "/");
  for (size_t slash = real.find('/', inside ? excludes.root.size() + 1 : 1); slash != std::string::npos; slash = real.find('/', slash + 1)) {
    if (excluded(excludes, std::string_view(real).substr(0, slash), true)) return true;
  }
  return false;
}

void discover_named(const std::string& path, Walk& walk, std::vector<Skip>& errors) {
  struct stat status {};
  if (path.empty() || ::stat(path.c_str(), &status) != 0) {
    errors.push_back({path, path.empty() ? "an empty path" : system_error(errno)});
    return;
  }
  const bool is_folder = S_ISDIR(status.st_mode);
  std::string shown = tidy(path);
  if (const auto what = irregular(status.st_mode); !is_folder && !what.empty()) {
    errors.push_back({std::move(shown), std::string(what)});
    return;
  }
  std::string real = real_path(path);
  if (real.empty() || ::euidaccess(path.c_str(), R_OK) != 0) {
    errors.push_back({shown.empty() ? path : shown, system_error(errno)});
    return;
  }
  if (walk.options.force_exclude && excluded_on_the_way(walk.excludes, real, is_folder)) return;
  if (is_folder) return walk_folder(walk, std::move(real), std::move(shown));
  const std::optional<Kind> kind = kind_of(path);
  if (std::string why = too_large(static_cast<uint64_t>(status.st_size), walk.options); !why.empty()) {
    walk.skipped.push_back({std::move(shown), std::move(why)});
  } else {
    walk.candidates.push_back({std::move(shown), std::move(real), kind.value_or(Kind::python), false});
  }
}

// One name for each file: a real one before a link, then the shortest, then the first in the alphabet.
void keep_one_name_each(std::vector<Candidate>& candidates) {
  std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
    if (a.real != b.real) return a.real < b.real;
    if (a.is_link != b.is_link) return b.is_link;
    if (a.shown.size() != b.shown.size()) return a.shown.size() < b.shown.size();
    return a.shown < b.shown;
  });
  const auto rest = std::ranges::unique(candidates, {}, &Candidate::real);
  candidates.erase(rest.begin(), rest.end());
}

void sort_once_each(std::vector<Skip>& skips) {
  const auto key = [](const Skip& skip) { return std::tie(skip.path, skip.reason); };
  std::ranges::sort(skips, {}, key);
  const auto rest = std::ranges::unique(skips, {}, key);
  skips.erase(rest.begin(), rest.end());
}

}  // namespace

std::vector<std::string> default_excludes() {
  return {".bzr",          ".direnv",     ".eggs",  ".git",          ".git-rewrite", ".hg",         ".ipynb_checkpoints",
          ".mypy_cache",   ".nox",        ".pants.d", ".pyenv",      ".pytest_cache", ".pytype",    ".ruff_cache",
          ".svn",          ".tox",        ".venv",  ".vscode",       "__pypackages__", "_build",    "buck-out",
          ".pc",         "build",         "dist",        "node_modules", "site-packages", "venv"};
}

std::optional<Kind> kind_of(std::string_view path) {
  if (path.ends_with(".py") || path.ends_with(".pyw")) return Kind::python;
  if (path.ends_with(".pyi")) return Kind::stub;
  if (path.ends_with(".ipynb")) return Kind::notebook;
  if (path.ends_with(".c") || path.ends_with(".h")) return Kind::c;  // a header may be of either
  for (std::string_view suffix : {".cc", ".cpp", ".cxx", ".c++", ".hh", ".hpp", ".hxx", ".h++", ".ipp", ".tpp", ".inl"})
    if (path.ends_with(suffix)) return Kind::cpp;
  return std::nullopt;
}

Discovered discover(const std::vector<std::string>& paths, const DiscoverOptions& options) {
  const Excludes excludes = make_excludes(options);
  Walk walk{options, excludes, {}, {}};
  Discovered result;
  for (const std::string& path : paths) discover_named(path, walk, result.errors);
  keep_one_name_each(walk.candidates);
  result.files.reserve(walk.candidates.size());
  for (Candidate& candidate : walk.candidates) result.files.push_back({std::move(candidate.shown), candidate.kind});
  std::ranges::sort(result.files, {}, &Found::path);
  result.skipped = std::move(walk.skipped);
  sort_once_each(result.skipped);
  sort_once_each(result.errors);
  return result;
}

}  // namespace forklint::source
