#include "analyzer/engine/select_files.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "analyzer/engine/prefilter.h"
#include "analyzer/engine/reach.h"
#include "analyzer/frontends/python/frontend.h"
#include "analyzer/source/parallel.h"
#include "analyzer/units/analyse.h"

namespace forklint::engine {
namespace {

// Imports of what matters are followed, level by level, until so many bytes of files that launch nothing are read.
constexpr size_t enough_imported = 2'000'000;

std::string_view stem_of(std::string_view path) {
  size_t dot = path.rfind('.');
  size_t slash = path.rfind('/');
  if (dot != std::string_view::npos && (slash == std::string_view::npos || dot > slash)) path = path.substr(0, dot);
  if (path.ends_with("/__init__")) path.remove_suffix(9);
  return path;
}

std::string_view last_part(std::string_view path, char separator) {
  size_t at = path.rfind(separator);
  return at == std::string_view::npos ? path : path.substr(at + 1);
}

size_t folder_end(std::string_view path) { return path.rfind('/'); }

// Whether a path ends in the components of a dotted name.
bool path_means(std::string_view stem, std::string_view module) {
  while (!module.empty()) {
    std::string_view part = last_part(module, '.');
    if (part.empty() || last_part(stem, '/') != part) return part.empty();
    stem.remove_suffix(std::min(part.size() + 1, stem.size()));
    module.remove_suffix(std::min(part.size() + 1, module.size()));
  }
  return true;
}

// A file given that another imports, and what of it.
struct Use {
  uint32_t file = 0;
  std::vector<std::string_view> names;
  std::vector<std::string_view> bound;  // names that the module itself has there: from package import module
  bool whole = false;                   // whatever name of it
};

class Selection {
 public:
  Selection(const std::vector<source::File>& files, const knowledge::Knowledge& knowledge, unsigned jobs)
      : files_(files), knowledge_(knowledge), jobs_(jobs), anchors_(knowledge.anchors()), glances_(files.size()), uses_(files.size()), launching_(files.size()), modules_(files.size()), users_(files.size()), facts_(files.size()), reach_(files.size()), parsed_(files.size()) {
    for (uint32_t i = 0; i < files.size(); ++i)
      if (!units::is_native(files[i].kind)) {
        by_name_[last_part(stem_of(files[i].path), '/')].push_back(i);
        if (std::string_view path = files[i].path; path.ends_with("/__init__.py") && !files[i].text.empty()) packages_.emplace(path.substr(0, folder_end(path)), i);
      }
  }

  Selected run() {
    std::vector<uint32_t> wave = anchored();
    // Upwards: who uses what launches.
    while (!wave.empty()) {
      parse(wave);
      std::vector<char> told(files_.size());
      source::in_parallel(wave.size(), jobs_, [&](size_t i) { told[wave[i]] = follow(wave[i]); });
      wave = users_of(wave, told);
    }
    std::vector<char> launches = parsed_;
    // Downwards: what these files import.
    for (uint32_t i = 0; i < files_.size(); ++i)
      if (parsed_[i]) wave.push_back(i);
    for (size_t imported = 0; imported < enough_imported && !wave.empty();) {
      wave = imports_of(wave);
      for (uint32_t i : wave) imported += files_[i].text.size();
      parse(wave);
    }
    Selected result;
    for (uint32_t i = 0; i < files_.size(); ++i) {
      if (glances_[i].packages) result.packaging.push_back(i);
      if (parsed_[i]) result.parsed.push_back({i, launches[i] ? std::move(reach_[i].scopes) : std::vector<uint8_t>(), std::move(facts_[i])});
    }
    return result;
  }

 private:
  // Files that import what launches, themselves or through a file that they use, and name it.
  std::vector<uint32_t> anchored() {
    source::in_parallel(files_.size(), jobs_, [&](size_t i) {
      if (units::is_native(files_[i].kind)) return;
      glances_[i] = anchors_.look(files_[i].text);
      uses_[i] = used_by(uint32_t(i));
    });
    std::vector<uint32_t> result;
    for (uint32_t i = 0; i < files_.size(); ++i) {
      for (const Use& use : uses_[i]) users_[use.file].push_back(i);
      std::vector<uint32_t> modules = glances_[i].modules;
      if (!glances_[i].words.empty())
        for (const Use& use : uses_[i])
          for (auto [name, module] : glances_[use.file].held)
            if (takes(i, use, name)) modules.push_back(module);
      for (std::string& word : anchors_.launching(glances_[i].words, modules)) launching_[i].emplace(std::move(word), 0);
      if (!launching_[i].empty() || glances_[i].addressed) result.push_back(i);
    }
    return result;
  }

  // Whether a file uses a name of another one.
  bool takes(uint32_t file, const Use& use, std::string_view name) const {
    if (std::find(use.names.begin(), use.names.end(), name) != use.names.end()) return true;
    return use.whole && files_[file].text.find(name) != std::string::npos;
  }

  // Parses those that are not yet parsed. Large files first, so that no thread ends with one.
  void parse(const std::vector<uint32_t>& wave) {
    std::vector<uint32_t> order;
    for (uint32_t i : wave)
      if (!std::exchange(parsed_[i], true)) order.push_back(i);
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return files_[a].text.size() > files_[b].text.size(); });
    source::in_parallel(order.size(), jobs_, [&](size_t i) { facts_[order[i]] = frontends::python::parse(files_[order[i]].text); });
  }

