#include "hang.h"

#include <sys/syscall.h>

#include <algorithm>

namespace forklint::verify {
namespace {

using Clock = std::chrono::steady_clock;

constexpr unsigned rounds_needed = 2;  // equal looks after the first
constexpr unsigned wakes_needed = 3;
constexpr double short_sleep = 1;  // seconds

struct Thread {
  size_t process = 0;
  size_t thread = 0;
  bool operator==(const Thread&) const = default;
};

// The tree at one moment: who could wake whom.
class Moment {
 public:
  Moment(const std::vector<ProcessLook>& processes, const std::vector<std::vector<Wait>>& waits, const std::map<std::string, int>& ends) : processes_(processes), waits_(waits), ends_(ends) {
    for (const ProcessLook& process : processes) files_.push_back(open_files(process.pid));
  }

  const Wait& wait(Thread at) const { return waits_[at.process][at.thread]; }

  // Threads that could end this wait; all others when that is not known.
  std::vector<Thread> wakers(Thread at) const {
    const Wait& wait = this->wait(at);
    std::vector<Thread> found;
    switch (wait.kind) {
      case Wait::lock: add_process(at.process, found); break;
      case Wait::child: add_children(at, wait.target, found); break;
      case Wait::read:
      case Wait::write:
      case Wait::poll: add_peers(at, wait, found); break;
      default: add_all(found); break;
    }
    std::erase(found, at);
    return found;
  }

  // Whether somebody outside of the tree could end this wait.
  bool waits_for_outside(Thread at, bool private_network) const {
    const Wait& wait = this->wait(at);
    int pid = processes_[at.process].pid;
    return std::ranges::any_of(wait.fds, [&](int fd) {
      std::string target = descriptor(pid, fd);
      if (target.starts_with("pipe:") || target.empty()) return false;
      if (target.starts_with("anon_inode:[timerfd]")) return timer_is_armed(pid, fd);
      if (target.starts_with("anon_inode:[eventpoll]") || target.starts_with("anon_inode:[eventfd]") || target.starts_with("anon_inode:[pidfd]")) return false;
      if (!target.starts_with("socket:")) return true;
      Socket kind = socket_kind(pid, target);
      return !(kind == Socket::unix || (kind == Socket::connected && private_network));
    });
  }

 private:
  void add_process(size_t process, std::vector<Thread>& found) const {
    for (size_t i = 0; i < processes_[process].threads.size(); i++) found.push_back({process, i});
  }
  void add_all(std::vector<Thread>& found) const {
    for (size_t p = 0; p < processes_.size(); p++) add_process(p, found);
  }
  void add_children(Thread at, int target, std::vector<Thread>& found) const {
    for (size_t p = 0; p < processes_.size(); p++) {
      bool wanted = target > 0 ? processes_[p].inner == target : processes_[p].parent == processes_[at.process].pid;
      if (wanted) add_process(p, found);
    }
  }
  void add_peers(Thread at, const Wait& wait, std::vector<Thread>& found) const {
    if (wait.fds.empty()) return add_all(found);
    for (int fd : wait.fds) {
      std::string target = descriptor(processes_[at.process].pid, fd);
      if (!target.starts_with("pipe:")) return found.clear(), add_all(found);
      if (add_ending(target, found)) continue;
      for (size_t p = 0; p < processes_.size(); p++) {
        bool other_end = std::ranges::any_of(files_[p], [&](const OpenFile& file) { return file.target == target && (wait.kind == Wait::write ? file.reads : file.writes); });
        if (other_end) add_process(p, found);
      }
    }
  }

  bool add_ending(const std::string& pipe, std::vector<Thread>& found) const {
    auto end = ends_.find(pipe);
    auto process = end == ends_.end() ? processes_.end() : std::ranges::find(processes_, end->second, &ProcessLook::inner);
    if (process == processes_.end()) return false;
    add_process(size_t(process - processes_.begin()), found);
    return true;
  }

