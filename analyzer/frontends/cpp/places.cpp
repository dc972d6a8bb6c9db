#include "analyzer/frontends/cpp/places.h"

#include <clang/Basic/FileManager.h>
#include <clang/Lex/Lexer.h>
#include <llvm/Support/Path.h>

namespace forklint::frontends::cpp {

using clang::FileEntry;
using clang::FileID;
using clang::SourceLocation;

Places::Places(const clang::SourceManager& sources, const clang::LangOptions& language, std::string root)
    : sources_(sources), language_(language), root_(std::move(root)) {
  while (root_.size() > 1 && root_.ends_with('/')) root_.pop_back();
}

bool Places::in_system(SourceLocation location) const {
  return location.isInvalid() || sources_.isInSystemHeader(sources_.getExpansionLoc(location));
}

const FileEntry* Places::file_of(SourceLocation location) const {
  if (in_system(location)) return nullptr;
  const FileID id = sources_.getFileID(sources_.getExpansionLoc(location));
  auto [it, added] = entries_.try_emplace(id, nullptr);
  if (!added) return it->second;
  const FileEntry* entry = nullptr;
  if (auto reference = sources_.getFileEntryRefForID(id)) {
    entry = &reference->getFileEntry();
    const bool marked = sources_.getBufferData(id).starts_with("\xef\xbb\xbf");
    marks_[entry] = marked ? 3 : 0;
  }
  return it->second = entry;
}

std::string Places::path_of(SourceLocation location) const {
  const FileID id = sources_.getFileID(sources_.getExpansionLoc(location));
  auto reference = sources_.getFileEntryRefForID(id);
  return reference ? path_of(&reference->getFileEntry(), reference->getName()) : std::string();
}

std::string Places::path_of(const FileEntry*, llvm::StringRef name) const {
  llvm::SmallString<256> path(name);
  sources_.getFileManager().makeAbsolutePath(path);
  llvm::sys::path::remove_dots(path, true);
  llvm::StringRef text = path;
  if (root_ != "/" && text.starts_with(root_) && text.size() > root_.size() && text[root_.size()] == '/') text = text.drop_front(root_.size() + 1);
  return text.str();
}

// The offset of a token's begin or end in `file`; none when the token is from elsewhere and not included there.
std::optional<uint32_t> Places::offset(const FileEntry* file, SourceLocation location, bool end) const {
  if (location.isInvalid()) return std::nullopt;
  SourceLocation at = location;
  if (location.isMacroID()) {
    const bool argument = sources_.isMacroArgExpansion(location) && file_of(sources_.getSpellingLoc(location)) == file;
    SourceLocation spelled = argument ? sources_.getFileLoc(location) : SourceLocation();
    if (spelled.isValid() && sources_.getFileID(spelled) == sources_.getFileID(sources_.getExpansionLoc(location))) at = spelled;
    else at = end ? sources_.getExpansionRange(location).getEnd() : sources_.getExpansionLoc(location);
  }
  FileID id = sources_.getFileID(at);
  for (int depth = 0; file_of(at) != file; ++depth) {
    at = sources_.getIncludeLoc(id);
    if (at.isInvalid() || depth > 200) return std::nullopt;
    id = sources_.getFileID(at);
  }
  uint32_t result = sources_.getFileOffset(at);
  if (end) result += clang::Lexer::MeasureTokenLength(at, sources_, language_);
  const uint32_t mark = marks_.lookup(file);
  return result > mark ? result - mark : 0;
}

facts::Span Places::span(const FileEntry* file, clang::SourceRange range) const {
  auto begin = offset(file, range.getBegin(), false);
  auto end = offset(file, range.getEnd(), true);
  if (!begin && !end) return {};
  if (!begin) return {*end, *end};
  if (!end || *end < *begin) return {*begin, *begin};
  return {*begin, *end};
}

}  // namespace forklint::frontends::cpp
