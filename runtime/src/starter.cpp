// The pool's side of the starter. Its own side is in starter_process.cpp.
#include "src/starter.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <iostream>

#include "forklint/runtime/progress.h"
#include "src/pidfd.h"
#include "src/process_state.h"
#include "src/signals.h"
#include "src/starter_protocol.h"

namespace forklint::runtime {
namespace {

constexpr auto longest_end = std::chrono::seconds(2);

// The program again, in the starter's role. It gets, in order: socket, memory, event, shared objects, the board of progress bars.
Result<Child> execute_self(const StarterPlan& plan, int socket) {
  Command command{.argv = role_arguments(plan, starter_role, 0), .launch = Launch::self, .output = Output::inherit, .errors = Output::inherit};
  command.overrides.push_back(progress_variable);
  std::vector<int> files{socket, plan.memory, plan.event};
  files.insert(files.end(), plan.shared.begin(), plan.shared.end());
  if (plan.progress >= 0) {
    command.overrides.push_back(std::string(progress_variable) + "=" + std::to_string(first_inherited + int(files.size())));
    files.push_back(plan.progress);
  }
  for (int file : files) command.descriptors.push_back({file, first_inherited + int(command.descriptors.size())});
  return launch_with(command, nullptr);  // a pool does not make its process a subreaper
}

// A thread that was joined is listed a moment longer.
size_t count_lasting_threads() {
  size_t threads = count_threads();
  for (int i = 0; threads > 1 && i < 20; ++i) {
    ::usleep(1000);
    threads = count_threads();
  }
  return threads;
}

Result<Child> copy_self(const StarterPlan& plan, int socket, int other_end) {
  if (size_t threads = count_lasting_threads(); threads > 1)
    return std::unexpected(Error{0, "the start method fork is refused: this process has " + std::to_string(threads) + " threads, and a copy would have one; make the pool first, or use forkserver"});
  Mark mark = next_mark();
  std::cout.flush(), ::fflush(nullptr);  // or each child would write it again
  uint64_t before = set_signal_mask(all_signals);
  pid_t pid = ::fork();
  if (pid == 0) {
    ::close(other_end);
    ::setsid();
    if (mark.value != 0) {
      rlimit limit{mark.value, RLIM_INFINITY};
      ::setrlimit(RLIMIT_LOCKS, &limit);
    }
    run_starter(plan, socket);
  }
  int error = errno;
  set_signal_mask(before);
  if (pid < 0) return system_error("fork", error);
  Fd pidfd(open_pidfd(pid));
  if (!pidfd.open()) return system_error("pidfd_open");
  return adopt(pid, std::move(pidfd), mark);
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
  if (count > 1) --count;  // its own, which begins a little later
#endif
#endif
  return count;
}

Result<std::unique_ptr<Starter>> Starter::make(const StarterPlan& plan) {
  if (plan.method != StartMethod::fork && !can_have_role())
    return std::unexpected(Error{0, "workers are this program started anew, and would run all of it, pool and all: main() must begin with worker_main()"});
  auto pair = make_packet_pair();
  if (!pair) return std::unexpected(pair.error());
  auto& [ours, theirs] = *pair;
  auto child = plan.method == StartMethod::fork ? copy_self(plan, theirs.get(), ours.get()) : execute_self(plan, theirs.get());
  if (!child) return std::unexpected(child.error());
  return std::unique_ptr<Starter>(new Starter(std::move(ours), std::move(*child)));
}

// The starter sees that the pool is gone, and ends. Shut down, not only closed: workers of a later pool may be copies of this process,
// which have the socket too.
Starter::~Starter() {
  if (owner_ == ::getpid()) ::shutdown(socket_.get(), SHUT_RDWR);
  socket_.reset();
  (void)child_.wait_until(Clock::now() + longest_end);
}

Result<void> Starter::ask(unsigned number, int errors, int output) {
  StartRequest request{number};
  int files[] = {errors, output};
  if (!send_packet(socket_.get(), &request, sizeof request, std::span(files, output >= 0 ? 2 : 1))) return system_error("asking the starter for a worker");
  return {};
}

Result<StartedWorker> Starter::take() {
  StartReply reply;
  std::vector<Fd> received;
  ssize_t got = receive_packet(socket_.get(), &reply, sizeof reply, received);
  if (got != ssize_t(sizeof reply)) return std::unexpected(Error{0, "the process that starts workers has ended"});
  if (reply.threads > 1) return std::unexpected(Error{0, "the process that workers are copies of has " + std::to_string(reply.threads) + " threads, and a copy would have one: something starts one before main(); use spawn"});
  if (reply.error != 0) return system_error("starting a worker", reply.error);
  if (received.size() != 1) return std::unexpected(Error{0, "the process that starts workers gave no descriptor"});
  return StartedWorker{reply.pid, std::move(received[0])};
}

}  // namespace forklint::runtime
