// What a pool does beside its tasks: state, lazy input, cancelling, closures, and what it tells of itself.
#include <catch2/catch_session.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <list>
#include <numeric>
#include <ranges>
#include <sstream>
#include <unistd.h>

#include "forklint/runtime/closure_pool.h"
#include "forklint/runtime/trace.h"

using namespace forklint::runtime;

int add_one(int n) { return n + 1; }
FORKLINT_TASK(add_one)
int fibonacci(int n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }
FORKLINT_TASK(fibonacci)
std::string reversed(std::string text) { return {text.rbegin(), text.rend()}; }
FORKLINT_TASK(reversed)
int counts_up(WorkerContext& context, int by) {
  if (!context.state.has_value()) context.state = 0;
  return std::any_cast<int&>(context.state) += by;
}
FORKLINT_TASK(counts_up)
void begins_at(WorkerContext& context, int start) { context.state = start; }
FORKLINT_TASK(begins_at)
std::pair<unsigned, int> tells(WorkerContext& context) { return {context.worker, std::any_cast<int>(context.state)}; }
FORKLINT_TASK(tells)

int main(int argc, char** argv) {
  if (auto code = worker_main(argc, argv)) return *code;
  return Catch::Session().run(argc, argv);
}

static Pool make(PoolOptions options) {
  auto pool = Pool::make(std::move(options));
  if (!pool) throw std::runtime_error(pool.error().what);
  return std::move(*pool);
}
static auto methods() { return GENERATE(StartMethod::threading, StartMethod::fork, StartMethod::forkserver, StartMethod::spawn); }

TEST_CASE("workers keep their state, begin and end with functions, and are replaced in time") {
  auto method = methods();
  Pool pool = make({.workers = 2, .method = method, .lifespan = 5});
  pool.on_start(begins_at, 100);
  pool.on_exit(tells);
  auto outcomes = pool.map(counts_up, std::vector<int>(20, 1));
  for (auto& outcome : outcomes) CHECK((outcome && *outcome > 100 && *outcome <= 105));
  pool.close();
  auto ends = pool.exit_results<std::pair<unsigned, int>>();
  int tasks = 0;
  for (auto [worker, state] : ends) tasks += state - 100;
  CHECK(tasks == 20);
  CHECK(ends.size() >= 4);
}

TEST_CASE("any input range will do, read once; outcomes come as they are ready, each once, whatever the chunk") {
  auto method = methods();
  auto chunk = GENERATE(0u, 1u, 7u);
  INFO(name(method) << ", chunk " << chunk);
  Pool pool = make({.workers = 3, .method = method, .chunk = chunk});
  std::istringstream words("9 8 7 6 5 4 3 2 1 0");
  std::vector<int> seen(10, -1);
  for (auto& [index, outcome] : pool.map_unordered(add_one, std::views::istream<int>(words))) {
    REQUIRE(index < seen.size());
    CHECK(seen[index] == -1);
    seen[index] = outcome.value_or(-2);
  }
  CHECK(seen == std::vector{10, 9, 8, 7, 6, 5, 4, 3, 2, 1});
  std::istringstream again("1 2 3");
  int sum = 0;
  for (auto& outcome : pool.imap(add_one, std::views::istream<int>(again))) sum += outcome.value_or(1000);
  CHECK(sum == 9);
  std::vector<std::string> outcomes;
  for (auto& outcome : pool.map(reversed, std::list<std::string>{"ab", "", "xyz"})) outcomes.push_back(outcome.value_or("?"));
  CHECK(outcomes == std::vector<std::string>{"ba", "", "zyx"});
}

TEST_CASE("an input that throws ends its map, and the pool goes on") {
  Pool pool = make({.workers = 2});
  auto bad = std::views::iota(0, 10) | std::views::transform([](int n) { return n == 5 ? throw std::runtime_error("input") : n; });
  CHECK_THROWS_AS(pool.map(add_one, bad), std::runtime_error);
  CHECK(pool.apply(add_one, 1) == 2);
}

TEST_CASE("a lazy map reads its input only as far as it is taken") {
  auto method = methods();
  Pool pool = make({.workers = 2, .method = method});
  auto read = std::make_shared<std::atomic<int>>(0);
  auto input = std::views::iota(0) | std::views::transform([read](int n) { return ++*read, n; });
  auto stream = pool.imap(add_one, input, 16);
  for (int i = 0; i < 100; ++i) CHECK(stream.next()->value() == i + 1);
  CHECK(*read <= 100 + 16 + 1);
}

