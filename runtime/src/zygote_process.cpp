// The zygote itself: one thread, one socket; and how a copy of it becomes what was ordered.
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "src/signals.h"
#include "src/starter_protocol.h"
#include "src/zygote_order.h"

namespace forklint::runtime {
namespace {

constexpr const char* flag = "--forklint-zygote";
bool called = false;

// What a copy is made from, and what it needs for ever: main() has its arguments.
struct Copy {
  ZygoteOrder order;
  Placement placement;
  std::vector<char*> argv, environment;
  std::vector<ResourceLimit> limits;
  ChildPlan plan;

  explicit Copy(ZygoteOrder given, int above) : order(std::move(given)), placement(above) {}
};

Result<ZygoteOrder> read_order(const Fd& file) {
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return system_error("fstat");
  std::string bytes(size_t(info.st_size), '\0');
  for (size_t at = 0; at < bytes.size();) {
    ssize_t got = ::pread(file.get(), bytes.data() + at, bytes.size() - at, off_t(at));
    if (got <= 0) return system_error("pread");
    at += size_t(got);
  }
  auto order = from_bytes<ZygoteOrder>(bytes);
  if (!order) return system_error("an order that cannot be read", EPROTO);
  return std::move(*order);
}

// Descriptors come under any number; the copy's are placed from others that are above all of them.
Result<std::unique_ptr<Copy>> prepare(const std::vector<Fd>& files) {
  if (files.size() < 2) return system_error("an order without its files", EPROTO);
  auto order = read_order(files[0]);
  if (!order) return std::unexpected(order.error());
  if (order->numbers.size() + 2 != files.size()) return system_error("an order without its files", EPROTO);
  int above = 3;
  for (int number : order->numbers) above = std::max(above, number + 1);
  auto copy = std::make_unique<Copy>(std::move(*order), above);
  for (size_t i = 0; i < copy->order.numbers.size(); ++i)
    if (auto placed = copy->placement.add(files[i + 2].get(), copy->order.numbers[i]); !placed) return std::unexpected(placed.error());
  auto errors = copy->placement.keep(files[1].get());
  if (!errors) return std::unexpected(errors.error());
  ZygoteOrder& asked = copy->order;
  copy->argv = pointers(asked.arguments);
  copy->environment = pointers(asked.environment);
  for (auto [resource, soft, hard] : asked.limits) copy->limits.push_back({resource, {soft, hard}});
  copy->plan = {.directory = asked.directory.empty() ? nullptr : asked.directory.c_str(), .moves = copy->placement.moves().data(), .move_count = copy->placement.moves().size(),
                .limits = copy->limits.data(), .limit_count = copy->limits.size(),
                .uid_map = asked.uid_map.empty() ? nullptr : asked.uid_map.c_str(), .gid_map = asked.gid_map.empty() ? nullptr : asked.gid_map.c_str(),
                .session = (asked.switches & order_session) != 0, .group = (asked.switches & order_group) != 0, .private_shm = (asked.switches & order_private_shm) != 0, .loopback = (asked.switches & order_loopback) != 0,
                .death_signal = asked.death_signal, .parent = asked.parent, .errors = *errors};
  return copy;
}

// In the copy. Its descriptors are what was ordered and nothing else, so the Fds of the zygote must not be destroyed here.
void become(std::unique_ptr<Copy> made, int& argc, char**& argv) {
  static Copy* self;
  self = made.release();
  become_copy(self->plan);
  environ = self->environment.data();
  argc = int(self->argv.size()) - 1;
  argv = self->argv.data();
  program_invocation_name = argv[0];
  const char* slash = std::strrchr(argv[0], '/');
  program_invocation_short_name = const_cast<char*>(slash ? slash + 1 : argv[0]);
  ::prctl(PR_SET_NAME, program_invocation_short_name, 0, 0, 0);
}

// True in a copy, which goes on; never in the zygote.
bool serve(int socket, int& argc, char**& argv) {
  const int maker = watch_maker(socket);  // a number, not an Fd: a copy has none of the zygote's descriptors, but perhaps this number
  while (true) {
    pollfd watched[] = {{socket, POLLIN, 0}, {maker, POLLIN, 0}};
    if (::poll(watched, 2, -1) < 0 && errno != EINTR) ::_exit(0);
    if (watched[1].revents) ::_exit(0);
    if (!watched[0].revents) continue;
    char word;
    std::vector<Fd> files;
    ssize_t got = receive_packet(socket, &word, 1, files);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) ::_exit(0);
    StartReply reply{.threads = unsigned(count_threads())};
    auto copy = prepare(files);
    files.clear();  // a copy's errors end with the copy's own
    Result<Born> born = Born{};
    if (!copy) born = std::unexpected(copy.error());
    else if (reply.threads <= 1) born = copy_process_as_sibling((*copy)->order.namespaces);
    if (born && born->pid == 0 && reply.threads <= 1) return become(std::move(*copy), argc, argv), true;
    if (!born) reply.error = born.error().number;
    else reply.pid = born->pid;
    int pidfd = born ? born->pidfd.get() : -1;
    if (!send_packet(socket, &reply, sizeof reply, std::span(&pidfd, pidfd >= 0 ? 1 : 0))) ::_exit(0);
  }
}

}  // namespace

bool zygote_main_was_called() { return called; }
std::vector<std::string> zygote_arguments() { return {program_invocation_name, flag}; }

void zygote_main(int& argc, char**& argv) {
  called = true;
  if (argc != 2 || std::strcmp(argv[1], flag) != 0) return;
  ::fcntl(first_inherited, F_SETFD, FD_CLOEXEC);
  ::prctl(PR_SET_NAME, "forklint-zygote", 0, 0, 0);
  // It ends with its socket. Blocked, not ignored: copies begin with all signals blocked and reset anyway.
  reset_signals();
  set_signal_mask(all_signals);
  std::fflush(nullptr);  // or each copy would write it again
  serve(first_inherited, argc, argv);
}

}  // namespace forklint::runtime
