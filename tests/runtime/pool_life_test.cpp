// Workers come, stay and go as the options say; a stale one is refused; SIGINT ends a pool cleanly.
#include <catch2/catch_session.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <optional>
#include <set>
#include <thread>
#include <unistd.h>

#include "forklint/runtime/live_pools.h"
#include "forklint/runtime/pool.h"
#include "forklint/runtime/process.h"

using namespace forklint::runtime;

unsigned who(WorkerContext& context, int) { return context.worker; }
FORKLINT_TASK(who)
int pid_of_worker(int) { return ::getpid(); }
FORKLINT_TASK(pid_of_worker)
int sleeps(int milliseconds) {
  ::usleep(useconds_t(milliseconds) * 1000);
  return milliseconds;
}
FORKLINT_TASK(sleeps)
int fails(int n) { return n % 2 == 0 ? throw std::runtime_error("even") : n; }
FORKLINT_TASK(fails)
int says_goodbye(WorkerContext&) { return ::getpid(); }
FORKLINT_TASK(says_goodbye)
int only_in_new_binaries(int n) { return n; }

// Fails until it was tried so often.
void begins_after(WorkerContext&, std::string file, int tries) {
  std::ofstream(file, std::ios::app) << "x";
  if (int(std::filesystem::file_size(file)) <= tries) throw std::runtime_error("not yet");
}
FORKLINT_TASK(begins_after)

int starts_a_program(std::string file) {
  if (pid_t child = ::fork(); child == 0) {
    ::sleep(60);
    ::_exit(0);
  } else {
    std::ofstream(file) << child << std::endl;
  }
  ::pause();
  return 0;
}
FORKLINT_TASK(starts_a_program)

static Pool make(PoolOptions options) {
  auto pool = Pool::make(std::move(options));
  if (!pool) throw std::runtime_error(pool.error().what);
  return std::move(*pool);
}

static StartMethod method_called(std::string_view text) {
  for (StartMethod one : {StartMethod::fork, StartMethod::spawn, StartMethod::threading})
    if (name(one) == text) return one;
  return StartMethod::forkserver;
}

// Says the pids of its workers, then works until it is interrupted; says how many tasks were cancelled, if it lives.
static int interrupted(const char* method, bool stops) {
  Pool pool = make({.workers = 2, .method = method_called(method), .stop_on_interrupt = stops});
  for (auto& outcome : pool.map(pid_of_worker, std::vector<int>(8))) std::printf("%d ", *outcome);
  std::printf("\n");
  std::fflush(stdout);
  int cancelled = 0;
  for (auto& outcome : pool.map(sleeps, std::vector<int>(8, 3000))) cancelled += !outcome && outcome.error().kind == FailureKind::cancelled;
  std::printf("%d cancelled, then %d\n", cancelled, pool.apply(sleeps, 1).value_or(-1));
  return 0;
}

int main(int argc, char** argv) {
  if (std::getenv("FORKLINT_TEST_NEW_BINARY")) task_detail::register_task<&only_in_new_binaries>("only_in_new_binaries");
  if (auto code = worker_main(argc, argv)) return *code;
  if (argc == 4 && std::string_view(argv[1]) == "interrupted") return interrupted(argv[2], argv[3] == std::string_view("stops"));
  return Catch::Session().run(argc, argv);
}

static auto methods() { return GENERATE(StartMethod::threading, StartMethod::fork, StartMethod::forkserver, StartMethod::spawn); }
static auto processes() { return GENERATE(StartMethod::fork, StartMethod::forkserver, StartMethod::spawn); }
static bool gone(int pid) {
  for (int i = 0; i < 300; ++i, ::usleep(10'000)) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    if (!std::getline(stat, text) || text.find(") Z ") != text.npos) return true;
  }
  return false;
}
static std::string temporary(const char* name) { return (std::filesystem::temp_directory_path() / ("forklint-" + std::to_string(::getpid()) + name)).string(); }

TEST_CASE("a pool ends at once though workers of another pool are copies of this process") {
  auto method = processes();
  auto first = std::make_optional(make({.workers = 1, .method = method}));
  CHECK(first->apply(who, 0) == 0u);
  Pool second = make({.workers = 1, .method = StartMethod::fork});
  CHECK(second.apply(who, 0) == 0u);
  auto start = std::chrono::steady_clock::now();
  first.reset();
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::milliseconds(1500));  // its process is given 2 s before it is killed
}

TEST_CASE("in turn, task i of a map goes to worker i modulo their number") {
  auto method = methods();
  Pool pool = make({.workers = 3, .method = method, .lifespan = 7, .order = Order::round_robin});
  for (int round = 0; round < 2; ++round) {
    auto outcomes = pool.map(who, std::vector<int>(50));
    for (size_t i = 0; i < outcomes.size(); ++i) CHECK(outcomes[i] == unsigned(i % 3));
  }
}

TEST_CASE("in turn, a worker that cannot start fails the tasks instead of holding them up") {
  auto file = temporary("-turn");
  Pool pool = make({.workers = 2, .quiet = true, .order = Order::round_robin});
  pool.on_start(begins_after, file, 1000);
  for (auto& outcome : pool.map(who, std::vector<int>(4))) CHECK(outcome.error().kind == FailureKind::start_failed);
  std::filesystem::remove(file);
}