TEST_CASE("what is cancelled says so") {
  auto method = GENERATE(StartMethod::fork, StartMethod::forkserver, StartMethod::spawn);
  Pool pool = make({.workers = 1, .method = method});
  auto future = pool.submit(fibonacci, 45);
  ::usleep(20000);
  pool.cancel();
  auto outcome = future.get();
  REQUIRE(!outcome);
  CHECK(outcome.error().kind == FailureKind::cancelled);
  CHECK(pool.apply(add_one, 1) == 2);
}

TEST_CASE("a pool may end while it works") {
  auto method = GENERATE(StartMethod::fork, StartMethod::forkserver, StartMethod::spawn);
  std::future<Outcome<int>> future;
  {
    Pool pool = make({.workers = 2, .method = method});
    future = pool.submit(fibonacci, 45);
  }
  CHECK(future.get().error().kind == FailureKind::cancelled);
}

TEST_CASE("closures bring what they capture, where workers have this memory") {
  std::vector<int> table(1000);
  std::iota(table.begin(), table.end(), 5);
  auto look_up = [&table](int at) { return table.at(size_t(at)); };
  auto threads = ClosurePool<StartMethod::threading, decltype(look_up)>::make({.workers = 2}, look_up);
  REQUIRE(threads);
  CHECK(threads->map(std::vector{0, 999})[1] == 1004);
  threads->pool().close();
  auto forked = ClosurePool<StartMethod::fork, decltype(look_up)>::make({.workers = 2, .lifespan = 1}, look_up);
  REQUIRE(forked);
  table[0] = -1;
  CHECK(forked->map(std::vector{0, 0, 0})[2] == 5);
  CHECK(forked->map(std::vector{1000})[0].error().type == "std::out_of_range");
}

TEST_CASE("what is many times larger than the way to a worker and back goes through it") {
  auto method = methods();
  INFO(name(method));
  Pool pool = make({.workers = 2, .method = method, .ring_size = 4096});
  std::vector<std::string> texts;
  for (char c = 'a'; c < 'k'; ++c) texts.push_back(std::string(200'000, c) + '.');
  auto outcomes = pool.map(reversed, texts);
  for (size_t i = 0; i < texts.size(); ++i) CHECK((outcomes[i] && outcomes[i]->size() == texts[i].size() && outcomes[i]->front() == '.' && outcomes[i]->back() == texts[i].front()));
}

TEST_CASE("insights have every part of a worker's time, its bytes and its memory, under every start method") {
  auto method = methods();
  INFO(name(method));
  Pool pool = make({.workers = 1, .method = method});
  pool.on_start(begins_at, 1);
  std::string large(size_t(8) << 20, 'x');
  for (int i = 0; i < 3; ++i) CHECK(pool.apply(reversed, large)->size() == large.size());
  ::usleep(20'000);
  CHECK(pool.apply(fibonacci, 22) == 17711);
  WorkerInsights worker = pool.insights().workers.at(0);
  CHECK(worker.tasks == 4);
  for (double seconds : {worker.start, worker.init, worker.decode, worker.run, worker.encode}) {
    CHECK(seconds > 0);
    CHECK(seconds < 20);
  }
  CHECK(worker.idle >= 0.02);
  CHECK(worker.bytes_in > 3 * large.size());
  CHECK(worker.bytes_out > 3 * large.size());
  CHECK(worker.max_rss > large.size());
}

TEST_CASE("insights say where the time went") {
  Pool pool = make({.workers = 2});
  pool.map(fibonacci, std::vector<int>(50, 18));
  Insights insights = pool.insights();
  uint64_t tasks = 0;
  for (const WorkerInsights& worker : insights.workers) {
    tasks += worker.tasks;
    if (worker.tasks > 0) CHECK(worker.start > 0);  // one of them may have done everything before the other was there
  }
  CHECK(tasks == 50);
  REQUIRE(insights.slowest.size() == 5);
  CHECK(insights.slowest[0].seconds >= insights.slowest[4].seconds);
  CHECK(insights.slowest[0].input_preview == "(18)");
}

TEST_CASE("a trace has a span for each start and each task") {
  TraceWriter trace;
  {
    Pool pool = make({.workers = 1, .trace = &trace});
    pool.map(add_one, std::vector{1, 2, 3});
  }
  CHECK(trace.kept() >= 4);
  CHECK(trace.json().find("\"add_one\"") != std::string::npos);
}
