#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <new>

#include "bench.h"

extern char** environ;

namespace {

pid_t clone_process() {
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  return pid_t(::syscall(SYS_clone3, &arguments, sizeof arguments));
}

void reap(pid_t pid) {
  siginfo_t info;
  ::waitid(P_PID, id_t(pid), &info, WEXITED);
}

template <class T>
T* shared_memory() {
  void* memory = ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  return new (memory) T();
}

void read_byte(int fd) {
  char byte;
  if (::read(fd, &byte, 1) != 1) ::_exit(1);
}
void write_byte(int fd) {
  if (::write(fd, "x", 1) != 1) ::_exit(1);
}

}  // namespace

uint64_t raw_clone() {
  uint64_t begin = now();
  pid_t pid = clone_process();
  if (pid == 0) ::_exit(0);
  reap(pid);
  return now() - begin;
}

int raw_word(int fd) {
  uint64_t time = now();
  return ::write(fd, &time, sizeof time) == sizeof time ? 0 : 1;
}

uint64_t raw_spawn() {
  int ends[2];
  if (::pipe(ends) != 0) std::abort();
  ::fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  std::string program = "runtime_bench", word = "raw-word", fd = std::to_string(ends[1]);
  char* arguments[] = {program.data(), word.data(), fd.data(), nullptr};
  pid_t pid = -1;
  uint64_t begin = now(), said = 0;
  if (::posix_spawn(&pid, "/proc/self/exe", nullptr, nullptr, arguments, environ) != 0) std::abort();
  if (::read(ends[0], &said, sizeof said) != sizeof said) std::abort();
  reap(pid);
  ::close(ends[0]);
  ::close(ends[1]);
  return said - begin;
}

void raw_round_trips(Report& report, int count) {
  int there[2], back[2];
  if (::pipe(there) != 0 || ::pipe(back) != 0) std::abort();
  pid_t pid = ::fork();
  if (pid == 0) {
    for (int i = 0; i < count; ++i) read_byte(there[0]), write_byte(back[1]);
    ::_exit(0);
  }
  for (int i = 0; i < count; ++i) {
    uint64_t begin = now();
    write_byte(there[1]);
    read_byte(back[0]);
    report.add("raw", double(now() - begin) * 1e-3);
  }
  reap(pid);
}

double raw_ring(int count) {
  struct Ring {
    alignas(64) std::atomic<uint64_t> written{0};
    alignas(64) std::atomic<uint64_t> taken{0};
    uint64_t slots[1024];
  };
  Ring& ring = *shared_memory<Ring>();
  pid_t pid = ::fork();
  if (pid == 0) {
    uint64_t sum = 0;
    for (uint64_t i = 0; i < uint64_t(count); ++i) {
      while (ring.written.load(std::memory_order_acquire) == i) ::sched_yield();  // the other may need this processor
      sum += ring.slots[i % 1024];
      ring.taken.store(i + 1, std::memory_order_release);
    }
    ::_exit(int(sum & 1));
  }
  uint64_t begin = now();
  for (uint64_t i = 0; i < uint64_t(count); ++i) {
    while (i - ring.taken.load(std::memory_order_acquire) >= 1024) ::sched_yield();
    ring.slots[i % 1024] = i;
    ring.written.store(i + 1, std::memory_order_release);
  }
  while (ring.taken.load(std::memory_order_acquire) != uint64_t(count)) ::sched_yield();
  double each = double(now() - begin) * 1e-3 / count;
  reap(pid);
  ::munmap(&ring, sizeof(Ring));
  return each;
}

uint64_t raw_death() {
  pid_t pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (true) ::pause();
  }
  int pidfd = int(::syscall(SYS_pidfd_open, pid, 0));
  ::usleep(2000);
  uint64_t begin = now();
  ::kill(pid, SIGKILL);
  pollfd watched{pidfd, POLLIN, 0};
  ::poll(&watched, 1, -1);
  uint64_t end = now();
  reap(pid);
  ::close(pidfd);
  return end - begin;
}

uint64_t raw_timer(uint64_t limit) {
  uint64_t begin = now();
  timespec time{time_t(limit / 1'000'000'000), long(limit % 1'000'000'000)};
  ::ppoll(nullptr, 0, &time, nullptr);
  return now() - begin - limit;
}

uint64_t raw_shared(int file, size_t size, int processes) {
  auto& ready = *shared_memory<std::atomic<int>>();
  std::vector<pid_t> pids;
  uint64_t begin = now();
  for (int i = 0; i < processes; ++i) {
    pid_t pid = clone_process();
    if (pid == 0) {
      auto* bytes = static_cast<volatile char*>(::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0));
      (void)bytes[size / 2];
      ready.fetch_add(1);
      ::_exit(0);
    }
    pids.push_back(pid);
  }
  while (ready.load() < processes) ::sched_yield();
  uint64_t took = now() - begin;
  for (pid_t pid : pids) reap(pid);
  ::munmap(&ready, sizeof ready);
  return took;
}
