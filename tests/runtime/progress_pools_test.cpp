// The bars of pools: maps that wait and lazy ones, several at once and nested, under every start method.
#include <catch2/catch_session.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cstdlib>
#include <fcntl.h>
#include <ranges>
#include <thread>
#include <unistd.h>

#include "forklint/runtime/pool.h"
#include "terminal.h"

using namespace forklint::runtime;
using namespace std::chrono_literals;

int slow(int n) {
  std::this_thread::sleep_for(20ms);
  return n;
}
FORKLINT_TASK(slow)
int fails_on_two(int n) { return n == 2 ? throw std::runtime_error("two") : slow(n); }
FORKLINT_TASK(fails_on_two)
int with_bar(int n) {
  ProgressBar bar("of a task", 8);
  for (int i = 0; i < 8; ++i) bar.add(), std::this_thread::sleep_for(40ms);
  return n;
}
FORKLINT_TASK(with_bar)
int with_pool(int method) {
  auto pool = Pool::make({.workers = 1, .method = StartMethod(method), .progress = "of a nested pool"});
  int sum = 0;
  for (auto& outcome : pool->map(slow, std::vector<int>(20, 1))) sum += outcome.value_or(1000);
  return sum;
}
FORKLINT_TASK(with_pool)

int main(int argc, char** argv) {
  if (auto code = worker_main(argc, argv)) return *code;
  ::setenv("TERM", "xterm", 1);
  ::setenv("LC_ALL", "C.UTF-8", 1);
  ::setenv("NO_COLOR", "1", 1);
  return Catch::Session().run(argc, argv);
}

namespace {

auto methods() { return GENERATE(StartMethod::threading, StartMethod::fork, StartMethod::forkserver, StartMethod::spawn); }
Pool make(PoolOptions options) {
  auto pool = Pool::make(std::move(options));
  if (!pool) throw std::runtime_error(pool.error().what);
  return std::move(*pool);
}

// Standard error is this, for a while.
struct ErrorsTo {
  int before = ::fcntl(2, F_DUPFD_CLOEXEC, 10);
  explicit ErrorsTo(int fd) { ::dup2(fd, 2); }
  ~ErrorsTo() { ::dup2(before, 2), ::close(before); }
};

// All that was ever written to the terminal, read by a thread of its own: for maps that wait. Made after the pools.
struct Recorder {
  Terminal& terminal;
  std::string text;
  std::jthread thread{[this](std::stop_token stop) {
    char buffer[4096];
    for (pollfd ready{.fd = terminal.master.get(), .events = POLLIN}; !stop.stop_requested();)
      while (::poll(&ready, 1, 10) > 0) {
        ssize_t size = ::read(terminal.master.get(), buffer, sizeof buffer);
        if (size <= 0) return;
        text.append(buffer, size_t(size));
      }
  }};
  std::string stop() {
    thread = {};
    return text;
  }
};

auto up_to(int n) {
  return std::views::iota(0) | std::views::take_while([n](int i) { return i < n; });
}

}  // namespace

TEST_CASE("a lazy map has a bar that moves as its tasks end, and stays when it is done") {
  auto method = methods();
  INFO(name(method));
  Terminal terminal(70, 8);
  ErrorsTo errors(terminal.slave.get());
  {
    Pool pool = make({.workers = 1, .method = method, .chunk = 1, .progress = "lazy"});
    auto stream = pool.imap(fails_on_two, std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 2);
    bool midway = false;
    while (stream.next()) {
      std::string seen = terminal.look();
      midway = midway || (seen.find("lazy  ━") != seen.npos && seen.find("/12") != seen.npos && seen.find("100%") == seen.npos);
    }
    CHECK(midway);
  }
  std::string seen = terminal.look();
  INFO(seen);
  CHECK(seen.find("lazy  ━") == 0);
  CHECK(seen.find("100%  12/12  1 failed") != seen.npos);
  CHECK(terminal.screen.lines().size() == 1);
}

