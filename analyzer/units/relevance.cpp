#include "analyzer/units/relevance.h"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <unordered_map>

#include "analyzer/source/parallel.h"
#include "analyzer/units/includes.h"

namespace forklint::units {
namespace {

using knowledge::NativeApi;

// What brings processes or threads to life, or makes types known to Python.
bool starts(const NativeApi& api) {
  return api.forks != knowledge::Forks::none || api.starts_thread || api.thread_object || !api.pool.empty() || api.python_type || api.process_pool ||
         api.python_hook != knowledge::PythonHook::none || api.prepare || api.in_parent || api.in_child;
}

// What holds for the whole program, whoever calls it.
bool holds_for_all(const NativeApi& api) {
  return api.waits || api.reaps || api.handler || api.at_exit || api.opens || api.pipe || !api.handle.empty() || api.seeds || api.sets_cloexec || api.closes_all;
}

// "std::thread" is written `thread` after `using`, and "omp parallel" is a pragma.
std::string_view last_word(std::string_view name) {
  if (name.starts_with("omp ")) return "omp";
  const size_t colons = name.rfind("::");
  return colons == std::string_view::npos ? name : name.substr(colons + 2);
}

enum Mark : uint8_t { nothing = 0, starting = 1, global = 2 };

// Words that matter, by whether they may stand in C.
class Words {
 public:
  explicit Words(const knowledge::Natives& natives) {
    for (const NativeApi& api : natives.rows()) {
      const uint8_t mark = starts(api) ? starting : holds_for_all(api) ? global : nothing;
      if (mark == nothing) continue;
      for (const std::string& name : api.names) add(name, mark);
    }
  }

  uint8_t mark_of(std::string_view word, bool cpp) const {
    auto it = marks_.find(word);
    return it == marks_.end() ? uint8_t(nothing) : uint8_t(cpp ? it->second.cpp : it->second.c);
  }

 private:
  struct Marks {
    uint8_t c = nothing, cpp = nothing;
  };
  void add(std::string_view name, uint8_t mark) {
    if (name.ends_with('*') || name.find('~') != name.npos) return;
    Marks& marks = marks_[last_word(name)];
    marks.cpp |= mark;
    if (name.find("::") == name.npos) marks.c |= mark;
  }

  std::unordered_map<std::string_view, Marks> marks_;
};

struct ScannedFile {
  std::string real;
  std::string text;  // of a header that nobody named
  Outline outline;
  bool cpp = false;
};

using PieceId = uint32_t;

class Relevant {
 public:
  Relevant(const std::vector<source::File>& files, const Plan& plan, const knowledge::Knowledge& knowledge, unsigned jobs)
      : files_(files), plan_(plan), words_(knowledge.natives()) {
    for (uint32_t i = 0; i < files.size(); ++i) {
      if (plan.real[i].empty() || by_real_.contains(plan.real[i])) continue;
      by_real_.emplace(plan.real[i], uint32_t(scanned_.size()));
      scanned_.push_back({plan.real[i], {}, {}, files[i].kind == source::Kind::cpp || plan.real[i].ends_with(".h")});
      given_.push_back(i);
    }
    source::in_parallel(scanned_.size(), jobs, [&](size_t i) { scanned_[i].outline = outline_of(files_[given_[i]].text); });
  }

  Relevance run() {
    include_closures();
    index();
    Relevance result{std::vector<char>(plan_.sources.size()), std::vector<char>(plan_.headers.size())};
    if (!mark()) return result;
    std::vector<char> needed(scanned_.size());
    for (PieceId id = 0; id < marked_.size(); ++id)
      if (marked_[id]) needed[file_of_[id]] = true;
    for (size_t i = 0; i < plan_.sources.size(); ++i) result.sources[i] = needed[by_real_.at(plan_.real[plan_.sources[i].file])];
    for (size_t i = 0; i < plan_.headers.size(); ++i) result.headers[i] = needed[by_real_.at(plan_.real[plan_.headers[i].file])];
    add_includers(needed, result);
    return result;
  }

 private:
  // The files that each source is made of. Headers that were not named are read on the way.
  void include_closures() {
    std::map<SearchPath, uint32_t> paths;
    std::map<std::pair<uint32_t, uint32_t>, std::vector<uint32_t>> edges;  // by search path and file
    for (const PlannedUnit& unit : plan_.sources) {
      const SearchPath path = search_path_of(unit.command);
      const uint32_t number = paths.try_emplace(path, uint32_t(paths.size())).first->second;
      std::vector<uint32_t> open{by_real_.at(plan_.real[unit.file])};
      for (const std::string& forced : path.forced)
        if (uint32_t file = scan(resolver_.resolve({forced, false}, {}, path)); file != facts::none) open.push_back(file);
      std::vector<char> seen;
      std::vector<uint32_t> closure;
      while (!open.empty()) {
        const uint32_t file = open.back();
        open.pop_back();
        if (file >= seen.size()) seen.resize(std::max<size_t>(scanned_.size(), file + 1));
        if (seen[file]) continue;
        seen[file] = true;
        closure.push_back(file);
        auto [it, is_new] = edges.try_emplace({number, file});
        if (is_new) {
          std::vector<uint32_t> found;
          for (size_t i = 0; i < scanned_[file].outline.includes.size(); ++i) {
            const Include include = scanned_[file].outline.includes[i];
            if (uint32_t to = scan(resolver_.resolve(include, scanned_[file].real, path)); to != facts::none) found.push_back(to);
          }
          it->second = std::move(found);
        }
        open.insert(open.end(), it->second.begin(), it->second.end());
      }
      closures_.push_back(std::move(closure));
    }
  }

