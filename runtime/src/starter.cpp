// The pool's side of the starter. Its own side is in starter_process.cpp.
#include "src/starter.h"

#include <csignal>
#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "forklint/runtime/progress.h"
#include "src/starter_protocol.h"

extern char** environ;

namespace forklint::runtime {
namespace {

// The descriptors that the starter gets, in order: socket, memory, event, shared objects, the board of progress bars.
std::vector<int> inherited(const StarterPlan& plan, int socket) {
  std::vector<int> result{socket, plan.memory, plan.event};
  result.insert(result.end(), plan.shared.begin(), plan.shared.end());
  if (plan.progress >= 0) result.push_back(plan.progress);
  return result;
}

// This process's own, with the number that the board will have there.
std::vector<std::string> environment_for(const StarterPlan& plan) {
  std::string name = std::string(progress_variable) + "=";
  std::vector<std::string> result;
  for (char** entry = environ; *entry; ++entry)
    if (!std::string_view(*entry).starts_with(name)) result.emplace_back(*entry);
  if (plan.progress >= 0) result.push_back(name + std::to_string(first_inherited + 3 + int(plan.shared.size())));
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

Result<pid_t> execute_self(const StarterPlan& plan, int socket) {
  // Copies far from the numbers that they will have there, so that none is overwritten before it is moved.
  std::vector<Fd> copies;
  for (int fd : inherited(plan, socket)) {
    int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, first_inherited + 64);
    if (copy < 0) return system_error("dup");
    copies.emplace_back(copy);
  }
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  for (size_t i = 0; i < copies.size(); ++i) ::posix_spawn_file_actions_adddup2(&actions, copies[i].get(), first_inherited + int(i));
  sigset_t none, all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> words = role_arguments(plan, starter_role, 0), environment = environment_for(plan);
  pid_t pid = -1;
  int error = ::posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, pointers(words).data(), pointers(environment).data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0) return system_error("posix_spawn of this program", error);
  return pid;
}

}  // namespace

size_t count_threads() {
  size_t count = 0;
  DIR* folder = ::opendir("/proc/self/task");
  if (!folder) return 1;
  while (dirent* entry = ::readdir(folder)) count += entry->d_name[0] != '.';
  ::closedir(folder);
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
  --count;  // its own
#endif
#endif
  return count;
}

// A thread that was joined is listed a moment longer.
static size_t count_lasting_threads() {
  size_t threads = count_threads();
  for (int i = 0; threads > 1 && i < 20; ++i) {
    ::usleep(1000);
    threads = count_threads();
  }
  return threads;
}

Result<std::unique_ptr<Starter>> Starter::make(const StarterPlan& plan) {
  auto pair = make_packet_pair();
  if (!pair) return std::unexpected(pair.error());
  pid_t pid = -1;
  if (plan.method == StartMethod::fork) {
    if (size_t threads = count_lasting_threads(); threads > 1)
      return std::unexpected(Error{0, "the start method fork is refused: this process has " + std::to_string(threads) + " threads, and a copy would have one; make the pool first, or use forkserver"});
    ::fflush(nullptr);  // or each child would write it again
    sigset_t all, before;
    ::sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, &before);
    pid = ::fork();
    if (pid == 0) {
      int socket = pair->second.get();
      ::close(pair->first.release());
      run_starter(plan, socket);
    }
    int error = errno;
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0) return system_error("fork", error);
  } else {
    auto started = execute_self(plan, pair->second.get());
    if (!started) return std::unexpected(started.error());
    pid = *started;
  }
  Fd pidfd(int(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd.open()) return system_error("pidfd_open");
  return std::unique_ptr<Starter>(new Starter(std::move(pair->first), pid, std::move(pidfd)));
}

// The starter sees that the pool is gone, and ends.
Starter::~Starter() {
  socket_.reset();
  siginfo_t info;
  while (::waitid(P_PID, id_t(pid_), &info, WEXITED | __WALL) < 0 && errno == EINTR) {}
}

Result<StartedWorker> Starter::start(unsigned number, int error_output) {
  StartRequest request{number};
  if (!send_packet(socket_.get(), &request, sizeof request, error_output)) return system_error("asking the starter for a worker");
  StartReply reply;
  int pidfd = -1;
  ssize_t got = receive_packet(socket_.get(), &reply, sizeof reply, pidfd);
  Fd owned(pidfd);
  if (got != ssize_t(sizeof reply)) return std::unexpected(Error{0, "the process that starts workers has ended"});
  if (reply.error != 0) return system_error("starting a worker", reply.error);
  return StartedWorker{reply.pid, std::move(owned)};
}

}  // namespace forklint::runtime
