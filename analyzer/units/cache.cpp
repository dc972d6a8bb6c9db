#include "analyzer/units/cache.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

#include <llvm/ADT/StringExtras.h>
#include <llvm/Support/CachePruning.h>
#include <llvm/Support/Error.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Support/xxhash.h>

#include "analyzer/source/file.h"

namespace forklint::units {
namespace {

namespace fs = std::filesystem;
using frontends::cpp::Command;
using frontends::cpp::Unit;

constexpr std::string_view magic = "forklint units 3\n";
constexpr size_t largest_answer = 64u << 20;

constexpr FileState absent{UINT64_MAX, 0};  // in an answer

std::optional<FileState> state_of(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) return {};
  return FileState{uint64_t(status.st_size), int64_t(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec};
}

// An answer as it lies in its file: what it depends on, then the bytes of the protocol.
template <class T>
void put(std::string& to, T value) { to.append(reinterpret_cast<const char*>(&value), sizeof value); }

template <class T>
bool take(std::string_view& from, T& value) {
  if (from.size() < sizeof value) return false;
  std::memcpy(&value, from.data(), sizeof value);
  from.remove_prefix(sizeof value);
  return true;
}

std::vector<std::string> files_of(const Command& command, const Unit& unit) {
  std::vector<std::string> files = unit.system_reads;
  for (const std::string& path : unit.reads) files.push_back(path.starts_with('/') ? path : command.root + "/" + path);
  return files;
}

// The rest of the bytes, when every file is as it was.
std::optional<std::string_view> still_holds(std::string_view bytes, FileStates& states) {
  if (!bytes.starts_with(magic)) return {};
  bytes.remove_prefix(magic.size());
  uint32_t count = 0;
  if (!take(bytes, count)) return {};
  for (; count > 0; --count) {
    uint32_t length = 0;
    FileState then;
    if (!take(bytes, length) || length > bytes.size()) return {};
    const std::string_view path = bytes.substr(0, length);
    bytes.remove_prefix(length);
    if (!take(bytes, then.size) || !take(bytes, then.changed) || states.of(path).value_or(absent) != then) return {};
  }
  return bytes;
}

}  // namespace

std::optional<FileState> FileStates::of(std::string_view path) {
  const std::string key(path);
  Part& part = parts_[std::hash<std::string_view>()(path) / 7 % parts_.size()];
  const std::lock_guard lock(part.mutex);
  auto [it, is_new] = part.known.try_emplace(key);
  if (is_new) it->second = state_of(key);
  return it->second;
}

std::string cache_folder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && *cache == '/') return std::string(cache) + "/forklint/units";
  const char* home = std::getenv("HOME");
  return home && *home == '/' ? std::string(home) + "/.cache/forklint/units" : std::string();
}

Cache::Cache(std::string folder, const std::string& frontend) : folder_(std::move(folder)) {
  const std::optional<FileState> program = state_of(frontend);
  if (!program) folder_.clear();
  if (folder_.empty()) return;
  salt_ = frontend;
  put(salt_, *program);
  for (const char* name : {"CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH"})
    if (const char* value = std::getenv(name)) salt_.append(name).append(value);
  std::error_code error;
  fs::create_directories(folder_, error);
  fs::permissions(folder_, fs::perms::owner_all, error);
}

std::string Cache::path_of(const Command& command) const {
  const std::string name = salt_ + to_bytes(command);
  const llvm::XXH128_hash_t hash = llvm::xxh3_128bits({reinterpret_cast<const uint8_t*>(name.data()), name.size()});
  // LLVM prunes files that are called so.
  return folder_ + "/llvmcache-" + llvm::utohexstr(hash.high64, true, 16) + llvm::utohexstr(hash.low64, true, 16);
}

std::optional<Unit> Cache::find(const Command& command, FileStates& states) const {
  if (folder_.empty()) return {};
  const std::string path = path_of(command);
  auto bytes = source::read_bytes(path, largest_answer);
  auto answer = bytes ? still_holds(*bytes, states) : std::nullopt;
  if (!answer) return {};
  auto unit = frontends::cpp::unit_from(*answer);
  if (!unit) return {};
  ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);  // used now
  return std::move(*unit);
}

void Cache::keep(const Command& command, const Unit& unit, std::chrono::system_clock::time_point asked, FileStates& states) const {
  if (folder_.empty()) return;
  const int64_t latest = std::chrono::duration_cast<std::chrono::nanoseconds>(asked.time_since_epoch()).count();
  std::string bytes(magic);
  const std::vector<std::string> files = files_of(command, unit);
  auto depends = [&](const std::string& path, const FileState& state) {
    put(bytes, uint32_t(path.size()));
    bytes += path;
    put(bytes, state.size);
    put(bytes, state.changed);
  };
  put(bytes, uint32_t(files.size() + unit.absent.size()));
  for (const std::string& path : files) {
    auto state = states.of(path);
    if (!state || state->changed >= latest) return;
    depends(path, *state);
  }
  for (const std::string& path : unit.absent) {
    if (states.of(path)) return;
    depends(path, absent);
  }
  bytes += to_bytes(unit);
  if (bytes.size() > largest_answer) return;
  // Whole or not at all, whoever else writes it.
  llvm::consumeError(llvm::writeToOutput(path_of(command), [&](llvm::raw_ostream& out) {
    out << bytes;
    return llvm::Error::success();
  }));
}

void Cache::trim(uint64_t most_bytes) const {
  if (folder_.empty()) return;
  llvm::pruneCache(folder_, {.Interval = std::chrono::seconds(0), .Expiration = std::chrono::hours(24 * 60), .MaxSizePercentageOfAvailableSpace = 50, .MaxSizeBytes = most_bytes});
}

}  // namespace forklint::units