  const std::vector<ProcessLook>& processes_;
  const std::vector<std::vector<Wait>>& waits_;
  const std::map<std::string, int>& ends_;
  std::vector<std::vector<OpenFile>> files_;
};

std::string name_of(const ProcessLook& process, const ThreadLook& thread, int main) {
  std::string text = "process " + std::to_string(process.inner) + (process.inner == main ? " (main)" : "");
  if (process.threads.size() > 1) text += thread.tid == process.pid ? ", main thread" : ", thread " + std::to_string(thread.tid - process.pid + process.inner);
  return text;
}

// From the main thread along whoever could help, until one is met again or nobody is left.
std::vector<std::string> chain(const std::vector<ProcessLook>& look, const Moment& moment, Thread from, int main) {
  std::vector<std::string> lines;
  std::vector<Thread> visited;
  for (Thread at = from; lines.size() < 12;) {
    const ProcessLook& process = look[at.process];
    std::string line = name_of(process, process.threads[at.thread], main) + " " + describe(moment.wait(at), process);
    if (moment.wait(at).kind == Wait::timed) return lines.push_back(line + " again and again, and its memory is each time the same"), lines;
    std::vector<Thread> wakers = moment.wakers(at);
    visited.push_back(at);
    if (wakers.empty()) return lines.push_back(line + ": nobody is left who could end this"), lines;
    // Who leads on rather than back, first of all another process.
    Thread next = *std::ranges::min_element(wakers, {}, [&](Thread next) { return std::ranges::count(visited, next) * 2 + (next.process == at.process); });
    bool closed = std::ranges::count(visited, next) > 0;
    lines.push_back(closed ? line + ", and so for " + name_of(look[next.process], look[next.process].threads[next.thread], main) + ", which waits above" : line);
    if (closed) return lines;
    at = next;
  }
  return lines;
}

std::vector<ProcessLook> forever_part(const std::vector<ProcessLook>& look, const std::vector<std::vector<Wait>>& waits) {
  std::vector<ProcessLook> part;
  for (size_t p = 0; p < look.size(); p++) {
    ProcessLook process = look[p];
    size_t at = 0;
    std::erase_if(process.threads, [&](const ThreadLook&) { return !waits[p][at++].forever(); });
    part.push_back(std::move(process));
  }
  return part;
}

}  // namespace

// A wait that was stopped and goes on is a call of its own, restart_syscall, with the arguments of the first.
void HangFinder::take_up(ThreadLook& thread) {
  if (thread.call < 0) return;
  auto [at, fresh] = calls_.try_emplace(thread.tid, thread.call, thread.arguments);
  if (thread.call != SYS_restart_syscall) at->second = {thread.call, thread.arguments};
  else if (!fresh && at->second.second == thread.arguments) thread.call = at->second.first;
}

void HangFinder::follow(const std::vector<ProcessLook>& seen) {
  last_ = seen;
  for (ProcessLook& process : last_)
    for (ThreadLook& thread : process.threads) take_up(thread);
  const std::vector<ProcessLook>& look = last_;
  waits_.clear();
  for (const ProcessLook& process : look) {
    auto& waits = waits_.emplace_back();
    for (const ThreadLook& thread : process.threads) waits.push_back(wait_of(process, thread));
  }
  std::vector<ProcessLook> part = forever_part(look, waits_);
  bool same = part == stable_;
  rounds_ = same ? rounds_ + 1 : 0;
  if (!same) sleepers_.clear();
  stable_ = std::move(part);
  for (size_t p = 0; p < look.size(); p++) {
    for (size_t t = 0; t < look[p].threads.size(); t++) {
      if (waits_[p][t].kind != Wait::timed) continue;
      const ThreadLook& thread = look[p].threads[t];
      auto [at, fresh] = sleepers_.try_emplace(thread.tid);
      if (!fresh && at->second.switches == thread.switches) continue;
      if (!fresh) at->second.wakes++;
      at->second.switches = thread.switches;
      at->second.since = Clock::now();
    }
  }
}

std::map<int, std::vector<std::string>> HangFinder::waits() const {
  std::map<int, std::vector<std::string>> lines;
  for (size_t p = 0; p < last_.size(); p++)
    for (size_t t = 0; t < last_[p].threads.size(); t++)
      lines[last_[p].inner].push_back(name_of(last_[p], last_[p].threads[t], 0) + " " + describe(waits_[p][t], last_[p]));
  return lines;
}

std::optional<Hang> HangFinder::step(const std::vector<ProcessLook>& seen, const HangQuestion& question) {
  follow(seen);
  const std::vector<ProcessLook>& look = last_;
  polling_.clear();
  if (look.empty() || rounds_ < rounds_needed || question.timers) return std::nullopt;

  // A thread that sleeps is not stuck, and ends the search unless it is no hope.
  std::vector<std::vector<bool>> stuck;
  std::optional<Thread> main;
  bool lone = false, orphan = false, recurs = false;
  for (size_t p = 0; p < look.size(); p++) {
    const ProcessLook& process = look[p];
    if (process.hidden) return std::nullopt;
    auto& row = stuck.emplace_back(process.threads.size(), true);
    bool polls = false;
    for (size_t t = 0; t < process.threads.size(); t++) {
      const Wait& wait = waits_[p][t];
      if (process.inner == question.main && process.threads[t].tid == process.pid) main = Thread{p, t};
      if (wait.forever()) continue;
      if (wait.kind == Wait::running) return polling_.clear(), std::nullopt;
      const Sleeper& sleeper = sleepers_[process.threads[t].tid];
      double slept = std::chrono::duration<double>(Clock::now() - sleeper.since).count();
      bool again = sleeper.wakes >= wakes_needed;
      if (!again && wait.seconds - slept <= question.seconds_left + 0.1) return polling_.clear(), std::nullopt;
      polls |= again && wait.seconds <= short_sleep;
      row[t] = again && question.recurring.contains(process.inner);
      recurs |= row[t];
    }
    if (polls) polling_.push_back(process);
    bool alone = process.threads.size() == 1 && waits_[p][0].kind == Wait::lock;
    lone |= alone;
    orphan |= question.orphans.contains(process.inner) && std::ranges::any_of(waits_[p], [](const Wait& wait) { return wait.kind == Wait::lock; });
  }
  if (question.main != 0 && !main) return std::nullopt;

  Moment moment(look, waits_, question.ends);
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t p = 0; p < look.size(); p++)
      for (size_t t = 0; t < look[p].threads.size(); t++) {
        if (!stuck[p][t] || !waits_[p][t].forever()) continue;
        bool hope = std::ranges::any_of(moment.wakers({p, t}), [&](Thread other) { return !stuck[other.process][other.thread]; });
        if (!hope && !moment.waits_for_outside({p, t}, question.private_network)) continue;
        stuck[p][t] = false;
        changed = true;
      }
  }
  Thread from = main.value_or(Thread{0, 0});
  if (!stuck[from.process][from.thread]) return std::nullopt;
  const char* proof = recurs ? "recurrence" : orphan ? "orphan lock" : lone ? "lone thread" : "quiescence";
  return Hang{.proof = proof, .cycle = chain(look, moment, from, question.main), .waits = waits()};
}

}  // namespace forklint::verify
