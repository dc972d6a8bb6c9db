// What goes wrong in workers becomes a value; nothing hangs and nothing is left behind.
#include <catch2/catch_session.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

#include "faults.h"

int main(int argc, char** argv) {
  if (auto code = worker_main(argc, argv)) return *code;
  return Catch::Session().run(argc, argv);
}

static Pool make(PoolOptions options) {
  auto pool = Pool::make(std::move(options));
  if (!pool) throw std::runtime_error(pool.error().what);
  return std::move(*pool);
}

static const auto processes = [] { return GENERATE(StartMethod::fork, StartMethod::forkserver, StartMethod::spawn); };

TEST_CASE("a worker's death is the failure of the task that it worked on") {
  auto method = processes();
  Pool pool = make({.workers = 2, .method = method, .quiet = true});
  auto outcome = pool.apply(suffer, Fault::kill, 1);
  REQUIRE(!outcome);
  CHECK(outcome.error().kind == FailureKind::died);
  CHECK(outcome.error().exit.signal == SIGKILL);
  CHECK(outcome.error().input_preview == "(1, 1)");
  CHECK(pool.apply(suffer, Fault::exit, 1).error().exit.code == 7);
  CHECK(pool.apply(suffer, Fault::abort, 1).error().exit.signal == SIGABRT);
  ExitInfo overflow = pool.apply(suffer, Fault::overflow, 1).error().exit;
  CHECK((sanitized ? !overflow.ok() : overflow.signal == SIGSEGV));
  CHECK(pool.apply(suffer, Fault::none, 5) == 5);
}

TEST_CASE("the others of a map are done all the same, each once") {
  auto method = processes();
  Pool pool = make({.workers = 2, .method = method, .quiet = true});
  std::vector<std::tuple<Fault, int>> inputs;
  for (int i = 0; i < 300; ++i) inputs.emplace_back(i % 50 == 7 ? Fault::kill : Fault::none, i);
  auto outcomes = pool.map(suffer, inputs);
  for (int i = 0; i < 300; ++i) {
    if (i % 50 == 7) CHECK(outcomes[size_t(i)].error().kind == FailureKind::died);
    else CHECK(outcomes[size_t(i)] == i);
  }
}

TEST_CASE("a dead worker's task is tried again where that is asked for") {
  Pool pool = make({.workers = 1, .retries = 2, .quiet = true});
  auto outcome = pool.apply(suffer, Fault::kill, 1);
  REQUIRE(!outcome);
  CHECK(outcome.error().attempt == 3);
  CHECK(pool.apply(suffer, Fault::throws, 1).error().attempt == 1);
}

TEST_CASE("a task that is stuck in native code is stopped in time") {
  auto method = processes();  // a thread that sleeps for ever would be left behind here
  Pool pool = make({.workers = 2, .method = method, .task_timeout = 0.1, .quiet = true});
  pool.apply(suffer, Fault::none, 1);  // its start is not measured
  auto begin = std::chrono::steady_clock::now();
  auto outcome = pool.apply(suffer, Fault::stuck, 1);
  double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  REQUIRE(!outcome);
  CHECK(outcome.error().kind == FailureKind::timed_out);
  CHECK(took < 5);  // on a busy machine; without the limit it would be for ever
  CHECK(pool.apply(suffer, Fault::none, 2) == 2);
}

TEST_CASE("what cannot be written or read is said") {
  auto method = GENERATE(StartMethod::threading, StartMethod::fork, StartMethod::forkserver, StartMethod::spawn);
  Pool pool = make({.workers = 1, .method = method});
  CHECK(pool.apply(odd, 3)->value == 3);
  auto outcome = pool.apply(odd, -3);
  REQUIRE(!outcome);
  CHECK(outcome.error().kind == FailureKind::not_serialisable);
  CHECK(outcome.error().type == "std::runtime_error");
  CHECK(outcome.error().message == "negative numbers cannot be written");
  // Arguments too: one that cannot be written is its own task's failure, however it is called.
  std::vector<Odd> inputs{{1}, {-1}, {3}};
  auto outcomes = pool.map(value_of, inputs);
  CHECK(outcomes[0] == 1);
  REQUIRE(!outcomes[1]);
  CHECK(outcomes[1].error().kind == FailureKind::not_serialisable);
  CHECK(outcomes[1].error().message == "its arguments cannot be written: negative numbers cannot be written");
  CHECK(outcomes[2] == 3);
  int given = 0, failed = 0;
  for (auto& one : pool.imap(value_of, inputs)) one ? ++given : ++failed;
  CHECK(given == 2);
  CHECK(failed == 1);
  CHECK(pool.apply(value_of, Odd{-1}).error().kind == FailureKind::not_serialisable);
  CHECK(pool.submit(value_of, Odd{-1}).get().error().kind == FailureKind::not_serialisable);
  CHECK(pool.apply(value_of, Odd{5}) == 5);
}

TEST_CASE("an init function that fails ends nothing but what waits for it") {
  auto method = GENERATE(StartMethod::threading, StartMethod::fork, StartMethod::forkserver, StartMethod::spawn);
  Pool pool = make({.workers = 2, .method = method, .quiet = true});
  pool.on_start(refuses);
  auto outcomes = pool.map(bad_start, std::vector{1, 2, 3});
  for (auto& outcome : outcomes) {
    REQUIRE(!outcome);
    CHECK(outcome.error().kind == FailureKind::start_failed);
    CHECK(outcome.error().message.find("no licence") != std::string::npos);
  }
}

TEST_CASE("floods and grandchildren do not stop a pool") {
  auto method = processes();
  Pool pool = make({.workers = 2, .method = method, .quiet = true});
  auto outcomes = pool.map(suffer, std::vector<std::tuple<Fault, int>>{{Fault::flood, 1}, {Fault::grandchild, 2}, {Fault::none, 3}});
  for (int i = 0; i < 3; ++i) CHECK(outcomes[size_t(i)] == i + 1);
}

TEST_CASE("no worker outlives its pool's process, though a copy of that process may") {
  auto method = processes();
  bool copied = GENERATE(false, true);
  int told[2];
  REQUIRE(::pipe(told) == 0);
  pid_t program = ::fork();
  if (program == 0) {
    Pool pool = make({.workers = 2, .method = method, .quiet = true});
    pool.map(suffer, std::vector<std::tuple<Fault, int>>{{Fault::none, 1}, {Fault::none, 2}});
    for (const WorkerInsights& worker : pool.insights().workers) [[maybe_unused]] ssize_t written = ::write(told[1], &worker.pid, sizeof worker.pid);
    pid_t copy = copied ? ::fork() : -1;
    while (copy == 0) ::pause();
    [[maybe_unused]] ssize_t written = ::write(told[1], &copy, sizeof copy);
    auto stuck = pool.submit(suffer, Fault::stuck, 1), stuck_too = pool.submit(suffer, Fault::stuck, 2);  // or they would look by themselves
    stuck.wait_for(std::chrono::milliseconds(200));
    ::raise(SIGKILL);
  }
  ::waitpid(program, nullptr, 0);
  pid_t workers[3] = {-1, -1, -1};
  REQUIRE(::read(told[0], workers, sizeof workers) == sizeof workers);
  bool gone = false;
  for (int i = 0; i < 200 && !gone; ++i) {
    ::usleep(10000);
    gone = ::kill(workers[0], 0) != 0 || std::filesystem::exists("/proc/" + std::to_string(workers[0])) == false;
  }
  CHECK(gone);
  if (copied) CHECK(::kill(workers[2], SIGKILL) == 0);
  ::close(told[0]);
  ::close(told[1]);
}
