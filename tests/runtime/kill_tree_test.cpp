// Nothing is left behind, nobody else is touched, output and limits are bounded.
#include <catch2/catch_session.hpp>
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <pthread.h>
#include <random>
#include <string_view>
#include <sys/mman.h>
#include <sys/wait.h>

#include "process_helpers.h"

using namespace forklint::runtime;
using namespace std::chrono_literals;

namespace {

// A program's first words show that what they announce is set up.
bool wait_for_output(Child& child, const std::string& text, std::chrono::milliseconds time = 5s) {
  for (auto until = Clock::now() + time; Clock::now() < until;) {
    if (child.output().contains(text)) return true;
    if (!child.wait_until(Clock::now() + 5ms)) return false;
  }
  return child.output().contains(text);
}

// Ignores SIGTERM itself, has a grandchild in a session of its own that ignores it too, and one that daemonised without
// environment. `seconds` names this test's processes in the system.
std::string stubborn(const std::string& seconds) {
  return "trap '' TERM; setsid sleep " + seconds + " & (setsid env -i sh -c 'trap \"\" TERM; sleep " + seconds + "; true' &) & sleep 0.1; echo ready; "
         "while :; do sleep " + seconds + "; done";
}

// The kernel calls such a process a zombie; its other thread goes on and has a child.
[[noreturn]] void end_first_thread(std::string script) {
  std::thread([script = std::move(script)] { std::_Exit(std::system(script.c_str())); }).detach();
  ::pthread_exit(nullptr);
}

// Leaves a process in a session of its own behind. Its threads end one by one when it is killed, the first of them early.
int leave_threads_behind() {
  std::cout << "left" << std::endl;
  if (::fork() != 0) return 0;
  ::setsid();
  std::vector<std::thread> threads;
  for (int i = 0; i < 50; i++) threads.emplace_back([] { for (;;) ::pause(); });
  for (;;) ::pause();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "first thread ends") end_first_thread(argv[2]);
  if (argc == 2 && std::string_view(argv[1]) == "leaves threads behind") return leave_threads_behind();
  return Catch::Session().run(argc, argv);
}

TEST_CASE("a stubborn tree is gone within grace + 1 s, whatever its members did to leave") {
  Balance balance;
  {
    auto child = launch(shell(stubborn("@.1")));
    REQUIRE(child);
    REQUIRE(wait_for_output(*child, "ready"));
    CHECK(child->tree().size() >= 4);
    CHECK(count_commands("@.1") >= 4);
    auto start = Clock::now();
    auto report = child->kill_tree(200ms);
    CHECK(seconds_since(start) < 1.2);
    REQUIRE(report);
    CHECK(report->survivors.empty());
    CHECK(report->asked >= 4);
    CHECK(report->killed >= 2);
    CHECK(count_commands("@.1") == 0);
    CHECK(child->wait()->signal == SIGKILL);
  }
  CHECK(balance.even());
}

TEST_CASE("who obeys SIGTERM ends by it, before the grace is over") {
  auto child = launch(shell("trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.01; done"));
  REQUIRE(child);
  REQUIRE(wait_for_output(*child, "ready"));
  auto start = Clock::now();
  REQUIRE(child->kill_tree(5s));
  CHECK(seconds_since(start) < 1);
  CHECK(child->wait()->code == 5);
  CHECK(child->output() == "ready\nbye\n");
}

TEST_CASE("a stopped tree is ended too") {
  auto child = launch(shell("echo ready; kill -STOP $$; exit 3"));
  REQUIRE(child);
  REQUIRE(wait_for_output(*child, "ready"));
  auto start = Clock::now();
  REQUIRE(child->kill_tree(2s));
  CHECK(seconds_since(start) < 1);
}

TEST_CASE("a process whose first thread has ended is ended with its tree") {
  Balance balance;
  {
    auto child = launch({.argv = {"kill_tree", "first thread ends", own("setsid sleep @.10 & echo ready; wait")}, .launch = Launch::self});
    REQUIRE(child);
    REQUIRE(wait_for_output(*child, "ready"));
    const std::string stat = "/proc/" + std::to_string(child->pid()) + "/stat";
    for (auto until = Clock::now() + 5s; !read_file(stat).contains(") Z ") && Clock::now() < until;) std::this_thread::sleep_for(1ms);
    REQUIRE(read_file(stat).contains(") Z "));
    CHECK(child->running());
    CHECK(child->tree().size() >= 3);
    auto report = child->kill_tree(0ms);
    REQUIRE(report);
    CHECK(report->survivors.empty());
    CHECK(child->wait()->signal == SIGKILL);
    CHECK(count_commands("@.10") == 0);
  }
  CHECK(balance.even());
}

