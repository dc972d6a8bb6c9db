#include "events.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "forklint/runtime/fd.h"

namespace forklint::verify {
namespace {

constexpr uint64_t most_bytes = 16 << 20;
constexpr size_t most_of_a_kind = 2000;

std::vector<std::string> split(std::string_view line) {
  std::vector<std::string> words(1);
  for (size_t i = 0; i < line.size(); i++) {
    if (line[i] == '\t') {
      words.emplace_back();
    } else if (line[i] == '\\' && i + 1 < line.size()) {
      char next = line[++i];
      words.back() += next == 'n' ? '\n' : next == 't' ? '\t' : next;
    } else {
      words.back() += line[i];
    }
  }
  return words;
}

int number(const std::string& text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string role_of(const std::string& command) {
  if (command.contains("multiprocessing.forkserver")) return "forkserver";
  if (command.contains("resource_tracker") || command.contains("semaphore_tracker")) return "resource_tracker";
  if (command.contains("spawn_main") || command.contains("--multiprocessing-fork")) return "worker";
  return "";
}

std::vector<std::string> list(const std::string& text) {
  std::vector<std::string> items;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find(',', at), text.size());
    items.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return items;
}

template <class T>
void add(std::vector<T>& to, T value) {
  if (to.size() < most_of_a_kind) to.push_back(std::move(value));
}

}  // namespace

void Events::read() {
  if (offset_ >= most_bytes) return;
  runtime::Fd file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) return;
  char buffer[65536];
  for (ssize_t got; offset_ < most_bytes && (got = ::pread(file.get(), buffer, sizeof buffer, off_t(offset_))) > 0;) {
    offset_ += uint64_t(got);
    rest_.append(buffer, size_t(got));
    size_t at = 0;
    for (size_t end; (end = rest_.find('\n', at)) != rest_.npos; at = end + 1) take(split(std::string_view(rest_).substr(at, end - at)));
    rest_.erase(0, at);
  }
}

ProcessSeen& Events::process(int pid) {
  if (record_.processes.size() >= most_of_a_kind && !record_.processes.contains(pid)) pid = 0;
  ProcessSeen& seen = record_.processes[pid];
  seen.pid = pid;
  return seen;
}

void Events::take(const std::vector<std::string>& words) {
  const std::string& kind = words[0];
  auto word = [&](size_t i) { return i < words.size() ? words[i] : std::string(); };
  const int pid = number(word(1));
  if (kind == "main") {
    record_.main = pid;
    process(pid).role = "main";
  } else if (kind == "namespace") {
    record_.own_processes = true;
  } else if (kind == "refused") {
    add(record_.refused, word(2));
  } else if (kind == "unavailable") {
    record_.unavailable = word(2);
  } else if (kind == "python") {
    ProcessSeen& seen = process(pid);
    seen.parent = number(word(2));
    if (seen.role.empty()) seen.role = role_of(word(4));
    if (pid == record_.main.value_or(0) || record_.python.empty()) record_.python = word(3);
    record_.injected = true;
  } else if (kind == "reaped") {
    ProcessSeen& seen = process(number(word(2)));
    if (number(word(4)) != 0) seen.signal = number(word(4));
    else seen.code = number(word(3));
    if (record_.main == number(word(2)) && !record_.ended) record_.ended = Clock::now();
  } else if (kind == "exception") {
    add(record_.exceptions, {pid, word(2), word(3), word(4)});
    if (word(2) == "ended") process(pid).exception = word(3), process(pid).message = word(4);
  } else if (kind == "start") {
    add(record_.starts, {.parent = pid, .child = number(word(2)), .method = word(3), .main_thread = word(4) == "1"});
    if (number(word(2)) != 0) {
      ProcessSeen& child = process(number(word(2)));
      if (child.role.empty()) child.role = "worker";
      if (child.parent == 0) child.parent = pid;
      if (word(5).starts_with("pipe:") && record_.ends.size() < most_of_a_kind) record_.ends[word(5)] = number(word(2));
    }
  } else if (kind == "pyfork") {
    announced_[pid] = {.parent = pid, .threads = unsigned(number(word(2))), .held = list(word(4)), .forced = word(3) == "1"};
  } else if (kind == "fork") {
    ForkSeen fork{.parent = pid, .child = number(word(2)), .threads = unsigned(number(word(3))), .held = list(word(6)), .forced = word(4) == "1"};
    if (auto at = announced_.find(pid); at != announced_.end()) {
      fork.threads = std::max(fork.threads, at->second.threads);
      fork.held = at->second.held;  // the interpreter's own mutexes are no news
      fork.forced |= at->second.forced;
      announced_.erase(at);
    }
    process(fork.child).parent = pid;
    add(record_.forks, std::move(fork));
  } else if (kind == "orphan") {
    record_.orphans[pid] = word(2) + ", held at the fork by " + word(3);
  } else if (kind == "timer") {
    if (int milliseconds = number(word(2)); milliseconds > 0) record_.timers[pid] = Clock::now() + std::chrono::milliseconds(milliseconds);
    else record_.timers.erase(pid);
  } else if (kind == "unsafe") {
    add(record_.unsafe_calls, {.pid = pid, .function = word(2), .tier = unsigned(number(word(3))), .caller = word(4)});
  } else if (kind == "reached") {
    add(record_.reached, word(2));
  }
}

}  // namespace forklint::verify
