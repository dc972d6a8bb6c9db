#include "analyzer/engine/select_files.h"

#include <algorithm>
#include <unordered_map>

#include "analyzer/engine/prefilter.h"
#include "analyzer/frontends/python/frontend.h"

namespace forklint::engine {
namespace {

// How far imports of what matters are followed.
constexpr int import_depth = 2;

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

class Selection {
 public:
  Selection(const std::vector<source::File>& files, const knowledge::Knowledge& knowledge, unsigned jobs) : files_(files), knowledge_(knowledge), jobs_(jobs) {
    for (const std::string& word : knowledge.anchors()) anchors_.add(word);
    for (std::string_view word : {"preexec_fn", "forklint", "set_start_method", "get_context"}) anchors_.add(word);
    for (uint32_t i = 0; i < files.size(); ++i) by_name_[last_part(stem_of(files[i].path), '/')].push_back(i);
    facts_.resize(files.size());
    parsed_.resize(files.size());
    imports_.resize(files.size());
    launching_.resize(files.size());
  }

  std::vector<Parsed> run() {
    std::vector<char> anchored(files_.size());
    in_parallel(files_.size(), jobs_, [&](size_t i) {
      anchored[i] = anchors_.any_in(files_[i].text);
      imports_[i] = imported_names(files_[i].text);
    });
    std::vector<uint32_t> wave;
    for (uint32_t i = 0; i < files_.size(); ++i)
      if (anchored[i]) wave.push_back(i);
    parse(wave);
    // Upwards: who uses what launches.
    while (!wave.empty()) {
      for (uint32_t i : wave) find_launching(i);
      wave = users_of(wave);
      parse(wave);
    }
    // Downwards: what these files import.
    std::vector<char> launches = parsed_;
    for (uint32_t i = 0; i < files_.size(); ++i)
      if (parsed_[i]) wave.push_back(i);
    for (int depth = 0; depth < import_depth && !wave.empty(); ++depth) {
      wave = imports_of(wave);
      parse(wave);
    }
    std::vector<Parsed> result;
    for (uint32_t i = 0; i < files_.size(); ++i)
      if (parsed_[i]) result.push_back({i, bool(launches[i]), std::move(facts_[i])});
    return result;
  }

 private:
  void parse(const std::vector<uint32_t>& wave) {
    // Large files first, so that no thread ends with one.
    std::vector<uint32_t> order = wave;
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return files_[a].text.size() > files_[b].text.size(); });
    for (uint32_t i : wave) parsed_[i] = true;
    in_parallel(order.size(), jobs_, [&](size_t i) { facts_[order[i]] = frontends::python::parse(files_[order[i]].text); });
  }

  // The top-level names of a file through which a launch may be reached: those whose definition mentions an anchor,
  // a launching name of an imported module, or another such name.
  void find_launching(uint32_t file) {
    const facts::FileFacts& f = facts_[file];
    std::vector<char> hot(f.names.size());
    for (facts::NameId id = 0; id < f.names.size(); ++id) hot[id] = anchors_.has(f.names[id]);
    for (const ImportName& import : imports_[file])
      for (uint32_t module : meant(import, file))
        for (const std::string& name : launching_[module]) mark(f, hot, name);
    // The top-level scope that holds each scope.
    std::vector<facts::ScopeId> top(f.scopes.size(), 0);
    for (facts::ScopeId scope = 1; scope < f.scopes.size(); ++scope) top[scope] = f.scopes[scope].parent == 0 ? scope : top[f.scopes[scope].parent];
    std::vector<char> launching(f.scopes.size());
    for (bool changed = true; changed;) {
      changed = false;
      for (facts::ScopeId scope = 1; scope < f.scopes.size(); ++scope) {
        if (launching[top[scope]]) continue;
        for (facts::EventId id = f.scopes[scope].events.begin; id < f.scopes[scope].events.end; ++id) {
          const facts::Event& event = f.events[id];
          if ((event.op != facts::Op::read && event.op != facts::Op::attribute && event.op != facts::Op::import) || !hot[event.name]) continue;
          launching[top[scope]] = true;
          hot[f.scopes[top[scope]].name] = true;
          launching_[file].push_back(f.names[f.scopes[top[scope]].name]);
          changed = true;
          break;
        }
      }
    }
  }

  static void mark(const facts::FileFacts& f, std::vector<char>& hot, const std::string& name) {
    for (facts::NameId id = 0; id < f.names.size(); ++id)
      if (f.names[id] == name) hot[id] = true;
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

  std::vector<uint32_t> users_of(const std::vector<uint32_t>& wave) {
    std::vector<char> fresh(files_.size());
    for (uint32_t i : wave) fresh[i] = !launching_[i].empty();
    std::vector<char> uses(files_.size());
    in_parallel(files_.size(), jobs_, [&](size_t i) {
      if (parsed_[i]) return;
      WordSet names;
      for (const ImportName& import : imports_[i])
        for (uint32_t module : meant(import, uint32_t(i)))
          if (fresh[module])
            for (const std::string& name : launching_[module]) names.add(name);
      uses[i] = !names.empty() && names.any_in(files_[i].text);
    });
    std::vector<uint32_t> result;
    for (uint32_t i = 0; i < files_.size(); ++i)
      if (uses[i]) result.push_back(i);
    return result;
  }

  std::vector<uint32_t> imports_of(const std::vector<uint32_t>& wave) {
    std::vector<char> wanted(files_.size());
    for (uint32_t i : wave)
      for (const ImportName& import : imports_[i])
        for (uint32_t module : meant(import, i)) wanted[module] = !parsed_[module];
    std::vector<uint32_t> result;
    for (uint32_t i = 0; i < files_.size(); ++i)
      if (wanted[i]) result.push_back(i);
    return result;
  }

  const std::vector<source::File>& files_;
  const knowledge::Knowledge& knowledge_;
  unsigned jobs_;
  WordSet anchors_;
  std::unordered_map<std::string_view, std::vector<uint32_t>> by_name_;
  std::vector<facts::FileFacts> facts_;
  std::vector<char> parsed_;
  std::vector<std::vector<ImportName>> imports_;
  std::vector<std::vector<std::string>> launching_;
};

}  // namespace

std::vector<Parsed> parse_what_matters(const std::vector<source::File>& files, const knowledge::Knowledge& knowledge, unsigned jobs) {
  return Selection(files, knowledge, jobs).run();
}

}  // namespace forklint::engine
