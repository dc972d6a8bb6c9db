// What a pool waits for is bounded: starts, init and exit functions, close; and workers that grow are replaced.
#include <catch2/catch_session.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <chrono>
#include <cstdlib>
#include <set>
#include <unistd.h>

#include "faults.h"

void stuck_init(WorkerContext&, int worker) {
  if (worker < 0) suffer(Fault::stuck, 0);
}
FORKLINT_TASK(stuck_init)
int stuck_exit(WorkerContext&) { return suffer(Fault::stuck, 0); }
FORKLINT_TASK(stuck_exit)
int naps(int milliseconds) {
  ::usleep(useconds_t(milliseconds) * 1000);
  return milliseconds;
}
FORKLINT_TASK(naps)
// Keeps the memory, as a leak would; says who it is.
int grows(WorkerContext& context, int megabytes) {
  auto& kept = context.state.has_value() ? std::any_cast<std::vector<std::string>&>(context.state) : context.state.emplace<std::vector<std::string>>();
  kept.emplace_back(size_t(megabytes) << 20, 'x');
  return ::getpid();
}
FORKLINT_TASK(grows)

int main(int argc, char** argv) {
  if (std::getenv("FORKLINT_TEST_SILENT_WORKERS") && argc > 2 && std::string_view(argv[2]) == "worker") ::pause();
  if (auto code = worker_main(argc, argv)) return *code;
  return Catch::Session().run(argc, argv);
}

static Pool make(PoolOptions options) {
  auto pool = Pool::make(std::move(options));
  if (!pool) throw std::runtime_error(pool.error().what);
  return std::move(*pool);
}
static auto processes() { return GENERATE(StartMethod::fork, StartMethod::forkserver, StartMethod::spawn); }

namespace {
struct Watch {
  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); }
};
}  // namespace

TEST_CASE("an init function that is stuck in native code is stopped, and the tasks that wait for it fail") {
  auto method = processes();
  Pool pool = make({.workers = 1, .method = method, .init_timeout = 0.1, .kill_grace = 0.02, .quiet = true});
  pool.on_start(stuck_init, -1);
  Watch watch;
  auto outcome = pool.apply(naps, 1);
  REQUIRE(!outcome);
  CHECK(outcome.error().kind == FailureKind::start_failed);
  CHECK(outcome.error().message.find("init function ran longer") != std::string::npos);
  CHECK(watch.seconds() < 60);  // three times, with pauses; on a busy machine
}

TEST_CASE("an exit function that is stuck delays the end by its limit and the grace, no more") {
  auto method = processes();
  Pool pool = make({.workers = 2, .method = method, .exit_timeout = 0.1, .kill_grace = 0.02, .quiet = true});
  pool.on_exit(stuck_exit);
  CHECK(pool.map(naps, std::vector{1, 2}).size() == 2);
  Watch watch;
  pool.close();
  CHECK(watch.seconds() >= 0.1);
  CHECK(watch.seconds() < 5);
  CHECK(pool.exit_results<int>().empty());
}

TEST_CASE("a worker that says nothing when it starts is given up") {
  ::setenv("FORKLINT_TEST_SILENT_WORKERS", "1", 1);
  Pool pool = make({.workers = 1, .method = StartMethod::spawn, .start_timeout = 0.1, .kill_grace = 0.02, .quiet = true});
  auto outcome = pool.apply(naps, 1);
  ::unsetenv("FORKLINT_TEST_SILENT_WORKERS");
  REQUIRE(!outcome);
  CHECK(outcome.error().kind == FailureKind::start_failed);
  CHECK(outcome.error().message.find("did not say a word") != std::string::npos);
}

TEST_CASE("close is bounded though every worker is stuck, and what was under way is cancelled") {
  auto method = processes();
  Pool pool = make({.workers = 3, .method = method, .kill_grace = 0.05, .quiet = true});
  std::vector<std::future<Outcome<int>>> futures;
  for (int i = 0; i < 9; ++i) futures.push_back(pool.submit(suffer, Fault::stuck, i));
  ::usleep(50'000);
  Watch watch;
  pool.close();
  CHECK(watch.seconds() < 5);
  for (auto& future : futures) CHECK(future.get().error().kind == FailureKind::cancelled);
}

TEST_CASE("drain waits until nothing is under way, and the pool goes on") {
  auto method = GENERATE(StartMethod::threading, StartMethod::fork, StartMethod::forkserver, StartMethod::spawn);
  Pool pool = make({.workers = 2, .method = method});
  std::vector<std::future<Outcome<int>>> futures;
  for (int i = 0; i < 10; ++i) futures.push_back(pool.submit(naps, 10 + i));
  pool.drain();
  for (int i = 0; i < 10; ++i) {
    REQUIRE(futures[size_t(i)].wait_for(std::chrono::seconds(0)) == std::future_status::ready);
    CHECK(futures[size_t(i)].get() == 10 + i);
  }
  CHECK(pool.apply(naps, 1) == 1);
}

TEST_CASE("a worker that has grown too large is replaced between two tasks; no task is lost") {
  if (sanitized) SKIP("a worker's memory would be mostly the sanitizer's");
  auto method = processes();
  Pool pool = make({.workers = 1, .method = method, .memory_limit = uint64_t(150) << 20});
  std::set<int> workers;
  for (int i = 0; i < 4; ++i) {
    auto worker = pool.apply(grows, 100);
    REQUIRE(worker);
    workers.insert(*worker);
  }
  CHECK(workers.size() == 2);  // two tasks each: the second is one too large
  auto outcomes = pool.map(grows, std::vector<int>(4, 1));
  CHECK(std::ranges::all_of(outcomes, [](const auto& outcome) { return outcome.has_value(); }));
}
