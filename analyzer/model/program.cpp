// Which file an import means. Nothing is looked up on disk: only the files given can be meant. A file is known by
// every dotted ending of its path; an import picks the candidate whose root holds the importing file and is nearest.
#include "analyzer/model/program.h"

#include <algorithm>

#include "analyzer/model/native/extensions.h"
#include "analyzer/source/parallel.h"

namespace forklint::model {
namespace {

std::string_view folder_of(std::string_view path) {
  size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

// "a/b/c.py" -> "a/b/c"; "a/b/__init__.py" -> "a/b". The module's own path, without suffix.
std::string_view stem_of(std::string_view path) {
  size_t slash = path.rfind('/');
  size_t dot = path.rfind('.');
  if (dot != std::string_view::npos && (slash == std::string_view::npos || dot > slash)) path = path.substr(0, dot);
  if (path.ends_with("/__init__")) path.remove_suffix(9);
  return path == "__init__" ? std::string_view() : path;
}

std::string normalised(std::string_view path) {
  while (path.starts_with("./")) path.remove_prefix(2);
  return std::string(path);
}

bool holds(std::string_view root, std::string_view folder) {
  return root.empty() || folder == root || (folder.starts_with(root) && folder.size() > root.size() && folder[root.size()] == '/');
}

constexpr size_t most_components = 12;

}  // namespace

Program::Program(std::vector<ParsedFile> files, const knowledge::Knowledge& knowledge, unsigned jobs) {
  files_.resize(files.size());
  source::in_parallel(files.size(), jobs, [&](size_t id) {
    File& file = files_[id];
    file.path = std::move(files[id].path);
    file.facts = std::move(files[id].facts);
    file.walked = files[id].walked;
    file.launching = std::move(files[id].launching);
    file.packaged_by = std::move(files[id].packaged_by);
    file.index();
    std::string path = normalised(file.path);
    file.package = path.ends_with("/__init__.py") || path == "__init__.py";
  });
  for (FileId id = 0; id < files_.size(); ++id) {
    by_path_.emplace(normalised(files_[id].path), id);
    if (files_[id].facts.language == facts::Language::python) python_files_.push_back(id);
  }
  for (FileId id : python_files_) {
    File& file = files_[id];
    std::string path = normalised(file.path);
    std::string_view stem = stem_of(path);
    std::string suffix;
    size_t components = 0;
    bool in_package = true;
    while (!stem.empty() && components++ < most_components) {
      size_t slash = stem.rfind('/');
      std::string_view last = slash == std::string_view::npos ? stem : stem.substr(slash + 1);
      suffix = suffix.empty() ? std::string(last) : std::string(last) + "." + suffix;
      by_suffix_[suffix].push_back(id);
      stem = slash == std::string_view::npos ? std::string_view() : stem.substr(0, slash);
      if (in_package) file.module = suffix;
      // The module's name goes on as long as the folder above is a package.
      std::string init = stem.empty() ? "__init__.py" : std::string(stem) + "/__init__.py";
      in_package = in_package && by_path_.contains(init);
    }
  }
  link_extensions(knowledge);
}

Program::~Program() = default;

FileId Program::find_module(std::string_view module, FileId from) const {
  auto it = by_suffix_.find(std::string(module));
  if (it == by_suffix_.end()) return none;
  std::string from_path = normalised(files_[from].path);
  std::string_view folder = folder_of(from_path);
  std::string_view from_module = files_[from].module;
  size_t depth = size_t(std::count(from_module.begin(), from_module.end(), '.')) + files_[from].package;
  // The folder above the importing file's own top package: absolute imports never start inside a package.
  std::string_view top = folder;
  for (size_t i = 0; i < depth; ++i) top = folder_of(top);
  FileId best = none;
  size_t best_length = 0;
  FileId only = none;
  size_t elsewhere = 0;
  for (FileId candidate : it->second) {
    std::string path = normalised(files_[candidate].path);
    std::string_view stem = stem_of(path);
    std::string_view root = stem.size() > module.size() ? stem.substr(0, stem.size() - module.size() - 1) : std::string_view();
    if (holds(root, top)) {
      if (best == none || root.size() >= best_length) {
        best = candidate;
        best_length = root.size();
      }
    } else if (root.ends_with("src") || root.ends_with("lib") || module.find('.') != std::string_view::npos) {
      only = candidate;
      ++elsewhere;
    }
  }
  if (best != none) return best;
  return elsewhere == 1 ? only : none;
}

std::string Program::absolute(FileId from, uint32_t level, std::string_view module) const {
  if (level == 0) return std::string(module);
  std::string_view base = files_[from].module;
  uint32_t up = level - (files_[from].package ? 1 : 0);
  for (; up > 0; --up) {
    size_t dot = base.rfind('.');
    if (dot == std::string_view::npos) {
      base = {};
      if (up > 1) return {};
    } else {
      base = base.substr(0, dot);
    }
  }
  if (base.empty()) return std::string(module);
  return module.empty() ? std::string(base) : std::string(base) + "." + std::string(module);
}

FileId Program::submodule(FileId package, std::string_view name) const {
  if (!files_[package].package) return none;
  std::string path = normalised(files_[package].path);
  std::string_view folder = folder_of(path);
  std::string base = folder.empty() ? std::string(name) : std::string(folder) + "/" + std::string(name);
  for (std::string candidate : {base + ".py", base + "/__init__.py"})
    if (auto it = by_path_.find(candidate); it != by_path_.end()) return it->second;
  return none;
}

}  // namespace forklint::model
