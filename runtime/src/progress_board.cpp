#include "src/progress_board.h"

#include "forklint/runtime/clock.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

#include "forklint/runtime/fd.h"
#include "forklint/runtime/progress.h"

namespace forklint::runtime::board {
namespace {

struct Here {
  Board* board = nullptr;
  int fd = -1;
  bool may_draw = true;
};

Board* mapped(int fd) {
  void* at = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  return at == MAP_FAILED ? nullptr : static_cast<Board*>(at);
}

// The number in the variable is only a word of whoever started us: that descriptor may be anything by now. A board has its size, is sealed
// (so nobody can cut it under our feet) and begins with the magic number.
Here found(std::string_view variable) {
  Here here{.may_draw = false};
  int fd = -1;
  auto [end, error] = std::from_chars(variable.data(), variable.data() + variable.size(), fd);
  if (error != std::errc() || end != variable.data() + variable.size() || fd < 0) return here;
  struct stat info{};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size != off_t(sizeof(Board))) return here;
  if (int seals = ::fcntl(fd, F_GET_SEALS); seals < 0 || !(seals & F_SEAL_SHRINK)) return here;
  Board* board = mapped(fd);
  if (!board) return here;
  if (board->magic.load(std::memory_order_acquire) != magic) return ::munmap(board, sizeof(Board)), here;
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  return {board, fd, true};
}

Here made() {
  Fd memory(::memfd_create("forklint-progress", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory.open() || ::ftruncate(memory.get(), sizeof(Board)) != 0) return {};
  ::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
  Board* board = mapped(memory.get());
  if (!board) return {};
  board->magic.store(magic, std::memory_order_release);
  return {board, memory.release(), true};
}

const Here& here() {
  static const Here the_one = [] {
    const char* variable = ::getenv(progress_variable);
    if (!variable || !*variable) return made();
    Here told = found(variable);
    if (told.board) return told;
    Here own = made();
    own.may_draw = false;
    return own;
  }();
  return the_one;
}

}  // namespace

Board* get() { return here().board; }
int fd() { return here().fd; }
bool may_draw() { return here().may_draw; }

uint64_t now() { return now_nanoseconds(); }

uint64_t birth_of(pid_t pid) {
  char path[32] = "/proc/", text[1024];
  char* end = std::to_chars(path + 6, std::end(path) - 6, pid).ptr;
  std::memcpy(end, "/stat", 6);
  Fd file(::open(path, O_RDONLY | O_CLOEXEC));
  if (!file.open()) return 0;
  ssize_t size = ::read(file.get(), text, sizeof text);
  if (size <= 0) return 0;
  // "pid (name) state ...": the name may hold anything, brackets too, so what follows begins after the last one. Field 3 is the state,
  // 20 the number of threads, 22 the birth. One whose first thread has ended is called a zombie too, though others run.
  std::string_view rest(text, size_t(size));
  rest.remove_prefix(std::min(rest.size(), rest.rfind(')') + 2));
  bool ended = rest.empty() || rest[0] == 'Z' || rest[0] == 'X';
  auto skip = [&](int fields) { for (; fields > 0; --fields) rest.remove_prefix(std::min(rest.size(), rest.find(' ') + 1)); };
  skip(20 - 3);
  if (ended && (rest.empty() || rest.starts_with("1 ") || rest.starts_with("0 "))) return 0;
  skip(22 - 20);
  uint64_t birth = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), birth);
  return birth;
}

uint64_t own_birth() {
  // Two atomics instead of a static constant: a fork changes the answer.
  static std::atomic<uint64_t> birth = 0;
  static std::atomic<pid_t> whose = 0;
  pid_t self = ::getpid();
  if (whose.load(std::memory_order_acquire) != self) {
    birth.store(birth_of(self), std::memory_order_relaxed);
    whose.store(self, std::memory_order_release);
  }
  return birth.load(std::memory_order_relaxed);
}

bool alive(pid_t pid, uint64_t born) {
  if (pid == ::getpid()) return true;
  uint64_t birth = birth_of(pid);
  return birth != 0 && (born == 0 || birth == born);
}

}  // namespace forklint::runtime::board
