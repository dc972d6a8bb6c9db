// The starter's own side: a loop over one socket, and the making of children.
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "src/starter_protocol.h"
#include "src/worker.h"

namespace forklint::runtime {
namespace {

constexpr std::string_view flag = "--forklint-runtime";
constexpr int failed_to_execute = 127;

// Where glibc keeps the number of the calling thread. A child that clone3 makes must have its own there, or abort() and
// raise() in it would hit the starter.
int* thread_number_of_libc() {
  int* address = nullptr;
  if (::prctl(PR_GET_TID_ADDRESS, &address, 0, 0, 0) != 0 || !address || *address != ::gettid()) return nullptr;
  return address;
}

// fork(), but the child is a child of the pool, and has a descriptor from birth.
pid_t make_child(int& pidfd, int* thread_number) {
  clone_args arguments{};
  arguments.flags = CLONE_PARENT | CLONE_PIDFD | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
  arguments.pidfd = uint64_t(reinterpret_cast<uintptr_t>(&pidfd));
  arguments.child_tid = uint64_t(reinterpret_cast<uintptr_t>(thread_number));
  return pid_t(::syscall(SYS_clone3, &arguments, sizeof arguments));
}

void reset_signals() {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal)
    if (signal != SIGKILL && signal != SIGSTOP) ::sigaction(signal, &standard, nullptr);
  ::signal(SIGINT, SIG_IGN);  // Ctrl-C is the pool's business
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

class Maker {
 public:
  Maker(const StarterPlan& plan, int socket) : plan_(plan), socket_(socket), thread_number_(thread_number_of_libc()) {}

  [[noreturn]] void run() {
    while (true) {
      std::vector<pollfd> watched{{socket_, POLLIN, 0}};
      for (int pidfd : alive_) watched.push_back({pidfd, POLLIN, 0});
      if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) break;
      for (size_t i = watched.size(); i-- > 1;)
        if (watched[i].revents) forget(i - 1);
      if (watched[0].revents && !answer()) break;
    }
    for (int pidfd : alive_) ::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0);
    ::_exit(0);
  }

 private:
  void forget(size_t at) {
    ::close(alive_[at]);
    alive_.erase(alive_.begin() + ptrdiff_t(at));
  }

  // False when the pool is gone.
  bool answer() {
    StartRequest request;
    int error_output = -1;
    ssize_t got = receive_packet(socket_, &request, sizeof request, error_output);
    if (got <= 0) return got < 0 && errno == EINTR;
    StartReply reply;
    int pidfd = -1;
    if (!thread_number_) reply.error = ENOSYS;
    else reply.pid = make_child(pidfd, thread_number_);
    if (thread_number_ && reply.pid == 0) become_worker(request.number, error_output);
    if (thread_number_ && reply.pid < 0) reply.error = errno;
    if (error_output >= 0) ::close(error_output);
    if (reply.error == 0) alive_.push_back(pidfd);
    return send_packet(socket_, &reply, sizeof reply, pidfd);
  }

  [[noreturn]] void become_worker(unsigned number, int error_output) {
    reset_signals();
    if (error_output >= 0) ::dup2(error_output, STDERR_FILENO), ::close(error_output);
    for (int pidfd : alive_) ::close(pidfd);
    ::close(socket_);
    if (plan_.method != StartMethod::spawn) run_worker(plan_, number);
    // Descriptors have the numbers that a role expects already: this process was executed for one.
    for (int fd = first_inherited + 1; fd < first_inherited + inherited_count(plan_); ++fd) ::fcntl(fd, F_SETFD, 0);
    std::vector<std::string> words = role_arguments(plan_, worker_role, number);
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    ::execv("/proc/self/exe", arguments.data());
    ::_exit(failed_to_execute);
  }

  const StarterPlan& plan_;
  int socket_;
  int* thread_number_;
  std::vector<int> alive_;  // pidfds of the workers
};

}  // namespace

int inherited_count(const StarterPlan& plan) { return 3 + int(plan.shared.size()) + (plan.progress >= 0 ? 1 : 0); }

namespace {

std::string joined(const std::vector<size_t>& numbers) {
  std::string result;
  for (size_t number : numbers) result += (result.empty() ? "" : ",") + std::to_string(number);
  return result;
}

std::vector<size_t> numbers_in(const char* text) {
  std::vector<size_t> result;
  while (*text) {
    char* end = nullptr;
    result.push_back(std::strtoull(text, &end, 10));
    if (end == text) break;
    text = *end == ',' ? end + 1 : end;
  }
  return result;
}

}  // namespace

