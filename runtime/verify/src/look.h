// One look at every thread of a tree of processes, from /proc. Internal.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace forklint::verify {

struct ThreadLook {
  int tid = 0;
  char state = '?';
  long call = -1;  // number of the system call that it sleeps in; -1: none, or not to be seen
  std::array<uint64_t, 6> arguments{};
  uint64_t switches = 0;  // how often it was scheduled away, of its own will or not

  bool operator==(const ThreadLook&) const = default;
};

struct ProcessLook {
  int pid = 0;         // here
  int inner = 0;       // as the program sees it
  int parent = 0;      // here
  bool hidden = false; // its system calls may not be read
  std::vector<ThreadLook> threads;

  bool operator==(const ProcessLook&) const = default;
};

// Living processes only. About 0.1 ms a thread.
std::vector<ProcessLook> look_at(const std::vector<int>& pids);

// What a descriptor is: "pipe:[123]", "socket:[124]", "/dev/null"; "" when it is closed or hidden.
std::string descriptor(int pid, int fd);
struct OpenFile {
  int fd = 0;
  std::string target;
  bool writes = false;
  bool reads = false;
};
std::vector<OpenFile> open_files(int pid);
std::vector<int> epoll_targets(int pid, int fd);
bool timer_is_armed(int pid, int fd);  // of a timerfd
// Bytes of its memory; empty when they cannot be read.
std::string memory(int pid, uint64_t address, size_t size);
std::string read_text(const std::string& path);
// Whether it has a handler for this signal: without one the signal would end it.
bool handles(int pid, int signal);

enum class Socket { unknown, unix, listening, connected };
Socket socket_kind(int pid, const std::string& target);

}  // namespace forklint::verify