TEST_CASE("an orphan with many threads is waited for until the last of them has ended") {
  Balance balance;
  for (int i = 0; i < 20; i++) {
    auto child = launch({.argv = {"kill_tree", "leaves threads behind"}, .launch = Launch::self});
    REQUIRE(child);
    CHECK(child->wait()->ok());
    for (auto until = Clock::now() + 5s; Clock::now() < until; std::this_thread::sleep_for(1ms)) {
      std::vector<int> left = child->tree();
      if (left.size() == 1 && count_entries("/proc/" + std::to_string(left[0]) + "/task") > 50) break;
    }
    child->kill_tree(0ms);
    CHECK(count_children() == balance.children);
  }
  CHECK(balance.even());
}

TEST_CASE("a Child that goes out of scope leaves nothing, running or not") {
  Balance balance;
  { auto running = launch(shell(stubborn("@.2"))); REQUIRE(running); REQUIRE(wait_for_output(*running, "ready")); }
  CHECK(count_commands("@.2") == 0);
  {
    auto ended = launch(shell("setsid sleep @.3 & sleep 0.05"));
    REQUIRE(ended);
    CHECK(ended->wait()->ok());
    CHECK(count_commands("@.3") == 1);
  }
  CHECK(count_commands("@.3") == 0);
  CHECK(balance.even());
}

TEST_CASE("other children and other trees are left alone") {
  int stranger = ::fork();
  if (stranger == 0) {
    ::setsid();
    for (;;) ::pause();
  }
  {
    auto other = launch(shell("setsid sleep @.4 & sleep 0.05; exit 0"));  // its orphan is now our child
    REQUIRE(other);
    CHECK(other->wait()->ok());
    auto killed = launch(shell(stubborn("@.5")));
    REQUIRE(wait_for_output(*killed, "ready"));
    CHECK(killed->kill_tree(10ms));
    CHECK(count_commands("@.5") == 0);
    CHECK(count_commands("@.4") == 1);
    CHECK(other->tree().size() == 1);
  }
  CHECK(count_commands("@.4") == 0);
  CHECK(::kill(stranger, 0) == 0);
  ::kill(stranger, SIGKILL);
  int status = 0;
  CHECK(::waitpid(stranger, &status, 0) == stranger);
  CHECK(WTERMSIG(status) == SIGKILL);
}

