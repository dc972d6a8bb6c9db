// Answers of forklint-clang, kept from run to run in a folder of the user's, so that only what changed is parsed again. An answer
// holds while each file that Clang read for it, system headers too, has the size and the time of change that it had then, and
// nothing is where it looked in vain; the command, the frontend and the variables that change its search paths are part of its name.
#pragma once

#include <chrono>
#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "analyzer/frontends/cpp/protocol.h"

namespace forklint::units {

struct FileState {
  uint64_t size = 0;
  int64_t changed = 0;  // nanoseconds
  bool operator==(const FileState&) const = default;
};

// What files were like when they were first asked for: many answers are made from the same headers. Thread-safe.
class FileStates {
 public:
  // None where there is no file.
  std::optional<FileState> of(std::string_view path);

 private:
  struct Part {
    std::mutex mutex;
    std::unordered_map<std::string, std::optional<FileState>> known;
  };
  std::array<Part, 16> parts_;
};

// Thread-safe. Whatever goes wrong with the folder, an answer is then just not there. Cost of find(): one stat for each file that
// `states` does not know.
class Cache {
 public:
  // An empty folder keeps nothing.
  Cache(std::string folder, const std::string& frontend);

  std::optional<frontends::cpp::Unit> find(const frontends::cpp::Command& command, FileStates& states) const;
  // `asked`: from then on a file may have changed after it was read, and the answer is not kept.
  void keep(const frontends::cpp::Command& command, const frontends::cpp::Unit& unit, std::chrono::system_clock::time_point asked, FileStates& states) const;
  // Removes the answers that were not used for longest, above a limit of bytes, and those of two months ago.
  void trim(uint64_t most_bytes = 512u << 20) const;

 private:
  std::string path_of(const frontends::cpp::Command& command) const;

  std::string folder_;
  std::string salt_;  // what all answers of this run depend on
};

// $XDG_CACHE_HOME/forklint/units, or below ~/.cache; "" where there is no home.
std::string cache_folder();

}  // namespace forklint::units
