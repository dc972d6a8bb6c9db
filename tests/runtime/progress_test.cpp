#include "forklint/runtime/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <catch2/catch_session.hpp>
#include <cstdlib>
#include <thread>

#include "terminal.h"

using namespace forklint::runtime;
using namespace std::chrono_literals;
using When = DisplayOptions::When;

int main(int argc, char** argv) { return Catch::Session().run(argc, argv); }

namespace {

BarView half() { return {.label = "resize", .done = 50, .total = 100, .elapsed = 4, .rate = 12.5}; }

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