  uint32_t scan(const std::string& real) {
    if (real.empty()) return facts::none;
    auto [it, is_new] = by_real_.try_emplace(real, uint32_t(scanned_.size()));
    if (is_new) {
      auto bytes = source::read_bytes(real, 4u << 20);
      ScannedFile& file = scanned_.emplace_back(ScannedFile{real, bytes ? std::move(*bytes) : std::string(), {}, true});
      file.outline = outline_of(file.text);
    }
    return it->second;
  }

  void index() {
    for (uint32_t file = 0; file < scanned_.size(); ++file)
      for (const Piece& piece : scanned_[file].outline.pieces) {
        const PieceId id = PieceId(pieces_.size());
        pieces_.push_back(&piece);
        file_of_.push_back(file);
        for (std::string_view name : piece.names) defined_[name].push_back(id);
      }
    marked_.assign(pieces_.size(), false);
  }

  // Marks the pieces that matter; false when nothing starts anything.
  bool mark() {
    std::vector<PieceId> down, global_ones;
    for (PieceId id = 0; id < pieces_.size(); ++id) {
      uint8_t marks = nothing;
      for (std::string_view word : pieces_[id]->words) marks |= words_.mark_of(word, scanned_[file_of_[id]].cpp);
      if (marks & starting) down.push_back(id);
      else if (marks & global) global_ones.push_back(id);
    }
    if (down.empty()) return false;
    std::vector<PieceId> up = down;
    follow_down(std::move(down));
    follow_up(std::move(up));
    for (PieceId id : global_ones) marked_[id] = true;
    return true;
  }

  // What these mention, and so on.
  void follow_down(std::vector<PieceId> open) {
    for (PieceId id : open) marked_[id] = true;
    while (!open.empty()) {
      const PieceId id = open.back();
      open.pop_back();
      for (std::string_view word : pieces_[id]->words) {
        auto it = defined_.find(word);
        if (it == defined_.end()) continue;
        for (PieceId to : it->second)
          if (!marked_[to]) marked_[to] = true, open.push_back(to);
      }
    }
  }

  // What mentions these, and so on.
  void follow_up(std::vector<PieceId> open) {
    std::unordered_map<std::string_view, std::vector<PieceId>> mentions;
    for (PieceId id = 0; id < pieces_.size(); ++id)
      for (std::string_view word : pieces_[id]->words)
        if (defined_.contains(word)) mentions[word].push_back(id);
    std::vector<char> seen(pieces_.size());
    for (PieceId id : open) seen[id] = true;
    while (!open.empty()) {
      const PieceId id = open.back();
      open.pop_back();
      marked_[id] = true;
      for (std::string_view name : pieces_[id]->names) {
        auto it = mentions.find(name);
        if (it == mentions.end()) continue;
        for (PieceId from : it->second)
          if (!seen[from]) seen[from] = true, open.push_back(from);
        it->second.clear();
      }
    }
  }

  // A header is seen through a source: where none that includes it is needed anyway, through the first.
  void add_includers(const std::vector<char>& needed, Relevance& result) const {
    std::vector<char> covered(scanned_.size());
    for (size_t unit = 0; unit < closures_.size(); ++unit)
      if (result.sources[unit])
        for (uint32_t file : closures_[unit]) covered[file] = true;
    for (size_t unit = 0; unit < closures_.size(); ++unit) {
      if (result.sources[unit]) continue;
      const bool adds = std::ranges::any_of(closures_[unit], [&](uint32_t file) { return needed[file] && !covered[file]; });
      if (!adds) continue;
      result.sources[unit] = true;
      for (uint32_t file : closures_[unit]) covered[file] = true;
    }
  }

  const std::vector<source::File>& files_;
  const Plan& plan_;
  const Words words_;
  Resolver resolver_;
  std::deque<ScannedFile> scanned_;  // outlines hold views into it
  std::vector<uint32_t> given_;
  std::unordered_map<std::string, uint32_t> by_real_;
  std::vector<std::vector<uint32_t>> closures_;  // by source
  std::vector<const Piece*> pieces_;
  std::vector<uint32_t> file_of_;
  std::unordered_map<std::string_view, std::vector<PieceId>> defined_;
  std::vector<char> marked_;
};

}  // namespace

Relevance relevance_of(const std::vector<source::File>& files, const Plan& plan, const knowledge::Knowledge& knowledge, unsigned jobs) {
  return Relevant(files, plan, knowledge, jobs).run();
}

}  // namespace forklint::units
