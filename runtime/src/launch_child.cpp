// Runs between clone and exec, perhaps in the memory of a parent with threads: async-signal-safe calls only, no allocation, no locks,
// no static with a constructor. The sanitizers know nothing of the borrowed stack, so they are off in this file.
#include "launch_child.h"

#include "signals.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#define BARE FORKLINT_BARE

namespace forklint::runtime {
namespace {

[[noreturn]] BARE void give_up(const ChildPlan& plan, Stage stage, int number) {
  StageError error{stage, number};
  if (::write(plan.errors, &error, sizeof error) < 0) ::_exit(126);
  ::_exit(127);
}

BARE bool write_file(const char* path, const char* text) {
  size_t length = 0;
  while (text[length]) length++;
  int file = ::open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  bool written = ::write(file, text, length) == ssize_t(length);
  int number = errno;
  ::close(file);
  errno = number;
  return written;
}

// setgroups must be given up before an unprivileged process may map its group. The file is missing before Linux 3.19.
BARE bool keep_identity(const ChildPlan& plan) {
  if (!write_file("/proc/self/setgroups", "deny") && errno != ENOENT) return false;
  return write_file("/proc/self/uid_map", plan.uid_map) && write_file("/proc/self/gid_map", plan.gid_map);
}

BARE bool mount_shm() {
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  return ::mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") == 0;
}

// A new network has a loopback that is down; programs that talk to themselves need it.
BARE bool raise_loopback() {
  int control = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (control < 0) return false;
  ifreq request;
  for (size_t i = 0; i < sizeof request; i++) reinterpret_cast<volatile char*>(&request)[i] = 0;
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  bool up = ::ioctl(control, SIOCSIFFLAGS, &request) == 0;
  int number = errno;
  ::close(control);
  errno = number;
  return up;
}

// Every gap between the numbers that the program gets, and all above; the pipe for errors too.
BARE bool close_others(const ChildPlan& plan, unsigned how) {
  unsigned next = 0;
  for (size_t i = 0; i < plan.move_count; i++) {
    auto number = unsigned(plan.moves[i].to);
    if (number > next && ::close_range(next, number - 1, int(how)) != 0) return false;
    next = number + 1;
  }
  return ::close_range(next, ~0u, int(how)) == 0;
}

// The others are closed by exec.
BARE bool place_descriptors(const ChildPlan& plan) {
  for (size_t i = 0; i < plan.move_count; i++) {
    if (::dup2(plan.moves[i].from, plan.moves[i].to) < 0) return false;
  }
  return close_others(plan, CLOSE_RANGE_CLOEXEC);
}

// As execvp: the first that can be executed; a file that may not be is more telling than the ones that are not there.
BARE int execute(const ChildPlan& plan) {
  int number = ENOENT;
  for (const char* const* program = plan.programs; *program; program++) {
    ::execve(*program, plan.argv, plan.environment);
    if (errno == EACCES) number = EACCES;
    else if (errno != ENOENT && errno != ENOTDIR) return errno;
  }
  return number;
}

BARE void prepare(const ChildPlan& plan) {
  if (plan.uid_map && !keep_identity(plan)) give_up(plan, Stage::identity, errno);
  if (plan.session && ::setsid() < 0) give_up(plan, Stage::group, errno);
  if (plan.group && ::setpgid(0, 0) != 0) give_up(plan, Stage::group, errno);
  if (plan.private_shm && !mount_shm()) give_up(plan, Stage::mounts, errno);
  if (plan.loopback && !raise_loopback()) give_up(plan, Stage::loopback, errno);
  if (plan.directory && ::chdir(plan.directory) != 0) give_up(plan, Stage::directory, errno);
  if (plan.gate >= 0) {
    char byte;
    ::close(plan.gate_writer);
    while (::read(plan.gate, &byte, 1) < 0 && errno == EINTR) {}
  }
  if (plan.death_signal != 0) {
    if (::prctl(PR_SET_PDEATHSIG, plan.death_signal) != 0) give_up(plan, Stage::death_signal, errno);
    if (::getppid() != plan.parent) ::_exit(127);  // it ended before the request was made
  }
  if (!place_descriptors(plan)) give_up(plan, Stage::descriptors, errno);
  for (size_t i = 0; i < plan.limit_count; i++) {
    if (::setrlimit(__rlimit_resource_t(plan.limits[i].resource), &plan.limits[i].value) != 0) give_up(plan, Stage::limits, errno);
  }
  reset_signals();
}

}  // namespace

BARE int become_program(void* data) {
  const ChildPlan& plan = *static_cast<const ChildPlan*>(data);
  prepare(plan);
  give_up(plan, Stage::exec, execute(plan));
}

BARE void become_copy(const ChildPlan& plan) {
  prepare(plan);
  close_others(plan, 0);
}

}  // namespace forklint::runtime
