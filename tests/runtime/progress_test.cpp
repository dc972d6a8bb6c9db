#include "forklint/runtime/progress.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_session.hpp>
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "forklint/runtime/fd.h"
#include "screen.h"

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

BarView half() { return {.label = "resize", .done = 50, .total = 100, .elapsed = 4, .rate = 12.5}; }

struct Terminal {
  Fd master, slave;
  Screen screen;

  Terminal(unsigned columns, unsigned rows) : screen(columns, rows) {
    int ends[2];
    winsize size{.ws_row = static_cast<unsigned short>(rows), .ws_col = static_cast<unsigned short>(columns)};
    REQUIRE(::openpty(&ends[0], &ends[1], nullptr, nullptr, &size) == 0);
    master = Fd(ends[0]);
    slave = Fd(ends[1]);
    REQUIRE(make_nonblocking(master.get()));
  }
  void type(std::string_view text) { REQUIRE(::write(slave.get(), text.data(), text.size()) == ssize_t(text.size())); }
  std::string look() {
    char buffer[4096];
    auto end = std::chrono::steady_clock::now() + 100ms;
    for (pollfd ready{.fd = master.get(), .events = POLLIN}; std::chrono::steady_clock::now() < end && ::poll(&ready, 1, 20) > 0;) {
      ssize_t size = ::read(master.get(), buffer, sizeof buffer);
      if (size <= 0) break;
      screen.write({buffer, size_t(size)});
    }
    CHECK(screen.unknown == 0);
    return screen.text();
  }
  DisplayOptions options() const { return {.fd = slave.get(), .every = 0ms, .unicode = true, .color = false}; }
};

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

