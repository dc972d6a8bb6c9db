#include "analyzer/frontends/cpp/absent_files.h"

namespace forklint::frontends::cpp {

void AbsentFiles::note(const llvm::Twine& path, std::error_code error) {
  if (error != std::errc::no_such_file_or_directory && error != std::errc::not_a_directory) return;
  llvm::SmallString<256> whole;
  path.toVector(whole);
  if (!makeAbsolute(whole)) seen_.emplace(whole.str());
}

llvm::ErrorOr<llvm::vfs::Status> AbsentFiles::status(const llvm::Twine& path) {
  auto found = ProxyFileSystem::status(path);
  note(path, found.getError());
  return found;
}

llvm::ErrorOr<std::unique_ptr<llvm::vfs::File>> AbsentFiles::openFileForRead(const llvm::Twine& path) {
  auto found = ProxyFileSystem::openFileForRead(path);
  note(path, found.getError());
  return found;
}

bool AbsentFiles::exists(const llvm::Twine& path) {
  const bool found = ProxyFileSystem::exists(path);
  if (!found) note(path, std::make_error_code(std::errc::no_such_file_or_directory));
  return found;
}

}  // namespace forklint::frontends::cpp
