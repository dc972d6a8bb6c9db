#include "look.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "forklint/runtime/fd.h"

namespace forklint::verify {
namespace {

using runtime::Fd;

std::string proc(int pid) { return "/proc/" + std::to_string(pid); }

std::vector<int> numbers_in(const std::string& folder) {
  std::vector<int> numbers;
  DIR* listing = ::opendir(folder.c_str());
  if (!listing) return numbers;
  while (const dirent* entry = ::readdir(listing)) {
    if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') numbers.push_back(std::atoi(entry->d_name));
  }
  ::closedir(listing);
  return numbers;
}

// The text after "\nNAME:" up to the end of the line.
std::string_view field(const std::string& status, const char* name) {
  std::string key = std::string("\n") + name + ":";
  size_t at = status.find(key);
  if (at == status.npos) return {};
  at += key.size();
  return std::string_view(status).substr(at, status.find('\n', at) - at);
}

uint64_t number(std::string_view text, int base = 10) {
  size_t at = text.find_first_not_of(" \t");
  if (at == text.npos) return 0;
  text.remove_prefix(at);
  if (base == 16 && text.starts_with("0x")) text.remove_prefix(2);
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

int last_number(std::string_view text) {
  size_t at = text.find_last_of("\t ");
  return int(number(at == text.npos ? text : text.substr(at + 1)));
}

void read_call(const std::string& folder, ThreadLook& thread, bool& hidden) {
  std::string text = read_text(folder + "/syscall");
  if (text.empty()) hidden = true;
  if (text.empty() || text.starts_with("running") || text.starts_with("-1")) return;
  std::istringstream words(text);
  std::string word;
  words >> thread.call;
  for (uint64_t& argument : thread.arguments)
    if (words >> word) argument = number(word, 16);
}

bool look_at_thread(const std::string& folder, ThreadLook& thread, bool& hidden) {
  std::string status = read_text(folder + "/status");
  std::string_view state = field(status, "State");
  size_t letter = state.find_first_not_of(" \t");
  if (letter == state.npos) return false;
  thread.state = state[letter];
  thread.switches = number(field(status, "voluntary_ctxt_switches")) + number(field(status, "nonvoluntary_ctxt_switches"));
  if (thread.state == 'S') read_call(folder, thread, hidden);
  return thread.state != 'Z' && thread.state != 'X';
}

}  // namespace

std::string read_text(const std::string& path) {
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  if (!file.open()) return text;
  char buffer[4096];
  for (ssize_t got; (got = ::read(file.get(), buffer, sizeof buffer)) > 0;) text.append(buffer, size_t(got));
  return text;
}

std::vector<ProcessLook> look_at(const std::vector<int>& pids) {
  std::vector<ProcessLook> found;
  for (int pid : pids) {
    std::string status = read_text(proc(pid) + "/status");
    if (status.empty()) continue;
    ProcessLook process{.pid = pid, .inner = pid, .parent = int(number(field(status, "PPid")))};
    if (std::string_view numbers = field(status, "NSpid"); !numbers.empty()) process.inner = last_number(numbers);
    for (int tid : numbers_in(proc(pid) + "/task")) {
      ThreadLook thread{.tid = tid};
      if (look_at_thread(proc(pid) + "/task/" + std::to_string(tid), thread, process.hidden)) process.threads.push_back(thread);
    }
    if (!process.threads.empty()) found.push_back(std::move(process));
  }
  return found;
}

std::string descriptor(int pid, int fd) {
  char target[512];
  ssize_t length = ::readlink((proc(pid) + "/fd/" + std::to_string(fd)).c_str(), target, sizeof target);
  return length > 0 ? std::string(target, size_t(length)) : "";
}

std::vector<OpenFile> open_files(int pid) {
  std::vector<OpenFile> files;
  for (int fd : numbers_in(proc(pid) + "/fd")) {
    OpenFile file{.fd = fd, .target = descriptor(pid, fd)};
    std::string info = "\n" + read_text(proc(pid) + "/fdinfo/" + std::to_string(fd));
    int access = int(number(field(info, "flags"), 8)) & O_ACCMODE;
    file.reads = access != O_WRONLY;
    file.writes = access != O_RDONLY;
    files.push_back(std::move(file));
  }
  return files;
}

std::vector<int> epoll_targets(int pid, int fd) {
  std::string info = read_text(proc(pid) + "/fdinfo/" + std::to_string(fd));
  std::vector<int> targets;
  for (size_t at = 0; (at = info.find("tfd:", at)) != info.npos; at += 4) targets.push_back(int(number(std::string_view(info).substr(at + 4))));
  return targets;
}

bool timer_is_armed(int pid, int fd) {
  std::string info = read_text(proc(pid) + "/fdinfo/" + std::to_string(fd));
  size_t at = info.find("it_value: (");
  return at != info.npos && info.compare(at, 17, "it_value: (0, 0)") != 0;
}

std::string memory(int pid, uint64_t address, size_t size) {
  Fd file(::open((proc(pid) + "/mem").c_str(), O_RDONLY | O_CLOEXEC));
  std::string bytes(size, 0);
  if (!file.open() || ::pread(file.get(), bytes.data(), size, off_t(address)) != ssize_t(size)) return "";
  return bytes;
}

bool handles(int pid, int signal) {
  std::string status = read_text(proc(pid) + "/status");
  return number(field(status, "SigCgt"), 16) >> (signal - 1) & 1;
}

Socket socket_kind(int pid, const std::string& target) {
  if (!target.starts_with("socket:[")) return Socket::unknown;
  std::string inode = " " + target.substr(8, target.size() - 9) + " ";
  std::istringstream unix_sockets(read_text(proc(pid) + "/net/unix"));
  for (std::string line; std::getline(unix_sockets, line);)
    if ((line + " ").find(inode) != line.npos) return Socket::unix;
  for (const char* table : {"/net/udp", "/net/udp6", "/net/tcp", "/net/tcp6"}) {
    std::istringstream lines(read_text(proc(pid) + table));
    for (std::string line; std::getline(lines, line);)
      if (line.find(inode) != line.npos) return line.find(" 0A ") != line.npos ? Socket::listening : Socket::connected;  // or datagrams
  }
  return Socket::unknown;
}

}  // namespace forklint::verify
