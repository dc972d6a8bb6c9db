// What tasks write goes to whom it should, each task's own, and never without end.
#include <catch2/catch_session.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cstdio>
#include <iostream>
#include <numeric>
#include <unistd.h>

#include "forklint/runtime/pool.h"
#include "forklint/runtime/process.h"

using namespace forklint::runtime;

int speaks(int n) {
  std::cout << "out " << n;  // no newline, not flushed
  std::fprintf(stderr, "err %d\n", n);
  std::printf(" and printf\n");
  if (n == 3) throw std::runtime_error("three");
  if (n == 4) std::fflush(stdout), ::_exit(9);
  return n;
}
FORKLINT_TASK(speaks)
int floods(int lines) {
  for (int i = 0; i < lines; ++i) std::printf("line %d of many, and none is of interest\n", i);
  return lines;
}
FORKLINT_TASK(floods)
int shuts_up(int n) {
  std::printf("before");
  std::fflush(stdout);
  ::close(STDOUT_FILENO);
  return n;
}
FORKLINT_TASK(shuts_up)
int leaves_a_child(int n) {
  std::printf("parent\n");
  std::fflush(stdout);
  if (::fork() == 0) {
    ::setsid();  // out of the worker's group: it stays, and keeps the pipe
    ::sleep(2);
    ::_exit(0);
  }
  return n;
}
FORKLINT_TASK(leaves_a_child)
int stuck(int) {
  std::printf("last words\n");
  std::fflush(stdout);
  while (true) ::pause();
}
FORKLINT_TASK(stuck)
void begins(WorkerContext& context) { std::printf("init of %u\n", context.worker); }
FORKLINT_TASK(begins)
std::string reads_input(int) {
  std::string line;
  return std::getline(std::cin, line) ? "read " + line : "nothing to read";
}
FORKLINT_TASK(reads_input)

static Pool make(PoolOptions options) {
  auto pool = Pool::make(std::move(options));
  if (!pool) throw std::runtime_error(pool.error().what);
  return std::move(*pool);
}

// The test's own program in a role: what a whole program prints.
static int print(std::string_view how, const char* method) {
  PoolOptions options{.workers = 1, .name = "printer"};
  for (StartMethod one : {StartMethod::fork, StartMethod::spawn, StartMethod::forkserver})
    if (name(one) == method) options.method = one;
  options.output = how == "lines" ? WorkerOutput::lines : how == "group" ? WorkerOutput::group : WorkerOutput::keep;
  Pool pool = make(std::move(options));
  pool.map(speaks, std::vector{1, 2});
  return 0;
}

int main(int argc, char** argv) {
  if (auto code = worker_main(argc, argv)) return *code;
  if (argc == 4 && std::string_view(argv[1]) == "print") return print(argv[2], argv[3]);
  return Catch::Session().run(argc, argv);
}

static auto processes() { return GENERATE(StartMethod::fork, StartMethod::forkserver, StartMethod::spawn); }

TEST_CASE("each task has its own output, however many there are") {
  auto method = processes();
  INFO(name(method));
  std::map<uint64_t, TaskOutput> seen;
  Pool pool = make({.workers = 2, .method = method, .output = WorkerOutput::keep, .on_output = [&](const TaskOutput& output) { seen[output.index] = output; }});
  std::vector<int> numbers(500);
  std::iota(numbers.begin(), numbers.end(), 100);
  auto outcomes = pool.map(speaks, numbers);
  for (auto& outcome : outcomes) CHECK(outcome.has_value());
  REQUIRE(seen.size() == numbers.size());
  for (size_t i = 0; i < numbers.size(); ++i) {
    CHECK(seen[i].task == "speaks");
    CHECK(seen[i].output == "out " + std::to_string(numbers[i]) + " and printf\n");
    CHECK(seen[i].errors == "err " + std::to_string(numbers[i]) + "\n");
  }
}

TEST_CASE("a failure has what its task wrote") {
  auto method = processes();
  Pool pool = make({.workers = 1, .method = method, .task_timeout = 0.1, .kill_grace = 0.05, .output = WorkerOutput::keep});
  auto thrown = pool.apply(speaks, 3);
  REQUIRE(!thrown);
  CHECK(thrown.error().output == "out 3 and printf\n");
  CHECK(thrown.error().errors == "err 3\n");
  auto died = pool.apply(speaks, 4);
  REQUIRE(!died);
  CHECK(died.error().exit.code == 9);
  CHECK(died.error().output.find(" and printf\n") != std::string::npos);
  CHECK(died.error().errors == "err 4\n");
  auto late = pool.apply(stuck, 1);
  REQUIRE(!late);
  CHECK(late.error().kind == FailureKind::timed_out);
  CHECK(late.error().output == "last words\n");
}

TEST_CASE("a flood is cut, and what is newest is kept") {
  std::string output;
  Pool pool = make({.workers = 1, .output = WorkerOutput::keep, .capture_limit = 10'000, .on_output = [&](const TaskOutput& it) { output = it.output; }});
  CHECK(pool.apply(floods, 100'000) == 100'000);
  pool.close();
  CHECK(output.starts_with("[dropped "));
  CHECK(output.ends_with("line 99999 of many, and none is of interest\n"));
  CHECK(output.size() < 10'100);
}

TEST_CASE("a task that closes its stream, or leaves a child that holds it, holds up nobody") {
  auto method = processes();
  std::vector<std::string> texts;
  Pool pool = make({.workers = 1, .method = method, .output = WorkerOutput::keep, .on_output = [&](const TaskOutput& it) { texts.push_back(it.output); }});
  CHECK(pool.apply(leaves_a_child, 1) == 1);
  CHECK(pool.apply(shuts_up, 2) == 2);
  CHECK(pool.apply(speaks, 5) == 5);
  pool.close();
  REQUIRE(texts.size() >= 2);
  CHECK(texts[0] == "parent\n");
  CHECK(texts[1] == "before");
}

TEST_CASE("init functions are heard too, and nobody can read the pool's input") {
  auto method = processes();
  std::vector<TaskOutput> all;
  Pool pool = make({.workers = 1, .method = method, .output = WorkerOutput::keep, .on_output = [&](const TaskOutput& it) { all.push_back(it); }});
  pool.on_start(begins);
  CHECK(pool.apply(reads_input, 0) == "nothing to read");
  pool.close();
  REQUIRE(all.size() == 1);
  CHECK(all[0].task == "begins");
  CHECK(all[0].output == "init of 0\n");
}

TEST_CASE("output is passed on in one piece, or by lines that say whose they are") {
  for (const char* method : {"fork", "forkserver", "spawn"}) {
    INFO(method);
    auto say = [&](const char* how) { return run({.argv = {"output_test", "print", how, method}, .launch = Launch::self}); };
    auto group = say("group"), lines = say("lines"), kept = say("keep");
    REQUIRE((group && lines && kept));
    CHECK(group->output == "out 1 and printf\nout 2 and printf\n");
    CHECK(group->errors == "err 1\nerr 2\n");
    CHECK(lines->output == "[worker 0] out 1 and printf\n[worker 0] out 2 and printf\n");
    CHECK(lines->errors == "[worker 0] err 1\n[worker 0] err 2\n");
    CHECK(kept->output + kept->errors == "");
  }
}

TEST_CASE("threads share their streams: a pool of them says that it cannot tell") {
  auto refused = Pool::make({.workers = 1, .method = StartMethod::threading, .output = WorkerOutput::keep});
  REQUIRE(!refused);
  CHECK(refused.error().what.find("threading") != std::string::npos);
}
