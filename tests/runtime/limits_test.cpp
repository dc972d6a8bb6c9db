// Each limit of a pool's workers is felt by the task that passes it, and by no other.
#include <catch2/catch_session.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <sched.h>
#include <set>
#include <thread>
#include <time.h>
#include <unistd.h>

#include "faults.h"

int plain(int n) { return n; }
FORKLINT_TASK(plain)

// Milliseconds of this process's CPU time.
int burns(int milliseconds) {
  timespec begin{}, now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
  do ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1'000'000 < milliseconds);
  return milliseconds;
}
FORKLINT_TASK(burns)

int writes(int kilobytes) {
  int file = ::open(std::filesystem::temp_directory_path().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  std::string block(1024, 'x');
  for (int i = 0; i < kilobytes; ++i)
    if (::write(file, block.data(), block.size()) != 1024) throw std::runtime_error("cannot write");
  ::close(file);
  return kilobytes;
}
FORKLINT_TASK(writes)

int opens(int most) {
  std::vector<int> files;
  while (int(files.size()) < most) {
    int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (file < 0) break;
    files.push_back(file);
  }
  for (int file : files) ::close(file);
  return int(files.size());
}
FORKLINT_TASK(opens)

int forks(int times) {
  for (int i = 0; i < times; ++i)
    if (::fork() == 0) {
      ::sleep(60);
      ::_exit(0);
    }
  ::usleep(times > 0 ? 30'000'000 : 0);
  return times;
}
FORKLINT_TASK(forks)

std::vector<int> processors(WorkerContext&) {
  cpu_set_t set;
  CPU_ZERO(&set);
  ::sched_getaffinity(0, sizeof set, &set);
  std::vector<int> result;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &set)) result.push_back(cpu);
  return result;
}
FORKLINT_TASK(processors)
std::pair<unsigned, std::vector<int>> who_where(WorkerContext& context, int) { return {context.worker, processors(context)}; }
FORKLINT_TASK(who_where)

int main(int argc, char** argv) {
  if (auto code = worker_main(argc, argv)) return *code;
  return Catch::Session().run(argc, argv);
}

static Pool make(PoolOptions options) {
  auto pool = Pool::make(std::move(options));
  if (!pool) throw std::runtime_error(pool.error().what);
  return std::move(*pool);
}
static auto every_method() { return GENERATE(StartMethod::threading, StartMethod::fork, StartMethod::forkserver, StartMethod::spawn); }
static auto processes() { return GENERATE(StartMethod::fork, StartMethod::forkserver, StartMethod::spawn); }

TEST_CASE("address space: the task that wants more cannot have it") {
  if (sanitized) SKIP("sanitizers need address space themselves");
  auto method = processes();
  Pool pool = make({.workers = 1, .method = method, .limits = {.address_space = uint64_t(1) << 30}, .quiet = true});
  auto outcome = pool.apply(suffer, Fault::memory, 1);
  REQUIRE(!outcome);
  CHECK(outcome.error().type == "std::bad_alloc");
  CHECK(pool.apply(plain, 3) == 3);
}

TEST_CASE("CPU: a task that takes too much dies; what others took before does not count") {
  auto method = processes();
  Pool pool = make({.workers = 1, .method = method, .limits = {.cpu_seconds = 1}, .quiet = true});
  for (int i = 0; i < 4; ++i) CHECK(pool.apply(burns, 700) == 700);
  auto outcome = pool.apply(burns, 20'000);
  REQUIRE(!outcome);
  CHECK(outcome.error().kind == FailureKind::died);
  CHECK(outcome.error().exit.signal == SIGXCPU);
  CHECK(pool.insights().workers[0].starts == 1);
  CHECK(pool.apply(plain, 3) == 3);
}

TEST_CASE("file size: who writes more dies of it") {
  auto method = processes();
  Pool pool = make({.workers = 1, .method = method, .limits = {.file_size = 1 << 20}, .quiet = true});
  CHECK(pool.apply(writes, 1000) == 1000);
  auto outcome = pool.apply(writes, 1100);
  REQUIRE(!outcome);
  CHECK(outcome.error().exit.signal == SIGXFSZ);
  CHECK(pool.apply(plain, 3) == 3);
}

TEST_CASE("descriptors: no more than so many") {
  auto method = processes();
  Pool pool = make({.workers = 1, .method = method, .limits = {.descriptors = 40}});
  int opened = pool.apply(opens, 1000).value_or(-1);
  CHECK(opened > 10);
  CHECK(opened < 40);
}

TEST_CASE("processes: a task that starts too many is ended with all of them") {
  auto method = processes();
  Pool pool = make({.workers = 2, .method = method, .limits = {.processes = 4}, .quiet = true});
  CHECK(pool.apply(forks, 0) == 0);
  auto begin = std::chrono::steady_clock::now();
  auto outcome = pool.apply(forks, 8);
  REQUIRE(!outcome);
  CHECK(outcome.error().kind == FailureKind::died);
  CHECK(outcome.error().message.find("processes, the limit is 4") != std::string::npos);
  CHECK(outcome.error().exit.ended_by_us.ends_with("the limit is 4"));
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
  CHECK(pool.apply(plain, 3) == 3);
}

TEST_CASE("threads have the limits of their process: others are refused") {
  for (Limits limits : {Limits{.address_space = 1}, Limits{.cpu_seconds = 1}, Limits{.file_size = 1}, Limits{.descriptors = 1}, Limits{.processes = 1}}) {
    auto refused = Pool::make({.workers = 1, .method = StartMethod::threading, .limits = limits});
    REQUIRE(!refused);
    CHECK(refused.error().what.find("threading") != std::string::npos);
  }
}

TEST_CASE("each worker, process or thread, runs on its processors") {
  auto method = every_method();
  INFO(name(method));
  WorkerContext here;
  std::vector<int> all = processors(here);
  int first = all.front(), last = all.back();
  Pool pool = make({.workers = 3, .method = method, .chunk = 1, .cpus = {{first}, {last}, all}, .order = Order::round_robin});
  for (auto& outcome : pool.map(who_where, std::vector<int>(6))) {
    REQUIRE(outcome);
    auto [worker, cpus] = *outcome;
    CHECK(cpus == (worker == 0 ? std::vector{first} : worker == 1 ? std::vector{last} : all));
  }
  CHECK(processors(here) == all);  // this thread is not pinned
}

TEST_CASE("a pool that would run on processors that are not there is refused") {
  auto method = every_method();
  for (std::vector<int> cpus : {std::vector{-1}, std::vector{CPU_SETSIZE}, std::vector{CPU_SETSIZE - 1}}) {
    auto refused = Pool::make({.workers = 1, .method = method, .cpus = {cpus}});
    REQUIRE(!refused);
    CHECK(refused.error().what.find("processors") != std::string::npos);
  }
}
