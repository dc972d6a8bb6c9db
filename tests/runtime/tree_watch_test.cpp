// Every birth, exec and exit of a tree is seen, nothing is disturbed by being watched, nothing is left.
#include <catch2/catch_session.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <csignal>
#include <iostream>

#include "forklint/runtime/tree_watch.h"
#include "process_helpers.h"

using namespace forklint::runtime;
using namespace std::chrono_literals;
using Kind = TreeEvent::Kind;

namespace {

std::vector<TreeEvent> of_kind(const Watched& watched, Kind kind) {
  std::vector<TreeEvent> found;
  for (const TreeEvent& event : watched.events) {
    if (event.kind == kind) found.push_back(event);
  }
  return found;
}

}  // namespace

int main(int argc, char** argv) { return Catch::Session().run(argc, argv); }

TEST_CASE("a shell with a child in the background: births, execs, exits") {
  Balance balance;
  auto watched = watch_tree(shell("/bin/true & wait; echo out; echo err >&2; exit 4"));
  REQUIRE(watched);
  CHECK(watched->exit.code == 4);
  CHECK(watched->output == "out\n");
  CHECK(watched->exit.stderr_tail == "err\n");
  auto births = of_kind(*watched, Kind::birth), execs = of_kind(*watched, Kind::exec), exits = of_kind(*watched, Kind::exit);
  REQUIRE(births.size() == 2);
  REQUIRE(execs.size() == 2);
  REQUIRE(exits.size() == 2);
  CHECK(births[0].parent == ::getpid());
  CHECK(births[1].parent == births[0].pid);
  CHECK(births[1].threads == 1);
  CHECK(execs[0].argv[0] == "sh");
  CHECK(execs[1].pid == births[1].pid);
  CHECK(execs[1].program.ends_with("/true"));
  CHECK(exits[0].pid == births[1].pid);
  CHECK(exits[0].code == 0);
  CHECK(exits[0].max_rss > 100'000);
  CHECK(exits[1].code == 4);
  CHECK(std::ranges::is_sorted(watched->events, {}, &TreeEvent::at));
  CHECK(balance.even());
}

TEST_CASE("as JSON lines") {
  std::vector<TreeEvent> events = {
      {.kind = Kind::birth, .at = 0.5, .pid = 2, .parent = 1, .threads = 3, .program = "/a\"b\n\xff"},
      {.kind = Kind::exit, .at = 1, .pid = 2, .parent = 1, .threads = 1, .signal = 9, .max_rss = 4096, .program = "/é"},
      {.kind = Kind::exec, .at = 2, .pid = 3, .parent = 1, .program = "x", .argv = {"x", "\xed\xa0\x80"}}};
  CHECK(as_json_lines(events) ==
        "{\"event\":\"birth\",\"at\":0.500000,\"pid\":2,\"parent\":1,\"threads\":3,\"program\":\"/a\\\"b\\u000a\\ufffd\"}\n"
        "{\"event\":\"exit\",\"at\":1.000000,\"pid\":2,\"parent\":1,\"threads\":1,\"signal\":9,\"max_rss\":4096,\"program\":\"/é\"}\n"
        "{\"event\":\"exec\",\"at\":2.000000,\"pid\":3,\"parent\":1,\"threads\":0,\"program\":\"x\",\"argv\":[\"x\",\"\\ufffd\\ufffd\\ufffd\"]}\n");
}

TEST_CASE("many quick processes and signals") {
  auto watched = watch_tree(shell("i=0; while [ $i -lt 200 ]; do (exit 3) & i=$((i+1)); done; wait; (kill -SEGV $(sh -c 'echo $PPID')); echo $?; kill -TERM $$"));
  REQUIRE(watched);
  CHECK(watched->exit.signal == SIGTERM);
  CHECK(watched->output == "139\n");
  CHECK(of_kind(*watched, Kind::birth).size() == of_kind(*watched, Kind::exit).size());
  CHECK(std::ranges::count(watched->events, 3, &TreeEvent::code) == 200);
  CHECK(std::ranges::count(watched->events, SIGSEGV, &TreeEvent::signal) == 1);
}

TEST_CASE("threads are no processes, and are counted where somebody forks") {
  const char* script = "import os, threading, time\n"
                       "e = threading.Event()\n"
                       "ts = [threading.Thread(target=e.wait) for _ in range(3)]\n"
                       "[t.start() for t in ts]\n"
                       "p = os.fork()\n"
                       "if p == 0: os._exit(6)\n"
                       "os.waitpid(p, 0); e.set(); [t.join() for t in ts]\n"
                       "threading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n"
                       "os.execvp('true', ['true'])\n";
  auto watched = watch_tree({.argv = {"python3", "-W", "ignore", "-c", script}});
  REQUIRE(watched);
  INFO(watched->errors << as_json_lines(watched->events));
  CHECK(watched->exit.ok());
  auto births = of_kind(*watched, Kind::birth), execs = of_kind(*watched, Kind::exec);
  // Where python3 is a script that looks for the real one, that has children of its own.
  std::erase_if(births, [](const TreeEvent& event) { return !event.program.contains("/python"); });
  REQUIRE(births.size() == 1);
  CHECK(births[0].threads == 4);
  CHECK(execs.back().program.ends_with("/true"));
  auto exit = std::ranges::find_if(watched->events, [&](const TreeEvent& event) { return event.kind == Kind::exit && event.pid == births[0].pid; });
  REQUIRE(exit != watched->events.end());
  CHECK(exit->code == 6);
}

TEST_CASE("stopping and going on works under watch") {
  auto start = Clock::now();
  auto watched = watch_tree(shell("sh -c 'kill -STOP $$; exit 5' & p=$!; while ! grep -q '^State:.[Tt]' /proc/$p/status; do :; done; "
                                  "sleep 0.05; grep -q '^State:.[Tt]' /proc/$p/status && echo stopped; kill -CONT $p; wait $p; exit $?"), {.timeout = 20s});
  REQUIRE(watched);
  CHECK(seconds_since(start) < 10);
  CHECK(watched->output == "stopped\n");
  CHECK(watched->exit.code == 5);
}

TEST_CASE("a program that is not there is an error under watch too") {
  Balance balance;
  auto watched = watch_tree({.argv = {"/no/such/program"}});
  REQUIRE(!watched);
  CHECK(watched.error().number == ENOENT);
  CHECK(balance.even());
}

TEST_CASE("time is up: the tree ends, daemons too, and their ends are seen") {
  Balance balance;
  auto start = Clock::now();
  auto watched = watch_tree(shell("trap '' TERM; (setsid env -i sleep @.1 &) & setsid sleep @.1 & while :; do sleep @.1; done"),
                            {.timeout = 200ms, .grace = 100ms});
  CHECK(seconds_since(start) < 1.5);
  REQUIRE(watched);
  CHECK(watched->timed_out);
  CHECK(watched->exit.signal == SIGKILL);
  CHECK(watched->exit.ended_by_us == "it took longer than 200 ms");
  CHECK(of_kind(*watched, Kind::birth).size() == of_kind(*watched, Kind::exit).size());
  CHECK(count_commands("@.1") == 0);
  CHECK(balance.even());
}

TEST_CASE("what the child leaves behind ends with it") {
  Balance balance;
  auto watched = watch_tree(shell("setsid sleep @.2 & sleep 0.05"));
  REQUIRE(watched);
  CHECK(watched->exit.ok());
  auto exits = of_kind(*watched, Kind::exit);
  CHECK(exits.back().signal == SIGKILL);
  CHECK(count_commands("@.2") == 0);
  CHECK(balance.even());
}

TEST_CASE("a fork bomb does not get beyond its limit") {
  Balance balance;
  auto start = Clock::now();
  auto watched = watch_tree(shell("b() { b @.3 & b @.3 & wait; }; b"), {.timeout = 20s, .processes = 50});
  CHECK(seconds_since(start) < 10);
  REQUIRE(watched);
  CHECK(!watched->timed_out);
  CHECK(watched->most_processes <= 100);  // each of the 50 may have been giving birth
  CHECK(watched->exit.signal == SIGKILL);
  CHECK(watched->exit.ended_by_us == "more than 50 processes at a time");
  CHECK(of_kind(*watched, Kind::birth).size() == of_kind(*watched, Kind::exit).size());
  CHECK(count_commands("@.3") == 0);
  CHECK(balance.even());
}

TEST_CASE("isolation and limits hold under watch") {
  Command command = shell("ls -A /dev/shm; ulimit -n; echo $TMPDIR");
  command.isolation = {.tmp = true, .shm = true};
  command.limits.descriptors = 77;
  auto watched = watch_tree(command);
  REQUIRE(watched);
  CHECK(watched->output.contains("77\n/"));
  CHECK(watched->exit.ok());
}

TEST_CASE("several watches at a time, beside children that are not watched") {
  Balance balance;
  {
    auto other = launch(shell("sleep 0.1; exit 9"));
    REQUIRE(other);
    std::vector<std::thread> threads;
    std::atomic<int> right = 0;
    for (int i = 0; i < 4; i++) {
      threads.emplace_back([&, i] {
        auto watched = watch_tree(shell("(exit 1) & (exit 2) & wait; exit " + std::to_string(i)));
        right += watched && watched->exit.code == i && watched->events.size() == 7;
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(right == 4);
    CHECK(other->wait()->code == 9);
  }
  CHECK(balance.even());
}

TEST_CASE("a watch, measured", "[.measure]") {
  const char* script = "i=0; while [ $i -lt 200 ]; do /bin/true; i=$((i+1)); done";
  auto start = Clock::now();
  auto plain = run(shell(script));
  double without = seconds_since(start);
  start = Clock::now();
  auto watched = watch_tree(shell(script));
  std::cout << "200 processes: " << without * 1e3 << " ms, watched " << seconds_since(start) * 1e3 << " ms\n";
}
