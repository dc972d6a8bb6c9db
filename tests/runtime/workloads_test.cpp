// Thirty workloads, each under the four start methods: the results are equal, and they are those of a plain call.
#include <algorithm>
#include <catch2/catch_session.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cmath>
#include <cstring>
#include <list>
#include <numeric>
#include <set>
#include <unistd.h>

#include "forklint/runtime/closure_pool.h"

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
std::vector<int> nested(std::vector<int> numbers, int method) {
  auto pool = Pool::make({.workers = 2, .method = StartMethod(method)});
  if (!pool) throw std::runtime_error(pool.error().what);
  std::vector<int> result;
  for (auto& outcome : pool->map(add_one, numbers)) result.push_back(*outcome);
  return result;
}

#define TASKS(X) X(add_one) X(sum) X(root) X(is_even) X(upper) X(next_colour) X(reversed) X(repeated) X(sorted) X(split) X(flags) X(counted) X(cube) X(paired) X(three) X(half) X(either) X(middle) X(moved) X(checked) X(doubled) X(large) X(length) X(weight) X(nothing) X(fibonacci) X(throws_odd) X(outer_throws) X(unique) X(matrix) X(shared_sum) X(nested)
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

template <class F>
concept HasClosurePool = requires { typename ClosurePool<StartMethod::forkserver, F>; };
static_assert(!HasClosurePool<decltype([](int n) { return n; })>);
static_assert(!Sendable<int*> && !Sendable<std::string_view> && !Sendable<int&> && !Sendable<decltype([](int n) { return n; })>);
static_assert(Sendable<std::span<const std::byte>> && !wire_detail::sendable<std::vector<std::optional<std::span<const std::byte>>>, true>());
static_assert(Sendable<Shape> && Sendable<Either> && Sendable<std::map<std::string, std::vector<Point>>>);