size_t lines_with(const std::string& text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("a line tells how far, how fast, how long") {
  CHECK(render(half(), {.width = 79}) == "resize  ━━━━━━━━━━━╸───────────   50%   50/100  12.5/s  0:04  left 0:04");
  CHECK(render(half(), {.width = 79, .unicode = false}) == "resize  [##########-----------]   50%   50/100  12.5/s  0:04  left 0:04");
  BarView failing = half();
  failing.failed = 3;
  failing.state = BarState::finished;
  CHECK(render(failing, {.width = 79}) == "resize  ━━━━━━━━━━━╸───────────   50%   50/100  3 failed  12.5/s  0:04");
  CHECK(render(failing, {.width = 79, .color = true}).find("\x1b[31m3 failed\x1b[0m") != std::string::npos);
}

TEST_CASE("what has no room is left out, the least important first, and no line is too long") {
  CHECK(render(half(), {.width = 40}) == "resize  ━━━━━━──────   50%   50/100");
  CHECK(render(half(), {.width = 22}) == "resize   50%   50/100");
  CHECK(render(half(), {.width = 4}) == "res…");
  BarView wide = half();
  wide.label = "画像を縮小しています、とても長い名前";
  for (unsigned width = 1; width < 120; ++width) {
    Screen screen(width, 2);
    screen.write(render(wide, {.width = width}));
    CHECK(screen.lines().size() == 1);
  }
}

TEST_CASE("an unknown total turns instead of growing; odd numbers have a line") {
  BarView bar = half();
  bar.total.reset();
  CHECK(render(bar, {.width = 79}) == "resize  ⠹  50  12.5/s  0:04");
  CHECK(render(bar, {.width = 79, .unicode = false}) == "resize  |  50  12.5/s  0:04");
  bar.total = 0;
  CHECK(render(bar, {.width = 79}).find("100%") != std::string::npos);
  bar.total = 20;
  CHECK(render(bar, {.width = 79}).find("100%  50/20") != std::string::npos);
  bar = half();
  bar.rate = 0.01;
  CHECK(render(bar, {.width = 79}).find("1 min") == std::string::npos);
  CHECK(render(bar, {.width = 79}).find("100 s each  0:04  left 1:23:20") != std::string::npos);
}

TEST_CASE("a label cannot move the cursor") {
  ProgressBar bar("a\x1b[2Jb\nc", 1);
  CHECK(progress_bars().at(0).label == "a\\x1b[2Jb\\nc");
}

TEST_CASE("nothing at all is written to a pipe") {
  Pipe pipe = std::move(*make_pipe());
  REQUIRE(make_nonblocking(pipe.read.get()));
  {
    ProgressDisplay display({.fd = pipe.write.get(), .every = 0ms});
    ProgressBar bar("quiet", 2);
    bar.add();
    display.draw();
    CHECK_FALSE(display.active());
  }
  char buffer[256];
  CHECK(::read(pipe.read.get(), buffer, sizeof buffer) == -1);
}

TEST_CASE("where it is asked for, a pipe gets one line a bar, at its end") {
  Pipe pipe = std::move(*make_pipe());
  {
    ProgressDisplay display({.when = When::always, .fd = pipe.write.get(), .every = 0ms, .width = 60, .unicode = false});
    ProgressBar outer("outer", 2);
    for (int i = 0; i < 2; ++i) {
      ProgressBar inner("inner", 1);
      inner.add();
      outer.add();
      display.draw();
    }
    display.print("between");
  }
  char buffer[1024];
  std::string text(buffer, size_t(std::max<ssize_t>(0, ::read(pipe.read.get(), buffer, sizeof buffer))));
  INFO(text);
  CHECK(text.starts_with("between\nouter  [################]  100%  2/2"));
  CHECK(lines_with(text, "\n") == 2);
}

TEST_CASE("several bars, nested ones below theirs, and the last state stays") {
  Terminal terminal(60, 10);
  terminal.type("$ run\r\n");
  {
    ProgressDisplay display(terminal.options());
    REQUIRE(display.active());
    CHECK_FALSE(ProgressDisplay(terminal.options()).active());  // one draws
    ProgressBar outer("outer", 2);
    outer.add();
    {
      ProgressBar inner("inner", 4);
      inner.add();
      display.draw();
      std::string seen = terminal.look();
      CHECK(seen.find("$ run\n\nouter    ━━━━━━━━╸────────   50%  1/2") == 0);
      CHECK(seen.find("\n  inner  ━━━━─────────────   25%  1/4") != std::string::npos);
      CHECK(terminal.screen.row == 1);
    }
    display.draw();
    CHECK(terminal.look().find("inner") == std::string::npos);
    outer.add();
  }
  std::string seen = terminal.look();
  CHECK(seen.find("$ run\nouter  ━━━━━━━━━━━━━━━━━  100%  2/2") == 0);
  CHECK(terminal.screen.row == 2);
  CHECK(terminal.screen.column == 0);
}

TEST_CASE("bars of one thread stand beside one another where they are asked to, and stay then") {
  Terminal terminal(60, 10);
  {
    ProgressDisplay display(terminal.options());
    ProgressBar left("left", 2), right("right", 2, {.inside = false}), goes("goes", 2, {.inside = false, .leave = false});
    display.draw();
    CHECK(progress_bars().at(1).depth == 0);
  }
  std::string seen = terminal.look();
  CHECK(seen.find("left ") != seen.npos);
  CHECK(seen.find("\nright ") != seen.npos);
  CHECK(seen.find("goes") == seen.npos);
}

TEST_CASE("what others print appears above the bars and stays, at the bottom of the screen too") {
  Terminal terminal(60, 6);
  for (int i = 0; i < 8; ++i) terminal.type("old\r\n");
  ProgressBar first("first", 2), second("second", 2);
  ProgressDisplay display(terminal.options());
  display.draw();
  terminal.type("hello\r\n");
  display.draw();
  terminal.type("partial");
  display.draw();
  display.draw();
  terminal.type(" line\r\n");
  display.draw();
  display.print("printed");
  std::vector<std::string> lines = (terminal.look(), terminal.screen.lines());
  REQUIRE(lines.size() == 6);
  CHECK(lines[0] == "hello");
  CHECK(lines[1] == "partial line");
  CHECK(lines[2] == "printed");
  CHECK(lines[3].empty());
  CHECK(lines[4].starts_with("first "));
  CHECK(lines[5].starts_with("  second "));
}

TEST_CASE("the speed is right from the start, though the first drawing came before the first count") {
  Terminal terminal(100, 6);
  ProgressDisplay display(terminal.options());
  ProgressBar bar("speed", 1000);
  display.draw();
  for (int i = 0; i < 5; ++i) std::this_thread::sleep_for(20ms), bar.add(10), display.draw();
  double expected = progress_bars().at(0).rate;
  std::string seen = terminal.look();
  size_t end = seen.find("/s"), begin = seen.rfind(' ', end) + 1;
  REQUIRE(end != seen.npos);
  double shown = std::strtod(seen.c_str() + begin, nullptr);
  INFO(seen);
  CHECK(shown > expected * 0.7);
  CHECK(shown < expected * 1.4);
}

TEST_CASE("a smaller window gets shorter lines, and no more of them than fit") {
  Terminal terminal(80, 12);
  ProgressDisplay display(terminal.options());
  std::vector<std::unique_ptr<ProgressBar>> bars;
  for (int i = 0; i < 12; ++i) bars.push_back(std::make_unique<ProgressBar>("bar", 10));
  display.draw();
  std::string seen = terminal.look();
  CHECK(lines_with(seen, "bar") == 9);
  CHECK(seen.find("3 more") != std::string::npos);
  winsize size{.ws_row = 12, .ws_col = 30};
  REQUIRE(::ioctl(terminal.slave.get(), TIOCSWINSZ, &size) == 0);
  display.draw();
  for (const std::string& line : (terminal.look(), terminal.screen.lines())) CHECK(line.find("0/s") == std::string::npos);
}

TEST_CASE("a thread draws by itself, and drawing is not done more often than asked") {
  Terminal terminal(60, 6);
  DisplayOptions options = terminal.options();
  options.every = 10ms;
  options.thread = true;
  ProgressDisplay display(options);
  ProgressBar bar("alone", 3);
  bar.add();
  std::string seen;
  for (int i = 0; i < 200 && seen.find("1/3") == seen.npos; ++i) seen = terminal.look();
  CHECK(seen.find("1/3") != std::string::npos);
}

TEST_CASE("many threads count one bar") {
  ProgressBar bar("threads", 40000);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) threads.emplace_back([&bar] { for (int i = 0; i < 10000; ++i) i % 10 ? bar.add() : bar.fail(); });
  }
  CHECK(progress_bars().at(0).done == 40000);
  CHECK(progress_bars().at(0).failed == 4000);
}

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