bool send_packet(int socket, const void* data, size_t size, int descriptor) {
  iovec part{const_cast<void*>(data), size};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (descriptor >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  ssize_t sent;
  do sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent == ssize_t(size);
}

ssize_t receive_packet(int socket, void* data, size_t size, int& descriptor) {
  iovec part{data, size};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got;
  do got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  descriptor = -1;
  if (got > 0)
    if (cmsghdr* header = CMSG_FIRSTHDR(&message); header && header->cmsg_type == SCM_RIGHTS) std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
  return got;
}

std::vector<std::string> role_arguments(const StarterPlan& plan, const char* role, unsigned number) {
  std::vector<std::string> words{program_invocation_name, std::string(flag), role, std::to_string(int(plan.method)), std::to_string(plan.workers), std::to_string(plan.ring_size),
                                 std::to_string(plan.address_space), std::to_string(number), joined(plan.shared_sizes), plan.progress >= 0 ? "1" : "0"};
  for (const std::vector<int>& cpus : plan.cpus) words.push_back(joined(std::vector<size_t>(cpus.begin(), cpus.end())));
  return words;
}

void run_starter(const StarterPlan& plan, int socket) {
  ::prctl(PR_SET_NAME, "forklint-starts", 0, 0, 0);
  // It ends when the pool does. Blocked, not ignored: what reaches a new worker before it is ready still reaches it.
  sigset_t blocked;
  ::sigemptyset(&blocked);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&blocked, signal);
  ::sigprocmask(SIG_SETMASK, &blocked, nullptr);
  Maker(plan, socket).run();
}

void run_worker(const StarterPlan& plan, unsigned number) {
  if (number < plan.cpus.size() && !plan.cpus[number].empty()) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int cpu : plan.cpus[number]) CPU_SET(cpu, &set);
    ::sched_setaffinity(0, sizeof set, &set);
  }
  if (plan.address_space > 0) {
    rlimit limit{plan.address_space, plan.address_space};
    ::setrlimit(RLIMIT_AS, &limit);
  }
  auto page = map_shared(plan.memory, 0, round_to_page(sizeof(Page)), true);
  auto memory = map_shared(plan.memory, round_to_page(sizeof(Page)) + number * block_size(plan.ring_size), block_size(plan.ring_size), true);
  if (!page || !memory) ::_exit(failed_to_execute);
  WorkerSide side{.number = number, .view = view_block(*memory, plan.ring_size), .page = reinterpret_cast<Page*>(*page), .event = plan.event};
  for (size_t i = 0; i < plan.shared.size(); ++i) {
    auto shared = plan.shared_sizes[i] > 0 ? map_shared(plan.shared[i], 0, plan.shared_sizes[i], false) : Result<std::byte*>(nullptr);
    if (!shared) ::_exit(failed_to_execute);
    side.shared.emplace_back(*shared, plan.shared_sizes[i]);
  }
  serve(std::move(side));
  ::fflush(nullptr);
  ::_exit(0);
}

std::optional<int> run_role(int argc, char** argv) {
  if (argc < 10 || argv[1] != flag) return {};
  StarterPlan plan;
  plan.method = StartMethod(std::atoi(argv[3]));
  plan.workers = unsigned(std::atoi(argv[4]));
  plan.ring_size = std::strtoull(argv[5], nullptr, 10);
  plan.address_space = std::strtoull(argv[6], nullptr, 10);
  plan.shared_sizes = numbers_in(argv[8]);
  plan.memory = first_inherited + 1;
  plan.event = first_inherited + 2;
  for (size_t i = 0; i < plan.shared_sizes.size(); ++i) plan.shared.push_back(first_inherited + 3 + int(i));
  if (argv[9] == std::string_view("1")) plan.progress = first_inherited + 3 + int(plan.shared.size());
  for (int i = 10; i < argc; ++i) {
    std::vector<size_t> cpus = numbers_in(argv[i]);
    plan.cpus.emplace_back(cpus.begin(), cpus.end());
  }
  for (int fd = first_inherited; fd < first_inherited + inherited_count(plan); ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  if (std::string_view(argv[2]) == worker_role) run_worker(plan, unsigned(std::atoi(argv[7])));
  run_starter(plan, first_inherited);
}

}  // namespace forklint::runtime
