// The starter's own side: a loop over one socket, and the making of children.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "src/clone.h"
#include "src/launch_plan.h"
#include "src/pidfd.h"
#include "src/signals.h"
#include "src/starter_protocol.h"
#include "src/worker.h"

namespace forklint::runtime {
namespace {

constexpr int failed_to_start = 127;

struct Alive {
  pid_t pid = -1;
  Fd pidfd;
};

class Maker {
 public:
  Maker(const StarterPlan& plan, int socket) : plan_(plan), socket_(socket), nothing_(::open("/dev/null", O_RDWR | O_CLOEXEC)), pool_(watch_maker(socket)) {}

  [[noreturn]] void run() {
    while (true) {
      std::vector<pollfd> watched{{socket_, POLLIN, 0}, {pool_.get(), POLLIN, 0}};
      for (const Alive& worker : alive_) watched.push_back({worker.pidfd.get(), POLLIN, 0});
      if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) break;
      for (size_t i = watched.size(); i-- > 2;)
        if (watched[i].revents) alive_.erase(alive_.begin() + ptrdiff_t(i - 2));
      if (watched[1].revents || (watched[0].revents && !answer())) break;
    }
    for (const Alive& worker : alive_) {
      ::kill(-worker.pid, SIGKILL);  // what its task has started, too
      signal_pidfd(worker.pidfd.get(), SIGKILL);
    }
    ::_exit(0);
  }

 private:
  // False when the pool is gone.
  bool answer() {
    StartRequest request;
    std::vector<Fd> files;
    ssize_t got = receive_packet(socket_, &request, sizeof request, files);
    if (got <= 0) return got < 0 && errno == EINTR;
    StartReply reply;
    auto born = make_worker(request.number, files, reply);
    if (!born) reply.error = born.error().number;
    if (!born || reply.threads > 1) return send_packet(socket_, &reply, sizeof reply, {});
    reply.pid = born->pid;
    int pidfd = born->pidfd.get();
    alive_.push_back({born->pid, std::move(born->pidfd)});
    return send_packet(socket_, &reply, sizeof reply, std::span(&pidfd, 1));
  }

  Result<Born> make_worker(unsigned number, const std::vector<Fd>& files, StartReply& reply) {
    if (plan_.method == StartMethod::spawn) return execute_worker(number, files);
    reply.threads = unsigned(count_threads());
    if (reply.threads > 1) return Born{};
    auto born = copy_process_as_sibling();
    if (born && born->pid == 0) become_worker(number, files);
    return born;
  }

  // Its input is empty: it would take the words from the pool's process, or be stopped for reading from its terminal.
  [[noreturn]] void become_worker(unsigned number, const std::vector<Fd>& files) {
    ::setpgid(0, 0);
    reset_signals();
    ::dup2(nothing_.get(), STDIN_FILENO);
    for (size_t i = 0; i < files.size(); ++i) ::dup2(files[i].get(), i == 0 ? STDERR_FILENO : STDOUT_FILENO);
    for (const Fd& file : files) ::close(file.get());
    for (const Alive& worker : alive_) ::close(worker.pidfd.get());
    ::close(nothing_.get());
    ::close(pool_.get());
    ::close(socket_);
    run_worker(plan_, number);
  }

  // This process was executed for a role itself: descriptors have the numbers already that the worker expects.
  Result<Born> execute_worker(unsigned number, const std::vector<Fd>& files) {
    Placement placement(first_inherited + inherited_count(plan_));
    std::vector<std::pair<int, int>> places{{nothing_.get(), STDIN_FILENO}, {files.size() > 1 ? files[1].get() : STDOUT_FILENO, STDOUT_FILENO}, {files.at(0).get(), STDERR_FILENO}};
    for (int fd = first_inherited + 1; fd < first_inherited + inherited_count(plan_); ++fd) places.emplace_back(fd, fd);
    for (auto [fd, place] : places)
      if (auto placed = placement.add(fd, place); !placed) return std::unexpected(placed.error());
    std::vector<std::string> words = role_arguments(plan_, worker_role, number);
    std::vector<char*> arguments = pointers(words);
    const char* programs[] = {"/proc/self/exe", nullptr};
    ChildPlan plan{.argv = arguments.data(), .environment = environ, .programs = programs, .moves = placement.moves().data(), .move_count = placement.moves().size(), .group = true, .errors = nothing_.get()};
    return clone_process(plan, CLONE_PARENT, true);  // where it cannot be executed, the pool sees its exit status
  }

  const StarterPlan& plan_;
  int socket_;
  Fd nothing_, pool_;
  std::vector<Alive> alive_;
};

}  // namespace

void run_starter(const StarterPlan& plan, int socket) {
  ::prctl(PR_SET_NAME, "forklint-starts", 0, 0, 0);
  // It ends when the pool does. Blocked, not ignored: children begin with all signals blocked and reset anyway.
  reset_signals();
  set_signal_mask(all_signals);
  Maker(plan, socket).run();
}

void run_worker(const StarterPlan& plan, unsigned number) {
  ::signal(SIGINT, SIG_IGN);  // Ctrl-C is the pool's business
  if (number < plan.cpus.size()) pin_thread(plan.cpus[number]);
  auto page = map_shared(plan.memory, 0, round_to_page(sizeof(Page)), true);
  auto memory = map_shared(plan.memory, round_to_page(sizeof(Page)) + number * block_size(plan.ring_size), block_size(plan.ring_size), true);
  if (!page || !memory) ::_exit(failed_to_start);
  WorkerSide side{.number = number, .view = view_block(*memory, plan.ring_size), .page = reinterpret_cast<Page*>(*page), .event = plan.event};
  for (size_t i = 0; i < plan.shared.size(); ++i) {
    auto shared = plan.shared_sizes[i] > 0 ? map_shared(plan.shared[i], 0, plan.shared_sizes[i], false) : Result<std::byte*>(nullptr);
    if (!shared) ::_exit(failed_to_start);
    side.shared.emplace_back(*shared, plan.shared_sizes[i]);
  }
  Limits limits = plan.limits;
  side.cpu_seconds = std::exchange(limits.cpu_seconds, 0);
  for (const ResourceLimit& limit : make_limits(limits, {})) ::setrlimit(__rlimit_resource_t(limit.resource), &limit.value);
  serve(std::move(side));
  ::fflush(nullptr);
  ::_exit(0);
}

}  // namespace forklint::runtime
