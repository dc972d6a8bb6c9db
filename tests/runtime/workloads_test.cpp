// Thirty workloads, each under the four start methods: the results are equal, and they are those of a plain call.
#include <algorithm>
#include <catch2/catch_session.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cmath>
#include <cstring>
#include <list>
#include <numeric>
#include <sched.h>
#include <set>
#include <unistd.h>

#include "forklint/runtime/closure_pool.h"
#include "forklint/runtime/trace.h"

using namespace forklint::runtime;

struct Point {
  double x = 0, y = 0;
  friend bool operator==(const Point&, const Point&) = default;
};
enum class Colour : uint8_t { red, green, blue };
struct Shape {
  std::string name;
  std::vector<Point> corners;
  std::optional<Colour> colour;
  std::map<std::string, int> marks;
  friend bool operator==(const Shape&, const Shape&) = default;
};
using Either = std::variant<std::monostate, int, std::string, Point>;

int add_one(int n) { return n + 1; }
int64_t sum(int64_t a, int64_t b) { return a + b; }
double root(double x) { return std::sqrt(x); }
bool is_even(int n) { return n % 2 == 0; }
char upper(char c) { return char(c - 32); }
Colour next_colour(Colour colour) { return Colour((int(colour) + 1) % 3); }
std::string reversed(std::string text) { return {text.rbegin(), text.rend()}; }
std::string repeated(std::string text, int times) {
  std::string result;
  while (times-- > 0) result += text;
  return result;
}
std::vector<int> sorted(std::vector<int> numbers) {
  std::ranges::sort(numbers);
  return numbers;
}
std::vector<std::string> split(std::string text) {
  std::vector<std::string> words(1);
  for (char c : text) c == ' ' ? words.emplace_back() : (words.back() += c, words.back());
  return words;
}
std::vector<bool> flags(int n) {
  std::vector<bool> result;
  for (int i = 0; i < n; ++i) result.push_back(i % 3 == 0);
  return result;
}
std::map<std::string, int> counted(std::vector<std::string> words) {
  std::map<std::string, int> result;
  for (std::string& word : words) ++result[word];
  return result;
}
std::array<int, 3> cube(int n) { return {n, n * n, n * n * n}; }
std::pair<int, std::string> paired(int n) { return {n, std::to_string(n)}; }
std::tuple<int, double, std::string> three(int n) { return {n, n / 2.0, "x"}; }
std::optional<int> half(int n) { return n % 2 == 0 ? std::optional(n / 2) : std::nullopt; }
Either either(int n) { return n == 0 ? Either() : n == 1 ? Either(7) : n == 2 ? Either(std::string("two")) : Either(Point{1, 2}); }
Point middle(Point a, Point b) { return {(a.x + b.x) / 2, (a.y + b.y) / 2}; }
Shape moved(Shape shape, double by) {
  for (Point& point : shape.corners) point.x += by;
  shape.marks["moved"]++;
  return shape;
}
std::expected<int, std::string> checked(int n) { return n < 0 ? std::expected<int, std::string>(std::unexpected("negative")) : n; }
std::chrono::milliseconds doubled(std::chrono::milliseconds time) { return time * 2; }
std::string large(int megabytes) { return std::string(size_t(megabytes) << 20, 'm'); }
size_t length(std::string text) { return text.size(); }
uint64_t weight(std::span<const std::byte> bytes) { return std::accumulate(bytes.begin(), bytes.end(), uint64_t(0), [](uint64_t sum, std::byte byte) { return sum + uint64_t(byte); }); }
void nothing(int) {}
int fibonacci(int n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }
int throws_odd(int n) { return n % 2 ? throw std::invalid_argument("odd") : n; }
int outer_throws(int n) {
  try {
    return throws_odd(n);
  } catch (...) {
    std::throw_with_nested(std::runtime_error("outer"));
  }
}
std::set<int> unique(std::list<int> numbers) { return {numbers.begin(), numbers.end()}; }
std::vector<std::vector<double>> matrix(int n) { return std::vector(size_t(n), std::vector(size_t(n), n * 1.5)); }
uint64_t shared_sum(WorkerContext& context) {
  uint64_t result = 0;
  for (std::byte byte : context.shared.at(0)) result += uint64_t(byte);
  return result;
}
int counts_up(WorkerContext& context, int by) {
  if (!context.state.has_value()) context.state = 0;
  return std::any_cast<int&>(context.state) += by;
}
void begins_at(WorkerContext& context, int start) { context.state = start; }
std::pair<unsigned, int> tells(WorkerContext& context) { return {context.worker, std::any_cast<int>(context.state)}; }
int processor(WorkerContext&) { return ::sched_getcpu(); }
int own_pid(WorkerContext&) { return ::getpid(); }
std::vector<int> nested(std::vector<int> numbers, int method) {
  auto pool = Pool::make({.workers = 2, .method = StartMethod(method)});
  if (!pool) throw std::runtime_error(pool.error().what);
  std::vector<int> result;
  for (auto& outcome : pool->map(add_one, numbers)) result.push_back(*outcome);
  return result;
}

