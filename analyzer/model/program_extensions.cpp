// Modules in C and C++ as Python has them: a row for each thing of theirs that matters, and which one an import means.
#include <algorithm>

#include "analyzer/model/native/extensions.h"
#include "analyzer/model/program.h"

namespace forklint::model {
namespace {

std::string_view folder_of(std::string_view path) {
  size_t slash = path.rfind('/');
  return slash == path.npos ? std::string_view() : path.substr(0, slash);
}

// How many folders two paths share.
size_t shared_folders(std::string_view a, std::string_view b) {
  size_t shared = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()) && a[i] == b[i]; ++i) shared += a[i] == '/';
  return shared;
}

bool has_component(std::string_view folder, std::string_view name) {
  for (size_t at = 0; at <= folder.size();) {
    size_t end = std::min(folder.find('/', at), folder.size());
    if (folder.substr(at, end - at) == name) return true;
    at = end + 1;
  }
  return false;
}

}  // namespace

void Program::link_extensions(const knowledge::Knowledge& knowledge) {
  std::vector<native::Unit> units;
  for (FileId file = 0; file < files_.size(); ++file)
    if (files_[file].facts.language != facts::Language::python) units.push_back({file, files_[file].path, &files_[file].facts});
  native_ = std::make_unique<native::Native>(std::move(units), knowledge.natives());
  std::unordered_map<std::string, knowledge::Api> rows;
  for (native::ExtensionModule& module : native::extension_modules(*native_)) {
    auto same = [&](const native::ExtensionModule& other) { return other.name == module.name; };
    std::string name = module.name;
    if (std::any_of(extensions_.begin(), extensions_.end(), same)) name += "@" + std::string(module.path);
    if (!module.thread.empty() && module.sure) rows[name] = {.names = {module.name}, .thread = "import"};
    for (const native::BoundType& type : module.types)
      if (type.refused) {
        const std::string key = name + "." + type.name;
        rows[key] = {.names = {module.name + "." + type.name}, .returns = key, .picklable = knowledge::Picklable::no, .pickle_error = "raises:TypeError"};
      }
    extension_names_.push_back(std::move(name));
    extensions_.push_back(std::move(module));
  }
  knowledge_ = knowledge.with(std::move(rows));
}

std::string_view Program::find_extension(std::string_view module, FileId from) const {
  if (extensions_.empty()) return {};
  const size_t dot = module.rfind('.');
  const std::string_view name = dot == module.npos ? module : module.substr(dot + 1);
  const std::string_view package = dot == module.npos ? std::string_view() : module.substr(0, dot);
  // A package of ours, or a folder that the source stands in: `import other._core` is none of ours.
  const bool ours = package.empty() || find_module(package, from) != none;
  size_t best = extensions_.size(), nearest = 0;
  bool several = false;
  for (size_t i = 0; i < extensions_.size(); ++i) {
    const native::ExtensionModule& it = extensions_[i];
    if (it.name != name) continue;
    if (!ours && !has_component(folder_of(it.path), package.substr(0, package.find('.')))) continue;
    const size_t near = shared_folders(it.path, files_[from].path) + 1;
    several = near == nearest;
    if (near > nearest) best = i, nearest = near;
  }
  return best == extensions_.size() || several ? std::string_view() : std::string_view(extension_names_[best]);
}

const native::ExtensionModule* Program::extension(std::string_view name) const {
  auto it = std::find(extension_names_.begin(), extension_names_.end(), name);
  return it == extension_names_.end() ? nullptr : &extensions_[size_t(it - extension_names_.begin())];
}

const native::BoundType* Program::extension_type(std::string_view name) const {
  const size_t dot = name.rfind('.');
  const native::ExtensionModule* module = dot == name.npos ? nullptr : extension(name.substr(0, dot));
  if (!module) return nullptr;
  auto it = std::find_if(module->types.begin(), module->types.end(), [&](const native::BoundType& type) { return type.name == name.substr(dot + 1); });
  return it == module->types.end() ? nullptr : &*it;
}

}  // namespace forklint::model
