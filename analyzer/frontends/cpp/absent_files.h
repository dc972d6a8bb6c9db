// What is not there where Clang looks for headers: an answer is another one once it is.
#pragma once

#include <set>
#include <string>

#include <llvm/Support/VirtualFileSystem.h>

namespace forklint::frontends::cpp {

class AbsentFiles : public llvm::vfs::ProxyFileSystem {
 public:
  using ProxyFileSystem::ProxyFileSystem;

  llvm::ErrorOr<llvm::vfs::Status> status(const llvm::Twine& path) override;
  llvm::ErrorOr<std::unique_ptr<llvm::vfs::File>> openFileForRead(const llvm::Twine& path) override;
  bool exists(const llvm::Twine& path) override;

  // Absolute paths of files and folders.
  const std::set<std::string>& seen() const { return seen_; }

 private:
  void note(const llvm::Twine& path, std::error_code error);

  std::set<std::string> seen_;
};

}  // namespace forklint::frontends::cpp