TEST_CASE("of an input of unknown length the bar tells what is done, and its length when that is known") {
  auto method = methods();
  INFO(name(method));
  Terminal terminal(70, 8);
  ErrorsTo errors(terminal.slave.get());
  {
    Pool pool = make({.workers = 1, .method = method, .chunk = 1, .progress = "unknown"});
    auto stream = pool.imap_unordered(slow, up_to(10), 2);
    bool midway = false;
    while (stream.next()) {
      std::string seen = terminal.look();
      midway = midway || (seen.find("unknown  ") != seen.npos && seen.find('%') == seen.npos && seen.find("━") == seen.npos);
    }
    CHECK(midway);
    pool.map(slow, up_to(3));
  }
  std::string seen = terminal.look();
  INFO(seen);
  CHECK(seen.find("100%  10/10") != seen.npos);
  CHECK(seen.find("100%  3/3") != seen.npos);
}

TEST_CASE("several lazy maps have their bars beside one another; the first that ends takes none away") {
  auto method = methods();
  INFO(name(method));
  Terminal terminal(70, 8);
  ErrorsTo errors(terminal.slave.get());
  {
    Pool left = make({.workers = 1, .method = method, .chunk = 1, .progress = "left"}), right = make({.workers = 1, .method = method, .chunk = 1, .progress = "right"});
    auto first = std::make_optional(left.imap(slow, std::views::iota(0, 6), 2));
    auto second = right.imap(slow, std::views::iota(0, 30), 2);
    bool both = false;
    while (first->next()) {
      second.next();
      std::string seen = terminal.look();
      both = both || (seen.find("left   ━") != seen.npos && seen.find("\nright  ━") != seen.npos);
    }
    CHECK(both);
    first.reset();
    bool alone = false;
    while (second.next()) {
      std::string seen = terminal.look();
      alone = alone || (seen.find("left  ") == 0 && seen.find("6/6") != seen.npos && seen.find("/30") != seen.npos && seen.find("30/30") == seen.npos);
    }
    CHECK(alone);
  }
  CHECK(terminal.look().find("30/30") != std::string::npos);
}

TEST_CASE("a map in the loop of a lazy one is inside of its bar, and so are the bars of later maps") {
  auto method = methods();
  INFO(name(method));
  Terminal terminal(70, 8);
  ErrorsTo errors(terminal.slave.get());
  {
    Pool outer = make({.workers = 1, .method = method, .chunk = 1, .progress = "outer"}), inner = make({.workers = 1, .method = method, .chunk = 1, .progress = "inner"});
    auto stream = outer.imap(slow, std::views::iota(0, 4), 1);
    int inside = 0;
    while (stream.next()) {
      auto lazy = inner.imap(slow, std::views::iota(0, 4), 1);
      while (lazy.next()) inside += terminal.look().find("\n  inner  ━") != std::string::npos;
    }
    CHECK(inside >= 4);
  }
  std::string seen = terminal.look();
  INFO(seen);
  CHECK(seen.find("outer  ━") == 0);
  CHECK(seen.find("inner") == seen.npos);
}

TEST_CASE("bars of tasks, and of pools in tasks, are drawn by the top process under every start method") {
  auto method = methods();
  INFO(name(method));
  Terminal terminal(70, 8);
  ErrorsTo errors(terminal.slave.get());
  Pool pool = make({.workers = 1, .method = method, .progress = "whole"});
  Recorder recorder{terminal};
  CHECK(pool.map(with_bar, std::vector{1})[0] == 1);
  CHECK(pool.map(with_pool, std::vector{int(StartMethod::forkserver)})[0] == 20);
  std::string seen = recorder.stop();
  CHECK(seen.find("whole ") != seen.npos);
  CHECK(seen.find("of a task ") != seen.npos);
  CHECK(seen.find("of a nested pool ") != seen.npos);
}

TEST_CASE("in a pipe the maps of a pool are quiet") {
  auto method = methods();
  INFO(name(method));
  Pipe pipe = std::move(*make_pipe());
  REQUIRE(make_nonblocking(pipe.read.get()));
  {
    ErrorsTo errors(pipe.write.get());
    Pool pool = make({.workers = 1, .method = method, .progress = "quiet"});
    pool.map(with_bar, std::vector{1});
    auto stream = pool.imap(slow, up_to(5));
    while (stream.next()) {}
  }
  char buffer[256];
  CHECK(::read(pipe.read.get(), buffer, sizeof buffer) == -1);
}
