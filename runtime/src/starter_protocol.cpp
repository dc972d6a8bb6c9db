// Messages with descriptors, and roles as arguments.
#include "src/starter_protocol.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "src/pidfd.h"

namespace forklint::runtime {
namespace {

constexpr std::string_view flag = "--forklint-runtime";
bool asked_for_role = false;

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

int inherited_count(const StarterPlan& plan) { return 3 + int(plan.shared.size()) + (plan.progress >= 0 ? 1 : 0); }

bool send_packet(int socket, const void* data, size_t size, std::span<const int> descriptors) {
  iovec part{const_cast<void*>(data), size};
  alignas(cmsghdr) char control[CMSG_SPACE(most_descriptors * sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  ssize_t sent;
  do sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent == ssize_t(size);
}

ssize_t receive_packet(int socket, void* data, size_t size, std::vector<Fd>& descriptors) {
  iovec part{data, size};
  alignas(cmsghdr) char control[CMSG_SPACE(most_descriptors * sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got;
  do got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  cmsghdr* header = got > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
  if (!header || header->cmsg_type != SCM_RIGHTS) return got;
  for (size_t at = 0; at + sizeof(int) <= header->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
    int descriptor;
    std::memcpy(&descriptor, CMSG_DATA(header) + at, sizeof descriptor);
    descriptors.emplace_back(descriptor);
  }
  return got;
}

int watch_maker(int socket) {
  ucred maker{};
  socklen_t size = sizeof maker;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &maker, &size) != 0) return -1;
  int pidfd = open_pidfd(maker.pid);
  if (::getppid() != maker.pid) ::_exit(0);
  return pidfd;
}

std::vector<std::string> role_arguments(const StarterPlan& plan, const char* role, unsigned number) {
  std::vector<std::string> words{program_invocation_name, std::string(flag), role, std::to_string(int(plan.method)), std::to_string(plan.workers), std::to_string(plan.ring_size),
                                 joined({plan.limits.address_space, plan.limits.cpu_seconds, plan.limits.file_size, plan.limits.descriptors}), std::to_string(number), joined(plan.shared_sizes), plan.progress >= 0 ? "1" : "0"};
  for (const std::vector<int>& cpus : plan.cpus) words.push_back(joined(std::vector<size_t>(cpus.begin(), cpus.end())));
  return words;
}

bool can_have_role() { return asked_for_role; }

std::optional<int> run_role(int argc, char** argv) {
  asked_for_role = true;
  if (argc < 10 || argv[1] != flag) return {};
  StarterPlan plan;
  plan.method = StartMethod(std::atoi(argv[3]));
  plan.workers = unsigned(std::atoi(argv[4]));
  plan.ring_size = std::strtoull(argv[5], nullptr, 10);
  if (std::vector<size_t> limits = numbers_in(argv[6]); limits.size() == 4) plan.limits = {.address_space = limits[0], .cpu_seconds = limits[1], .file_size = limits[2], .descriptors = limits[3]};
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
