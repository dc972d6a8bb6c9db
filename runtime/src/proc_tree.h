// Which processes belong to a tree, read from /proc. Internal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace forklint::runtime {

struct ProcStat {
  char state = '?';
  int parent = 0;
  int group = 0;
  int session = 0;
  int threads = 0;
  uint64_t start = 0;  // clock ticks since boot; with the pid it names one process for ever
};
std::optional<ProcStat> read_stat(int pid);
std::string read_proc_file(const std::string& path);
// The value of "name:  123 kB" in /proc/pid/status, without a unit.
uint64_t status_field(const std::string& status, const char* name);

// A mark is a number in RLIMIT_LOCKS with up to three levels of 20 bits: a marked program that launches trees of its own
// adds a level, so that what it leaves behind is still known as its launcher's.
struct Mark {
  uint64_t value = 0;  // 0: no room for one
  uint64_t mask = 0;
};
Mark next_mark();
bool has_mark(int pid, const Mark& mark);

struct TreeKey {
  int root = 0;           // the child
  bool reaped = false;    // then its number may be another's
  Mark mark;
};

struct Member {
  int pid = 0;
  int parent = 0;
  ProcStat stat;
};
// Zombies included. Children before their descendants. The kernel gives no snapshot: a caller repeats until nothing changes.
std::vector<Member> find_tree(const TreeKey& key);
// One whose first thread has ended is called a zombie while its other threads still run; there is no status to take yet.
bool alive(const Member& member);
// By pidfd, after looking again that this is still the process that was found.
bool send_signal(const Member& member, int number);
// Takes the status of a member that is our own child and has ended.
void reap(const Member& member);

}  // namespace forklint::runtime
