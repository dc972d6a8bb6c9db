// Bars that other processes make and move: forked ones, programs started anew, killed ones.
#include "forklint/runtime/progress.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_session.hpp>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "terminal.h"

using namespace forklint::runtime;
using namespace std::chrono_literals;
using When = DisplayOptions::When;

// As a program that a test starts: makes a bar, says so on descriptor 3, and stays until its standard input closes.
static int be_a_worker() {
  ProgressBar bar("started program", 10);
  bar.add(4);
  ProgressDisplay display({.when = When::always, .fd = 1});  // must stay silent: another process draws
  display.draw();
  char byte = display.active() ? 'D' : bar.shown() ? 'b' : '-';
  if (::write(3, &byte, 1) != 1) return 1;
  while (::read(0, &byte, 1) > 0) {}
  return 0;
}

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--worker") == 0) return be_a_worker();
  return Catch::Session().run(argc, argv);
}

namespace {

// Starts a child that calls `body` and then waits to be killed. Returns once `body` is through.
template <class Body>
pid_t child_after(Body body) {
  Pipe ready = std::move(*make_pipe());
  pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    body([&ready] {
      if (::write(ready.write.get(), "x", 1) != 1) ::_exit(1);
      while (true) ::pause();
    });
    ::_exit(0);
  }
  char byte;
  REQUIRE(::read(ready.read.get(), &byte, 1) == 1);
  return child;
}

void kill_and_reap(pid_t child) {
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

// In a forked child: this program anew, with these as descriptors 0, 1 and 3.
[[noreturn]] void become_worker(int input, int output, int ready) {
  int high[] = {::fcntl(input, F_DUPFD_CLOEXEC, 100), ::fcntl(output, F_DUPFD_CLOEXEC, 100), ::fcntl(ready, F_DUPFD_CLOEXEC, 100)};
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(high[0], 0);
  ::dup2(high[1], 1);
  ::dup2(high[2], 3);
  ::execl("/proc/self/exe", "worker", "--worker", nullptr);
  ::_exit(8);
}

bool has_bar(std::string_view label) {
  return std::ranges::any_of(progress_bars(), [&](const BarView& bar) { return bar.label == label; });
}

}  // namespace

TEST_CASE("forked children count the parent's bar and have their own; a killed one leaves nothing") {
  REQUIRE(progress_fd() >= 0);
  ProgressBar pool("pool", 100);
  pid_t child = child_after([&pool](auto ready) {
    ProgressBar own("child's", 5);
    pool.add(7);
    own.add(2);
    ready();
  });
  std::vector<BarView> bars = progress_bars();
  REQUIRE(bars.size() == 2);
  CHECK(bars[0].done == 7);
  CHECK(bars[1].label == "child's");
  CHECK(bars[1].depth == 1);
  CHECK(bars[1].pid == child);
  CHECK(bars[1].done == 2);

  ::kill(child, SIGKILL);
  siginfo_t info;
  REQUIRE(::waitid(P_PID, id_t(child), &info, WEXITED | WNOWAIT) == 0);  // dead, not reaped
  CHECK(progress_bars().at(1).state == BarState::lost);
  ::waitpid(child, nullptr, 0);
  Terminal terminal(60, 6);
  ProgressDisplay display(terminal.options());
  display.draw();
  CHECK(terminal.look().find("child's") == std::string::npos);
  CHECK_FALSE(has_bar("child's"));
}

TEST_CASE("slots of the dead are taken by the living, and a full board takes no more") {
  REQUIRE(progress_fd() >= 0);
  pid_t child = child_after([](auto ready) {
    std::vector<std::unique_ptr<ProgressBar>> bars;
    for (int i = 0; i < 64; ++i) bars.push_back(std::make_unique<ProgressBar>("taken", 1));
    ready();
  });
  CHECK(progress_bars().size() == 64);
  CHECK_FALSE(ProgressBar("no room", 1).shown());
  kill_and_reap(child);
  CHECK(ProgressBar("room", 1).shown());
  ProgressDisplay display({.when = When::always, .fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC), .every = 0ms});
  display.draw();
  CHECK(progress_bars().empty());
}

TEST_CASE("a program started anew updates the board that it is given, and draws nothing") {
  Pipe ready = std::move(*make_pipe()), stay = std::move(*make_pipe()), output = std::move(*make_pipe());
  int board = progress_fd();
  pid_t child = ::fork();
  if (child == 0) {
    int kept = ::fcntl(board, F_DUPFD, 100);  // without close-on-exec, under a number of its own
    ::setenv(progress_variable, std::to_string(kept).c_str(), 1);
    become_worker(stay.read.get(), output.write.get(), ready.write.get());
  }
  stay.read.reset();
  ready.write.reset();
  output.write.reset();
  ProgressDisplay display({.when = When::always, .fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC), .every = 0ms});
  char byte = 0;
  REQUIRE(::read(ready.read.get(), &byte, 1) == 1);
  CHECK(byte == 'b');
  std::vector<BarView> bars = progress_bars();
  REQUIRE(bars.size() == 1);
  CHECK(bars[0].label == "started program");
  CHECK(bars[0].done == 4);
  CHECK(bars[0].pid == child);
  stay.write.reset();
  int status = -1;
  CHECK(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(::read(output.read.get(), &byte, 1) == 0);
  display.draw();
  CHECK(progress_bars().empty());
}

TEST_CASE("a program that is told of a board it does not have keeps silent") {
  Pipe ready = std::move(*make_pipe()), output = std::move(*make_pipe());
  pid_t child = ::fork();
  if (child == 0) {
    ::setenv(progress_variable, "0", 1);
    become_worker(::open("/dev/null", O_RDONLY | O_CLOEXEC), output.write.get(), ready.write.get());
  }
  ready.write.reset();
  output.write.reset();
  char byte = 0;
  CHECK(::read(ready.read.get(), &byte, 1) == 1);
  CHECK(byte == 'b');
  int status = -1;
  CHECK(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(::read(output.read.get(), &byte, 1) == 0);
  CHECK(progress_bars().empty());
}