TEST_CASE("workers are kept from one map to the next, unless they are not to be") {
  auto method = processes();
  Pool kept = make({.workers = 1, .method = method});
  CHECK(kept.apply(pid_of_worker, 0).value() == kept.apply(pid_of_worker, 0).value());
  Pool left = make({.workers = 1, .method = method, .keep_alive = false});
  left.on_exit(says_goodbye);
  auto first = left.apply(pid_of_worker, 0);
  CHECK(left.exit_results<int>() == std::vector{*first});  // its exit function has run when the call returns
  CHECK(*first != left.apply(pid_of_worker, 0).value());
  int sum = 0;
  for (auto& outcome : left.imap(fails, std::views::iota(0, 100))) sum += outcome.value_or(0);
  CHECK(sum == 2500);
}

TEST_CASE("a worker of another build is refused, at once and by name") {
  ::setenv("FORKLINT_TEST_NEW_BINARY", "1", 1);
  auto method = GENERATE(StartMethod::forkserver, StartMethod::spawn);
  Pool pool = make({.workers = 2, .method = method, .quiet = true});
  auto outcome = pool.apply(who, 0);
  REQUIRE(!outcome);
  CHECK(outcome.error().kind == FailureKind::start_failed);
  CHECK(outcome.error().message.find("another version of this program") != std::string::npos);
  unsigned starts = 0;
  for (auto& worker : pool.insights().workers) starts += worker.starts;
  CHECK(starts <= 2);  // trying again would not help
  ::unsetenv("FORKLINT_TEST_NEW_BINARY");
}

TEST_CASE("a start that fails is tried again, more and more slowly, and not for ever") {
  auto method = methods();
  auto file = temporary("-starts");
  std::filesystem::remove(file);
  {
    Pool pool = make({.workers = 1, .method = method, .quiet = true});
    pool.on_start(begins_after, file, 2);
    CHECK(pool.apply(who, 0) == 0u);
    CHECK(std::filesystem::file_size(file) == 3);
  }
  std::filesystem::remove(file);
  Pool pool = make({.workers = 1, .method = method, .quiet = true});
  pool.on_start(begins_after, file, 1000);
  auto begin = std::chrono::steady_clock::now();
  CHECK(!pool.apply(who, 0));
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  CHECK(std::filesystem::file_size(file) == 3);
  CHECK(took.count() >= 0.1);  // 20 ms, then 80
  CHECK(took.count() < 5);
  std::filesystem::remove(file);
}

TEST_CASE("what a stopped task has started ends with it") {
  auto method = processes();
  auto file = temporary("-grandchild");
  Pool pool = make({.workers = 1, .method = method, .task_timeout = 0.3, .kill_grace = 0.05, .quiet = true});
  CHECK(pool.apply(starts_a_program, file).error().kind == FailureKind::timed_out);
  int grandchild = 0;
  std::ifstream(file) >> grandchild;
  REQUIRE(grandchild > 0);
  CHECK(gone(grandchild));
  std::filesystem::remove(file);
}

TEST_CASE("pools list themselves and their failures, whatever their start method") {
  auto method = methods();
  uint64_t before = recent_failures().empty() ? 0 : recent_failures().back().id;
  {
    Pool pool = make({.workers = 2, .method = method, .name = "listed"});
    pool.map(fails, std::vector{1, 2, 3, 4});
    auto pools = live_pools();
    REQUIRE(pools.size() == 1);
    CHECK(pools[0].name == "listed");
    CHECK(pools[0].insights.method == method);
    CHECK(pools[0].insights.workers[0].tasks + pools[0].insights.workers[1].tasks == 4);
  }
  CHECK(live_pools().empty());
  auto failures = recent_failures();
  std::erase_if(failures, [&](const PoolFailure& failure) { return failure.id <= before; });
  REQUIRE(failures.size() == 2);
  CHECK(failures[0].pool == "listed");
  CHECK(failures[0].message.find("even") != std::string::npos);
}

TEST_CASE("SIGINT ends a program and its workers, or is an end of the call where that is asked for") {
  for (const char* method : {"threading", "fork", "forkserver", "spawn"}) {
    for (bool stops : {false, true}) {
      if (stops && method == std::string_view("threading")) continue;  // a thread that sleeps cannot be stopped
      INFO(method << (stops ? ", stops" : ""));
      auto program = launch({.argv = {"pool_life_test", "interrupted", method, stops ? "stops" : "ends"}, .launch = Launch::self});
      REQUIRE(program);
      while (program->output().find('\n') == std::string::npos && program->running()) (void)program->wait_until(Clock::now() + std::chrono::milliseconds(20));
      std::set<int> workers;
      std::istringstream words(program->output());
      for (int pid; words >> pid;) workers.insert(pid);
      (void)program->wait_until(Clock::now() + std::chrono::milliseconds(100));
      ::kill(-program->pid(), SIGINT);  // as a terminal does
      auto exit = program->wait_until(Clock::now() + std::chrono::seconds(20));
      REQUIRE((exit && *exit));
      if (stops) CHECK(program->output().ends_with("8 cancelled, then 1\n"));
      CHECK((*exit)->signal == (stops ? 0 : SIGINT));
      for (int worker : workers) CHECK(gone(worker));
    }
  }
}
