#include "forklint/runtime/fd.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace forklint::runtime {

void Fd::reset() {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("pipe2");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

Result<std::pair<Fd, Fd>> make_packet_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return system_error("socketpair");
  return std::pair{Fd(ends[0]), Fd(ends[1])};
}

Result<Fd> duplicate(const Fd& fd) {
  int copy = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3);
  if (copy < 0) return system_error("dup");
  return Fd(copy);
}

Result<void> make_nonblocking(int fd) {
  int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) return system_error("fcntl");
  return {};
}

}  // namespace forklint::runtime
