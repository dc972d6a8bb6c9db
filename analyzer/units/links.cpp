#include "analyzer/units/links.h"

#include <algorithm>

namespace forklint::units {
namespace {

bool intersect(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b) {
  if (a.size() > b.size()) return intersect(b, a);
  if (a.size() * 16 < b.size()) return std::ranges::any_of(a, [&](uint32_t unit) { return std::ranges::binary_search(b, unit); });
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    if (a[i] == b[j]) return true;
    a[i] < b[j] ? ++i : ++j;
  }
  return false;
}

}  // namespace

Links::Links(const std::vector<LinkedFile>& files, const std::set<std::string_view>& asked) : files_(files) {
  for (FileId file = 0; file < files.size(); ++file)
    for (const Piece& piece : files[file].outline->pieces) {
      const PieceId id = PieceId(pieces_.size());
      pieces_.push_back(&piece);
      file_of_.push_back(file);
      for (std::string_view name : piece.names)
        if (name != "operator") defined_[name].push_back(id);  // nobody uses one by that word
    }
  auto add = [](auto& list, auto value) {
    if (list.empty() || list.back() != value) list.push_back(value);
  };
  for (PieceId id = 0; id < pieces_.size(); ++id) {
    const Piece& piece = *pieces_[id];
    const FileId file = file_of_[id];
    const bool declares = piece.names.empty(), uses = declares && std::ranges::binary_search(piece.words, Word{"using", {}});
    for (const Word& word : piece.words) {
      if (word.before != "std" && defined_.contains(word.name)) add(mentions_[word.name], id);
      if (declares) add(declared_[word.name], file);
      if (asked.contains(word.name)) add(asked_[word.name], file);
      if (uses && asked.contains(word.before)) add(asked_[word.before], file);
    }
    for (std::string_view name : piece.declares) add(declared_[name], file), add(by_itself_[name], file);
    for (std::string_view name : piece.names) add(declared_[name], file);
  }
}

bool Links::share_unit(FileId one, FileId other) const { return one == other || intersect(files_[one].units, files_[other].units); }

bool Links::defines(FileId file, std::string_view name) const {
  auto it = defined_.find(name);
  return it != defined_.end() && std::ranges::any_of(it->second, [&](PieceId id) { return file_of_[id] == file; });
}

bool Links::declares(FileId file, std::string_view name) const {
  auto it = by_itself_.find(name);
  return it != by_itself_.end() && std::ranges::binary_search(it->second, file);
}

bool Links::sees(FileId file, std::string_view word) const {
  auto it = asked_.find(word);
  return it != asked_.end() && std::ranges::any_of(it->second, [&](FileId other) { return share_unit(file, other); });
}

bool Links::linked(FileId user, FileId definer, std::string_view name) const {
  if (share_unit(user, definer)) return true;
  bool seen = false;
  if (auto it = declared_.find(name); it != declared_.end())
    for (FileId header : it->second) {
      if (!share_unit(user, header)) continue;
      seen = true;
      if (share_unit(definer, header)) return true;
      // By itself: `int child(void);` in a source.
      if (header == user && !defines(user, name) && declares(user, name)) return true;
    }
  return !seen && !files_[user].cpp;  // C of before 1999 declares what it calls by calling it
}

std::vector<PieceId> Links::down(std::vector<PieceId> pieces, bool once) const {
  std::vector<char> seen(size());
  for (PieceId id : pieces) seen[id] = true;
  std::set<std::pair<FileId, std::string_view>> followed;  // the same for all of a file
  const size_t given = pieces.size();
  for (size_t i = 0; i < (once ? given : pieces.size()); ++i) {
    const FileId user = file_of_[pieces[i]];
    for (const Word& word : piece(pieces[i]).words) {
      auto it = defined_.find(word.name);
      if (it == defined_.end() || word.before == "std" || !followed.emplace(user, word.name).second) continue;
      for (PieceId to : it->second)
        if (!seen[to] && linked(user, file_of_[to], word.name)) seen[to] = true, pieces.push_back(to);
    }
  }
  return pieces;
}

std::vector<PieceId> Links::up(std::vector<PieceId> pieces) const {
  std::vector<char> seen(size());
  for (PieceId id : pieces) seen[id] = true;
  std::set<std::pair<FileId, std::string_view>> followed;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const FileId definer = file_of_[pieces[i]];
    for (std::string_view name : piece(pieces[i]).names) {
      auto it = mentions_.find(name);
      if (it == mentions_.end() || !followed.emplace(definer, name).second) continue;
      for (PieceId from : it->second)
        if (!seen[from] && linked(file_of_[from], definer, name)) seen[from] = true, pieces.push_back(from);
    }
  }
  return pieces;
}

}  // namespace forklint::units
