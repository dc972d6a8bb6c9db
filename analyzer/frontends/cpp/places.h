// Which file something stands in, and where in it the user wrote it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <clang/Basic/SourceManager.h>
#include <llvm/ADT/DenseMap.h>

#include "analyzer/facts/facts.h"

namespace forklint::frontends::cpp {

class Places {
 public:
  // Paths below `root` are told relative to it.
  Places(const clang::SourceManager& sources, const clang::LangOptions& language, std::string root);

  // Where code from a macro stands: its use, or the argument that the user wrote.
  bool in_system(clang::SourceLocation location) const;
  // The file of the user that holds it, none for system headers and what has no file.
  const clang::FileEntry* file_of(clang::SourceLocation location) const;
  std::string path_of(clang::SourceLocation location) const;
  std::string path_of(const clang::FileEntry* file, llvm::StringRef name) const;
  // The bytes of a range in a file; where the range comes from another file, where that one is included.
  facts::Span span(const clang::FileEntry* file, clang::SourceRange range) const;
  facts::Span token(const clang::FileEntry* file, clang::SourceLocation location) const { return span(file, {location, location}); }
  const clang::SourceManager& sources() const { return sources_; }
  const clang::LangOptions& language() const { return language_; }

 private:
  std::optional<uint32_t> offset(const clang::FileEntry* file, clang::SourceLocation location, bool end) const;

  const clang::SourceManager& sources_;
  const clang::LangOptions& language_;
  std::string root_;
  mutable llvm::DenseMap<clang::FileID, const clang::FileEntry*> entries_;
  mutable llvm::DenseMap<const clang::FileEntry*, uint32_t> marks_;  // bytes of a byte order mark
};

}  // namespace forklint::frontends::cpp