#define TASKS(X) X(add_one) X(sum) X(root) X(is_even) X(upper) X(next_colour) X(reversed) X(repeated) X(sorted) X(split) X(flags) X(counted) X(cube) X(paired) X(three) X(half) X(either) X(middle) X(moved) X(checked) X(doubled) X(large) X(length) X(weight) X(nothing) X(fibonacci) X(throws_odd) X(outer_throws) X(unique) X(matrix) X(shared_sum) X(counts_up) X(begins_at) X(tells) X(processor) X(own_pid) X(nested)
#define TASK(f) [[maybe_unused]] static const bool task_##f = ::forklint::runtime::task_detail::register_task<&f>(#f);
TASKS(TASK)

int main(int argc, char** argv) {
  if (auto code = worker_main(argc, argv)) return *code;
  return Catch::Session().run(argc, argv);
}

namespace {

Pool make(PoolOptions options) {
  auto pool = Pool::make(std::move(options));
  if (!pool) throw std::runtime_error(pool.error().what);
  return std::move(*pool);
}
auto methods() { return GENERATE(StartMethod::threading, StartMethod::fork, StartMethod::forkserver, StartMethod::spawn); }

// What the task gives for each input, beside what a plain call gives.
template <class R, class... P, class Inputs>
void same(Pool& pool, R (*task)(P...), const Inputs& inputs) {
  auto outcomes = pool.map(task, inputs);
  REQUIRE(outcomes.size() == std::size(inputs));
  for (size_t i = 0; i < outcomes.size(); ++i) {
    INFO(i);
    REQUIRE(outcomes[i].has_value());
    if constexpr (std::convertible_to<decltype(inputs[i]), std::tuple_element_t<0, std::tuple<P...>>> && sizeof...(P) == 1) CHECK((*outcomes[i] == task(inputs[i])));
    else CHECK((*outcomes[i] == std::apply(task, std::tuple<P...>(inputs[i]))));
  }
}

}  // namespace