TEST_CASE("a flood of output is bounded and says what was dropped") {
  auto done = run({.argv = {"sh", "-c", "yes | head -c 50000000; yes error | head -c 3000000 >&2; echo last"}, .capture_limit = 100'000});
  REQUIRE(done);
  CHECK(done->exit.ok());
  CHECK(done->output.size() < 100'040);
  CHECK(done->output.starts_with("[dropped 49900005 bytes]\n"));
  CHECK(done->output.ends_with("y\nlast\n"));
  CHECK(done->errors.starts_with("[dropped "));
  CHECK(done->exit.stderr_tail.size() == 4096);
}

TEST_CASE("a grandchild that keeps the pipe open delays nothing, not even one that writes for ever") {
  for (const char* script : {"sleep @.6 & echo done", "yes @.6 & echo done; sleep 0.05"}) {
    auto start = Clock::now();
    auto done = run(shell(script));
    CHECK(seconds_since(start) < 2);
    REQUIRE(done);
    CHECK(done->output.contains(script[0] == 's' ? "done" : own("@.6")));
    CHECK(count_commands("@.6") == 0);
  }
}

TEST_CASE("lines are handed out, whole or in parts") {
  std::vector<std::string> lines;
  Command command = shell("echo one; printf two; echo e1 >&2; echo; head -c 100000 /dev/zero | tr '\\0' x; printf end");
  command.on_line = [&](Stream stream, std::string_view line) { if (stream == Stream::output) lines.emplace_back(line); };
  REQUIRE(run(command));
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == "one");
  CHECK(lines[1] == "two");
  CHECK(lines[2].size() == 65536);
  CHECK(lines[3].ends_with("xend"));
}

TEST_CASE("errors can go where the output goes") {
  auto done = run({.argv = {"sh", "-c", "echo 1; echo 2 >&2; echo 3"}, .errors = Output::as_output});
  REQUIRE(done);
  CHECK(done->output == "1\n2\n3\n");
}

TEST_CASE("one loop serves many children") {
  Balance balance;
  {
    std::vector<Child> children;
    std::vector<Child*> pointers;
    for (int i = 0; i < 40; i++) children.push_back(*launch(shell("head -c 300000 /dev/zero; echo " + std::to_string(i) + " >&2; exit " + std::to_string(i))));
    for (Child& child : children) pointers.push_back(&child);
    auto all = communicate(pointers, Clock::now() + 60s);
    REQUIRE(all);
    REQUIRE(*all);
    for (int i = 0; i < 40; i++) {
      CHECK(children[size_t(i)].wait()->code == i);
      CHECK(children[size_t(i)].output().size() == 300000);
      CHECK(children[size_t(i)].errors() == std::to_string(i) + "\n");
    }
  }
  CHECK(balance.even());
}

TEST_CASE("limits: memory, file size, processor time, descriptors") {
  auto memory = run({.argv = {"python3", "-c", "x = bytearray(1 << 30)"}, .limits = {.address_space = 300 << 20}});
  REQUIRE(memory);
  CHECK(memory->exit.code == 1);
  CHECK(memory->exit.out_of_memory);
  auto other_failure = run({.argv = {"python3", "-c", "raise ValueError"}, .limits = {.address_space = 300 << 20}});
  CHECK(!other_failure->exit.out_of_memory);
  auto file = run({.argv = {"sh", "-c", "exec head -c 100000 /dev/zero > $TMPDIR/x"}, .limits = {.file_size = 1000}, .isolation = {.tmp = true}});
  REQUIRE(file);
  CHECK(file->exit.signal == SIGXFSZ);
  auto cpu = run({.argv = {"sh", "-c", "while :; do :; done"}, .limits = {.cpu_seconds = 1}});
  REQUIRE(cpu);
  CHECK(cpu->exit.signal == SIGXCPU);
  CHECK(cpu->exit.user_seconds + cpu->exit.system_seconds > 0.5);
  CHECK(run({.argv = {"sh", "-c", "ulimit -n"}, .limits = {.descriptors = 50}})->output == "50\n");
}

TEST_CASE("a tree with too many processes is ended, and why is told") {
  auto start = Clock::now();
  Command command = shell("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep @.7 & done; wait");
  command.limits.processes = 10;
  auto done = run(command, 20s);
  CHECK(seconds_since(start) < 5);
  REQUIRE(done);
  CHECK(done->exit.signal == SIGKILL);
  CHECK(!done->exit.out_of_memory);
  CHECK(done->exit.ended_by_us.ends_with(" processes, the limit is 10"));
  CHECK(count_commands("@.7") == 0);
}

TEST_CASE("a fork bomb is contained by counting") {
  Balance balance;
  Command command = shell("b() { b @.8 & b @.8 & wait; }; b");
  command.limits.processes = 60;
  auto done = run(command, 20s);
  REQUIRE(done);
  CHECK(!done->exit.ended_by_us.empty());
  CHECK(count_commands("@.8") == 0);
  CHECK(balance.even());
}

TEST_CASE("200 launches of every kind at random leave the counts as they were") {
  unsigned seed = std::random_device{}();
  std::cout << "seed " << seed << std::endl;
  INFO("seed " << seed);
  std::mt19937 random(seed);
  auto pick = [&](unsigned count) { return random() % count; };
  REQUIRE(run(shell("true")));
  Balance balance;
  {
    std::vector<Child> kept;
    for (int i = 0; i < 200; i++) {
      const char* scripts[] = {"true", "exit 3", "kill -9 $$", "sleep 0.02 & true", "setsid sleep 20 & exec sleep 20", "yes", "(setsid sleep 20 &)"};
      Command command = shell(scripts[pick(7)]);
      command.launch = pick(2) ? Launch::fork : Launch::posix_spawn;
      if (pick(10) == 0) command.argv = {"/no/such"};
      command.isolation.tmp = pick(10) == 0;
      command.group = Group(pick(2));
      command.limits.descriptors = pick(5) == 0 ? 64 : 0;
      auto child = launch(command);
      if (!child) continue;
      if (pick(3) == 0) child->kill_tree(std::chrono::milliseconds(pick(3)));
      else if (pick(2) == 0) child->wait_until(Clock::now() + std::chrono::milliseconds(pick(20)));
      if (pick(4) == 0) kept.push_back(std::move(*child));
      if (!kept.empty() && pick(5) == 0) kept.erase(kept.begin() + pick(unsigned(kept.size())));
    }
  }
  CHECK(count_descriptors() == balance.descriptors);
  CHECK(count_children() == balance.children);
}

TEST_CASE("the end of a tree, measured", "[.measure]") {
  std::vector<double> times;
  for (int i = 0; i < 50; i++) {
    auto child = launch(shell("for i in 1 2 3 4 5; do setsid sleep @.9 & done; echo ready; wait"));
    REQUIRE(wait_for_output(*child, "ready"));
    auto start = Clock::now();
    auto report = child->kill_tree(0ms);
    times.push_back(seconds_since(start) * 1e3);
  }
  std::ranges::sort(times);
  std::cout << "kill_tree(0) of 6 processes: p50 " << times[25] << " ms, p95 " << times[47] << " ms\n";
}
