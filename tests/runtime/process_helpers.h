// What the tests of processes count: descriptors, children, names in shared memory.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <thread>

#include "forklint/runtime/process.h"

namespace forklint::runtime {

inline size_t count_entries(const std::string& folder) {
  std::error_code error;
  return size_t(std::distance(std::filesystem::directory_iterator(folder, error), {}));
}

inline size_t count_descriptors() { return count_entries("/proc/self/fd"); }

inline std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Children of this process, zombies included.
inline size_t count_children() {
  size_t count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string text = read_file(task.path() / "children");
    count += size_t(std::ranges::count(text, ' '));
  }
  return count;
}

// "@" becomes a number that is this test run's own: two may run at a time.
inline std::string own(std::string text) {
  const std::string number = std::to_string(1'000'000 + ::getpid());
  for (size_t at = 0; (at = text.find('@', at)) != std::string::npos; at += number.size()) text.replace(at, 1, number);
  return text;
}

// Processes anywhere in the system whose command line holds the text.
inline size_t count_commands(const std::string& name_with_at) {
  const std::string text = own(name_with_at);
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != name.npos || name == std::to_string(::getpid())) continue;
    count += read_file(entry.path() / "cmdline").contains(text);
  }
  return count;
}

inline double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

inline Command shell(std::string script) { return {.argv = {"sh", "-c", own(std::move(script))}}; }

// Nothing may be left of a test: neither descriptors nor children.
struct Balance {
  size_t descriptors = count_descriptors();
  size_t children = count_children();
  bool even() const { return count_descriptors() == descriptors && count_children() == children; }
};

}  // namespace forklint::runtime
