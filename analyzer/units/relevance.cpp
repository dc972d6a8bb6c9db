#include "analyzer/units/relevance.h"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <unordered_map>

#include "analyzer/source/parallel.h"
#include "analyzer/units/includes.h"
#include "analyzer/units/links.h"
#include "analyzer/units/marks.h"

namespace forklint::units {
namespace {

struct ScannedFile {
  std::string real;
  std::string text;  // of a header that nobody named
  Outline outline;
  bool cpp = false;
};

class Relevant {
 public:
  Relevant(const std::vector<source::File>& files, const Plan& plan, const knowledge::Knowledge& knowledge, unsigned jobs)
      : files_(files), plan_(plan), marks_(knowledge.natives()) {
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
    Relevance result{std::vector<char>(plan_.sources.size()), std::vector<char>(plan_.headers.size())};
    const std::vector<char> needed = needed_files();
    if (needed.empty()) return result;
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

  std::vector<LinkedFile> linked_files() const {
    std::vector<LinkedFile> files;
    for (const ScannedFile& file : scanned_) files.push_back({&file.outline, file.cpp, {}});
    for (uint32_t unit = 0; unit < closures_.size(); ++unit)
      for (uint32_t file : closures_[unit]) files[file].units.push_back(unit);
    for (uint32_t file = 0; file < files.size(); ++file)
      if (files[file].units.empty()) files[file].units.push_back(uint32_t(closures_.size()) + file);
    return files;
  }

  // By file; empty when nothing starts anything.
  std::vector<char> needed_files() const {
    const std::vector<LinkedFile> files = linked_files();
    const Links links(files, marks_.qualifiers());
    std::vector<uint8_t> marks(links.size());
    auto with = [&](uint8_t any) {
      std::vector<PieceId> pieces;
      for (PieceId id = 0; id < links.size(); ++id)
        if (marks[id] & any) pieces.push_back(id);
      return pieces;
    };
    for (PieceId id = 0; id < links.size(); ++id) marks[id] = marks_.of(links, id, scanned_[links.file_of(id)].cpp);
    const std::vector<PieceId> starting = with(forking | spawning | threading);
    if (starting.empty()) return {};
    std::vector<char> wanted(links.size()), to_lock(links.size());
    auto want = [&](const std::vector<PieceId>& pieces) {
      for (PieceId id : pieces) wanted[id] = true;
    };
    // Whatever a child may run, and who calls what starts something.
    want(links.down(with(forking)));
    want(links.up(starting));
    want(with(global));
    // Of what threads run: what they begin with, and the way to locks.
    for (PieceId id : links.up(with(locking | forking | threading))) to_lock[id] = true;
    std::vector<PieceId> entries = links.down(with(threading), true);
    want(entries);
    for (PieceId id : links.down(std::move(entries)))
      if (to_lock[id]) wanted[id] = true;
    std::vector<char> needed(scanned_.size());
    for (PieceId id = 0; id < links.size(); ++id)
      if (wanted[id]) needed[links.file_of(id)] = true;
    return needed;
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
  const Marks marks_;
  Resolver resolver_;
  std::deque<ScannedFile> scanned_;  // outlines hold views into it
  std::vector<uint32_t> given_;
  std::unordered_map<std::string, uint32_t> by_real_;
  std::vector<std::vector<uint32_t>> closures_;  // by source
};

}  // namespace

Relevance relevance_of(const std::vector<source::File>& files, const Plan& plan, const knowledge::Knowledge& knowledge, unsigned jobs) {
  return Relevant(files, plan, knowledge, jobs).run();
}

}  // namespace forklint::units
