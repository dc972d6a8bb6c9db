// Which definitions a word may mean. In C and C++ a name can be used where its declaration is seen: a header that both the user
// and the definition include says it, or the user's own file declares it. So `run` here is not every `run` of the tree.
#pragma once

#include <cstdint>
#include <set>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analyzer/units/outline.h"

namespace forklint::units {

using PieceId = uint32_t;
using FileId = uint32_t;

// A file of the tree, or a header that one includes.
struct LinkedFile {
  const Outline* outline = nullptr;
  bool cpp = false;
  std::vector<uint32_t> units;  // that read it, ascending; a file that none reads is its own
};

class Links {
 public:
  // `asked`: the words that sees() will be asked for.
  Links(const std::vector<LinkedFile>& files, const std::set<std::string_view>& asked);

  size_t size() const { return pieces_.size(); }
  const Piece& piece(PieceId id) const { return *pieces_[id]; }
  FileId file_of(PieceId id) const { return file_of_[id]; }
  // These and what they mention; and so on, unless `once`.
  std::vector<PieceId> down(std::vector<PieceId> pieces, bool once = false) const;
  // These and what mentions them, and so on.
  std::vector<PieceId> up(std::vector<PieceId> pieces) const;
  // Whether a word that is asked for stands somewhere in the units that read the file, other than before `::`; `using std::thread;` counts.
  bool sees(FileId file, std::string_view word) const;

 private:
  bool share_unit(FileId one, FileId other) const;
  bool linked(FileId user, FileId definer, std::string_view name) const;
  bool defines(FileId file, std::string_view name) const;
  bool declares(FileId file, std::string_view name) const;

  const std::vector<LinkedFile>& files_;
  std::vector<const Piece*> pieces_;
  std::vector<FileId> file_of_;
  std::unordered_map<std::string_view, std::vector<PieceId>> defined_;   // by name
  std::unordered_map<std::string_view, std::vector<PieceId>> mentions_;  // of names that are defined
  std::unordered_map<std::string_view, std::vector<FileId>> declared_;   // the files with it outside of functions
  std::unordered_map<std::string_view, std::vector<FileId>> by_itself_;  // the files with a declaration of it that defines nothing
  std::unordered_map<std::string_view, std::vector<FileId>> asked_;      // the files with it anywhere
};

}  // namespace forklint::units