TEST_CASE("thirty workloads have the same results under every start method") {
  auto method = methods();
  INFO(name(method));
  Pool pool = make({.workers = 2, .method = method});
  std::vector<int> numbers(64);
  std::iota(numbers.begin(), numbers.end(), 0);
  std::vector<std::string> words{"", "a", "bread and butter", std::string("n\0l", 3), std::string(70000, 'w')};
  same(pool, add_one, numbers);
  same(pool, sum, std::vector<std::pair<int64_t, int64_t>>{{1, 2}, {INT64_MAX, INT64_MIN}});
  same(pool, root, std::vector{0.0, 2.0, 1e300});
  same(pool, is_even, numbers);
  same(pool, upper, std::vector{'a', 'z'});
  same(pool, next_colour, std::vector{Colour::red, Colour::green, Colour::blue});
  same(pool, reversed, words);
  same(pool, repeated, std::vector<std::pair<std::string, int>>{{"ab", 3}, {"x", 0}});
  same(pool, sorted, std::vector<std::vector<int>>{{3, 1, 2}, {}});
  same(pool, split, words);
  same(pool, flags, numbers);
  same(pool, counted, std::vector<std::vector<std::string>>{{"a", "b", "a"}, {}});
  same(pool, cube, numbers);
  same(pool, paired, numbers);
  same(pool, three, numbers);
  same(pool, half, numbers);
  same(pool, either, std::vector{0, 1, 2, 3});
  same(pool, middle, std::vector<std::pair<Point, Point>>{{{0, 0}, {2, 4}}});
  same(pool, moved, std::vector<std::pair<Shape, double>>{{Shape{"s", {{1, 1}, {2, 2}}, Colour::blue, {{"seen", 2}}}, 0.5}, {Shape{}, 1}});
  same(pool, checked, std::vector{1, -1});
  same(pool, doubled, std::vector{std::chrono::milliseconds(3)});
  same(pool, large, std::vector{0, 1, 8});
  same(pool, length, std::vector{std::string(size_t(20) << 20, 'x')});
  same(pool, weight, std::vector<std::vector<std::byte>>{{}, {std::byte{1}, std::byte{255}}, std::vector(1 << 20, std::byte{7})});
  same(pool, fibonacci, std::vector{1, 10, 20});
  same(pool, unique, std::vector<std::list<int>>{{3, 3, 1}});
  same(pool, matrix, std::vector{1, 40});
  CHECK(std::ranges::all_of(pool.map(nothing, numbers), [](const auto& outcome) { return outcome.has_value(); }));
  auto thrown = pool.map(throws_odd, numbers);
  for (int n : numbers) CHECK(thrown[size_t(n)].has_value() == (n % 2 == 0));
  auto chained = pool.apply(outer_throws, 1);
  REQUIRE(!chained);
  CHECK(chained.error().message == "outer");
  CHECK(chained.error().trace.find("std::invalid_argument: odd") != std::string::npos);
}

TEST_CASE("pools may be made in workers of pools, by any method in any other") {
  auto outer = methods();
  Pool pool = make({.workers = 2, .method = outer});
  for (StartMethod inner : {StartMethod::threading, StartMethod::fork, StartMethod::forkserver, StartMethod::spawn}) {
    INFO(name(inner) << " in " << name(outer));
    auto outcome = pool.apply(nested, std::vector{1, 2, 3}, int(inner));
    bool refused = inner == StartMethod::fork && outer == StartMethod::threading;
    CHECK(outcome.value_or(std::vector<int>()) == (refused ? std::vector<int>() : std::vector{2, 3, 4}));
    if (refused) CHECK(outcome.error().message.find("fork is refused") != std::string::npos);
  }
}

TEST_CASE("shared bytes are there in every worker") {
  auto method = methods();
  auto shared = Shared::make(1 << 20, [](std::span<std::byte> bytes) { std::memset(bytes.data(), 1, bytes.size()); });
  REQUIRE(shared);
  Pool pool = make({.workers = 2, .method = method, .shared = {*shared}});
  for (auto& outcome : pool.map(shared_sum, std::vector<std::tuple<>>(8))) CHECK(outcome == 1u << 20);
}

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

TEST_CASE("workers run where they are told to") {
  auto method = GENERATE(StartMethod::fork, StartMethod::forkserver, StartMethod::spawn);
  Pool pool = make({.workers = 1, .method = method, .cpus = {{0}}});
  CHECK(pool.apply(processor) == 0);
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

template <class F>
concept HasClosurePool = requires { typename ClosurePool<StartMethod::forkserver, F>; };
static_assert(!HasClosurePool<decltype([](int n) { return n; })>);
static_assert(!Sendable<int*> && !Sendable<std::string_view> && !Sendable<int&> && !Sendable<decltype([](int n) { return n; })>);
static_assert(Sendable<std::span<const std::byte>> && !wire_detail::sendable<std::vector<std::optional<std::span<const std::byte>>>, true>());
static_assert(Sendable<Shape> && Sendable<Either> && Sendable<std::map<std::string, std::vector<Point>>>);

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
  for (const WorkerInsights& worker : insights.workers) tasks += worker.tasks;
  CHECK(tasks == 50);
  CHECK(insights.workers[0].start > 0);
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
