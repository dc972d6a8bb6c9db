#include "proc_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <unordered_set>

#include "forklint/runtime/fd.h"
#include "pidfd.h"

namespace forklint::runtime {
namespace {

constexpr int level_bits = 20;
constexpr int levels = 3;
constexpr uint64_t level_mask = (1ull << level_bits) - 1;
constexpr uint64_t mark_tag = 0x5ull << 60;
constexpr uint64_t tag_mask = 0xfull << 60;

std::vector<int> numbers_in(const std::string& folder) {
  std::vector<int> numbers;
  DIR* listing = ::opendir(folder.c_str());
  if (!listing) return numbers;
  while (const dirent* entry = ::readdir(listing)) {
    int number = std::atoi(entry->d_name);
    if (number > 0) numbers.push_back(number);
  }
  ::closedir(listing);
  return numbers;
}

// Who has whom for a parent, in one walk of a tree. A kernel with "children" files is asked process by process, which costs what the tree
// has; one without is read whole, once, which costs what the machine has.
class Parents {
 public:
  // Those that still are its children when they are asked themselves. threads: how many it has, 0 when that is not known.
  std::vector<Member> children_of(int pid, int threads) {
    static const bool has_children_files = ::access(("/proc/self/task/" + std::to_string(::getpid()) + "/children").c_str(), R_OK) == 0;
    if (has_children_files) return children_in_files(pid, threads);
    if (!all_) all_ = everybody();
    auto [begin, end] = std::ranges::equal_range(*all_, pid, {}, &Member::parent);
    return {begin, end};
  }

 private:
  static std::vector<Member> everybody() {
    std::vector<Member> all;
    for (int pid : numbers_in("/proc")) {
      if (auto stat = read_stat(pid)) all.push_back({pid, stat->parent, *stat});
    }
    std::ranges::sort(all, {}, [](const Member& it) { return std::pair(it.parent, it.pid); });
    return all;
  }

  static std::vector<Member> children_in_files(int pid, int threads) {
    std::vector<Member> found;
    std::string tasks = "/proc/" + std::to_string(pid) + "/task";
    for (int task : threads == 1 ? std::vector{pid} : numbers_in(tasks)) {
      std::string text = read_proc_file(tasks + "/" + std::to_string(task) + "/children");
      const char* at = text.data();
      const char* end = at + text.size();
      while (at < end) {
        int child = 0;
        auto [next, error] = std::from_chars(at, end, child);
        auto stat = error == std::errc() ? read_stat(child) : std::nullopt;
        if (stat && stat->parent == pid) found.push_back({child, pid, *stat});
        at = next + 1;
      }
    }
    return found;
  }

  std::optional<std::vector<Member>> all_;  // by parent
};

// Direct children of this process: the child itself and what was re-parented to us.
bool belongs(int pid, const ProcStat& stat, const TreeKey& key) {
  if (pid == key.root && !key.reaped) return true;
  if (key.mark.value != 0) return has_mark(pid, key.mark);
  return !key.reaped && (stat.session == key.root || stat.group == key.root);
}

}  // namespace

std::string read_proc_file(const std::string& path) {
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  if (!file.open()) return text;
  char buffer[4096];
  for (;;) {
    ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    if (got <= 0) return text;
    text.append(buffer, size_t(got));
  }
}

uint64_t status_field(const std::string& status, const char* name) {
  size_t at = status.find(std::string("\n") + name + ":");
  if (at == std::string::npos) return 0;
  return std::strtoull(status.c_str() + at + std::strlen(name) + 2, nullptr, 10);
}

std::optional<ProcStat> read_stat(int pid) {
  std::string text = read_proc_file("/proc/" + std::to_string(pid) + "/stat");
  size_t name_end = text.rfind(')');  // a program's name may hold anything, parentheses and spaces too
  if (name_end == std::string::npos || name_end + 2 >= text.size()) return std::nullopt;
  ProcStat stat;
  char* at = text.data() + name_end + 2;
  stat.state = *at++;
  // Fields from the fourth on: ppid pgrp session tty_nr ... num_threads is the 20th, starttime the 22nd.
  for (int field = 4; field <= 22; field++) {
    int64_t value = std::strtoll(at, &at, 10);
    if (field == 4) stat.parent = int(value);
    if (field == 5) stat.group = int(value);
    if (field == 6) stat.session = int(value);
    if (field == 20) stat.threads = int(value);
    if (field == 22) stat.start = uint64_t(value);
  }
  return stat;
}

Mark next_mark() {
  static std::atomic<uint64_t> counter{0};
  rlimit own{};
  if (::getrlimit(RLIMIT_LOCKS, &own) != 0 || own.rlim_max != RLIM_INFINITY) return {};
  bool marked = own.rlim_cur != RLIM_INFINITY && (own.rlim_cur & tag_mask) == mark_tag;
  uint64_t outer = marked ? own.rlim_cur : mark_tag;
  int level = 0;
  while (level < levels && ((outer >> (level * level_bits)) & level_mask) != 0) level++;
  if (level == levels) return {};
  uint64_t id = counter.fetch_add(1, std::memory_order_relaxed) % level_mask + 1;  // never 0, a million launches apart
  return {outer | id << (level * level_bits), tag_mask | ((1ull << ((level + 1) * level_bits)) - 1)};
}

bool has_mark(int pid, const Mark& mark) {
  rlimit limit{};
  if (mark.value == 0 || ::prlimit(pid, RLIMIT_LOCKS, nullptr, &limit) != 0) return false;
  return limit.rlim_cur != RLIM_INFINITY && (limit.rlim_cur & mark.mask) == mark.value;
}

std::vector<Member> find_tree(const TreeKey& key) {
  const int self = ::getpid();
  std::vector<Member> members;
  std::unordered_set<int> known;
  Parents parents;
  for (const Member& child : parents.children_of(self, 0)) {
    if (belongs(child.pid, child.stat, key) && known.insert(child.pid).second) members.push_back(child);
  }
  std::ranges::partition(members, [&](const Member& member) { return member.pid == key.root; });
  for (size_t i = 0; i < members.size(); i++) {
    if (!alive(members[i])) continue;
    for (const Member& child : parents.children_of(members[i].pid, members[i].stat.threads)) {
      if (known.insert(child.pid).second) members.push_back(child);
    }
  }
  return members;
}

bool alive(const Member& member) { return (member.stat.state != 'Z' && member.stat.state != 'X') || member.stat.threads > 1; }

bool send_signal(const Member& member, int number) {
  Fd pidfd(open_pidfd(member.pid));
  if (!pidfd.open()) return false;
  auto now = read_stat(member.pid);
  if (!now || now->start != member.stat.start) return false;
  return signal_pidfd(pidfd.get(), number) == 0;
}

void reap(const Member& member) {
  Fd pidfd(open_pidfd(member.pid));
  auto now = read_stat(member.pid);
  if (!pidfd.open() || !now || now->start != member.stat.start) return;
  siginfo_t info{};
  ::waitid(idtype_t(P_PIDFD), id_t(pidfd.get()), &info, WEXITED | WNOHANG | __WALL);
}

}  // namespace forklint::runtime