  // What in a file leads to a launch, by the names that are known to. Says whether there is more for its users.
  bool follow(uint32_t file) {
    Reach reach = reach_of(facts_[file], launching_[file]);
    for (const auto& [name, distance] : modules_[file]) reach.names.emplace(name, distance);
    bool more = reach.names.size() != reach_[file].names.size();
    reach_[file] = std::move(reach);
    return more;
  }

  // Files given that an import may mean. More than one is possible; none when a row of the knowledge base speaks for it.
  std::vector<uint32_t> meant(const ImportName& import, uint32_t from) const {
    std::vector<uint32_t> result;
    std::string_view module = import.module;
    bool relative = module.starts_with('.');
    while (module.starts_with('.')) module.remove_prefix(1);
    if (!relative && knowledge_.knows_module(module)) return result;
    auto look = [&](std::string_view name, std::string_view dotted) {
      auto it = by_name_.find(name);
      if (it == by_name_.end()) return;
      for (uint32_t file : it->second)
        if (file != from && path_means(stem_of(files_[file].path), dotted)) result.push_back(file);
    };
    if (import.member.empty()) {
      if (!module.empty()) look(last_part(module, '.'), module);
    } else {
      std::string whole = module.empty() ? std::string(import.member) : std::string(module) + "." + std::string(import.member);
      look(import.member, whole);
    }
    return result;
  }

  std::vector<Use> used_by(uint32_t file) const {
    std::vector<Use> result;
    auto use = [&](uint32_t used) -> Use& {
      for (Use& it : result)
        if (it.file == used) return it;
      return result.emplace_back(Use{used, {}, {}, false});
    };
    for (const ImportName& import : glances_[file].imports) {
      std::vector<uint32_t> means = meant(import, file);
      for (uint32_t used : means) {
        use(used).whole |= import.whole || !import.member.empty();
        if (!import.member.empty()) use(used).bound.push_back(import.member);
      }
      if (import.member.empty() || !means.empty()) continue;
      for (uint32_t used : meant({import.module, {}, false, {}}, file)) {
        if (import.member == "*") use(used).whole = true;
        else use(used).names.push_back(import.member);
      }
    }
    return result;
  }

  // Files that name what files of the wave were found to launch by.
  std::vector<uint32_t> users_of(const std::vector<uint32_t>& wave, const std::vector<char>& told) {
    std::vector<std::vector<uint32_t>> news(files_.size());  // by user
    for (uint32_t i : wave)
      if (told[i])
        for (uint32_t user : users_[i]) news[user].push_back(i);
    std::vector<char> uses(files_.size());
    source::in_parallel(files_.size(), jobs_, [&](size_t i) {
      WordSet names;
      Distances distances;
      for (const Use& use : uses_[i]) {
        if (std::find(news[i].begin(), news[i].end(), use.file) == news[i].end()) continue;
        uint8_t nearest = UINT8_MAX;
        for (const auto& [name, distance] : reach_[use.file].names) {
          nearest = std::min(nearest, distance);
          if (launching_[i].contains(name) || (!use.whole && std::find(use.names.begin(), use.names.end(), name) == use.names.end())) continue;
          names.add(name);
          auto [it, added] = distances.emplace(name, distance);
          it->second = std::min(it->second, distance);
        }
        for (std::string_view name : use.bound)
          if (nearest != UINT8_MAX) uses[i] |= modules_[i].emplace(name, nearest).second;
      }
      if (names.empty()) return;
      for (uint32_t word : names.all_in(files_[i].text)) {
        launching_[i].emplace(names.word(word), distances[names.word(word)]);
        uses[i] = true;
      }
    });
    std::vector<uint32_t> result;
    for (uint32_t i = 0; i < files_.size(); ++i)
      if (uses[i]) result.push_back(i);
    return result;
  }

  std::vector<uint32_t> imports_of(const std::vector<uint32_t>& wave) {
    std::vector<char> wanted(files_.size());
    for (uint32_t i : wave)
      for (const Use& use : uses_[i]) {
        wanted[use.file] = !parsed_[use.file];
        // The packages around a module run before it does.
        for (size_t end = folder_end(files_[use.file].path); end != std::string::npos && end > 0; end = files_[use.file].path.rfind('/', end - 1)) {
          auto package = packages_.find(std::string_view(files_[use.file].path).substr(0, end));
          if (package == packages_.end()) break;
          wanted[package->second] |= !parsed_[package->second];
        }
      }
    std::vector<uint32_t> result;
    for (uint32_t i = 0; i < files_.size(); ++i)
      if (wanted[i]) result.push_back(i);
    return result;
  }

  const std::vector<source::File>& files_;
  const knowledge::Knowledge& knowledge_;
  unsigned jobs_;
  Anchors anchors_;
  std::unordered_map<std::string_view, std::vector<uint32_t>> by_name_;
  std::unordered_map<std::string_view, uint32_t> packages_;  // by folder: its __init__.py, where there is anything in it
  std::vector<Glance> glances_;
  std::vector<std::vector<Use>> uses_;                      // by file: what its imports may mean, each file once
  std::vector<Distances> launching_;                        // by file: names in it that lead to a launch
  std::vector<Distances> modules_;                          // by file: names in it of modules that lead to a launch
  std::vector<std::vector<uint32_t>> users_;                // by file: who imports it
  std::vector<facts::FileFacts> facts_;
  std::vector<Reach> reach_;
  std::vector<char> parsed_;
};

}  // namespace

Selected parse_what_matters(const std::vector<source::File>& files, const knowledge::Knowledge& knowledge, unsigned jobs) {
  return Selection(files, knowledge, jobs).run();
}

}  // namespace forklint::engine
