#include "analyzer/units/worker.h"

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace forklint::units {

namespace {

using frontends::cpp::Command;
using frontends::cpp::Unit;
using Time = std::chrono::steady_clock::time_point;

bool readable(int socket, Time deadline) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0) return false;
    pollfd it{socket, POLLIN, 0};
    const int ready = ::poll(&it, 1, int(std::min<int64_t>(left, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

}  // namespace

std::string find_frontend() {
  if (const char* given = std::getenv("FORKLINT_CLANG")) return given;
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return {};
  for (const char* beside : {"forklint-clang", "../../forklint-clang", "../forklint-clang"}) {  // tests run below build/
    const std::filesystem::path path = self.parent_path() / beside;
    if (::access(path.c_str(), X_OK) == 0 && std::filesystem::is_regular_file(path, error)) return path.lexically_normal().string();
  }
  return {};
}

Worker::~Worker() { stop(); }

void Worker::stop() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  child_.reset();
}

std::expected<void, std::string> Worker::start() {
  if (child_) return {};
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return std::unexpected(std::string("no socket: ") + std::strerror(errno));
  auto child = runtime::launch({.argv = {program_, "--worker"},
                                .output = runtime::Output::null,
                                .descriptors = {{ends[1], frontends::cpp::worker_socket}},
                                .limits = {.address_space = limits_.memory},
                                .death_signal = SIGKILL});
  ::close(ends[1]);
  if (!child) {
    ::close(ends[0]);
    return std::unexpected("cannot start " + program_ + ": " + child.error().what);
  }
  child_.emplace(std::move(*child));
  socket_ = ends[0];
  return {};
}

Worker::Received Worker::receive(std::string& content, Time deadline) {
  auto exactly = [&](char* to, size_t size) {
    while (size > 0) {
      if (!readable(socket_, deadline)) return Received::late;
      const ssize_t got = ::recv(socket_, to, size, 0);
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (got <= 0) return Received::ended;
      to += got;
      size -= size_t(got);
    }
    return Received::whole;
  };
  uint32_t size = 0;
  if (Received result = exactly(reinterpret_cast<char*>(&size), sizeof size); result != Received::whole) return result;
  if (size > frontends::cpp::largest_message) return Received::ended;
  content.resize(size);
  return exactly(content.data(), size);
}

// How the process ended, for a user.
std::string Worker::ending(std::string_view otherwise) {
  auto exit = child_->wait_until(std::chrono::steady_clock::now() + std::chrono::seconds(2));
  if (!exit || !*exit) return std::string(otherwise);
  const runtime::ExitInfo& info = **exit;
  const bool memory = info.out_of_memory || info.stderr_tail.find("out of memory") != std::string::npos || info.stderr_tail.find("bad_alloc") != std::string::npos;
  if (memory) return "needs more than " + std::to_string(limits_.memory >> 20) + " MiB of memory";
  return "forklint-clang ended with " + runtime::describe(info);
}

std::expected<Unit, std::string> Worker::ask(const Command& command) {
  if (auto started = start(); !started) return std::unexpected(started.error());
  const Time deadline = std::chrono::steady_clock::now() + limits_.time;
  std::string answer;
  Received received = Received::ended;
  if (frontends::cpp::send_message(socket_, frontends::cpp::to_bytes(command))) received = receive(answer, deadline);
  if (received == Received::whole) {
    auto unit = frontends::cpp::unit_from(answer);
    if (unit && unit->failure.empty()) return unit;
    if (unit) return std::unexpected(unit->failure);
    stop();
    return std::unexpected("forklint-clang: " + unit.error());
  }
  std::string why = received == Received::late ? "takes more than " + std::to_string(limits_.time.count()) + " s" : ending("forklint-clang does not answer");
  stop();
  return std::unexpected(std::move(why));
}

}  // namespace forklint::units
