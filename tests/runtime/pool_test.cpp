// The same work under all four start methods, with equal results.
#include <catch2/catch_session.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <numeric>
#include <thread>
#include <unistd.h>

#include "forklint/runtime/pool.h"
#include "forklint/runtime/process.h"

using namespace forklint::runtime;

int square(int n) { return n * n; }
FORKLINT_TASK(square)
int fails_on_three(int n) {
  if (n == 3) throw std::runtime_error("three");
  return n;
}
FORKLINT_TASK(fails_on_three)
std::string joined(std::vector<std::string> words, std::string between) {
  std::string result;
  for (const std::string& word : words) result += (result.empty() ? "" : between) + word;
  return result;
}
FORKLINT_TASK(joined)

// As a program whose author forgot the first line.
static int forgets_worker_main() {
  for (StartMethod method : {StartMethod::forkserver, StartMethod::spawn}) {
    auto pool = Pool::make({.workers = 1, .method = method});
    std::puts(pool ? "made" : pool.error().what.c_str());
  }
  auto forked = Pool::make({.workers = 1, .method = StartMethod::fork});
  std::printf("%d\n", forked ? forked->apply(square, 3).value_or(-1) : -2);
  return 0;
}

// As a careless library might.
static const bool threaded = std::getenv("FORKLINT_TEST_EARLY_THREAD") && (std::thread([] { for (;;) ::pause(); }).detach(), true);

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "forgets") return forgets_worker_main();
  if (auto code = worker_main(argc, argv)) return *code;
  return Catch::Session().run(argc, argv);
}

Pool make(PoolOptions options) {
  auto pool = Pool::make(std::move(options));
  if (!pool) throw std::runtime_error(pool.error().what);
  return std::move(*pool);
}

TEST_CASE("a map gives every outcome in order") {
  auto method = GENERATE(StartMethod::threading, StartMethod::fork, StartMethod::forkserver, StartMethod::spawn);
  INFO(name(method));
  Pool pool = make({.workers = 2, .method = method});
  std::vector<int> numbers(1000);
  std::iota(numbers.begin(), numbers.end(), 0);
  auto outcomes = pool.map(square, numbers);
  REQUIRE(outcomes.size() == numbers.size());
  for (int n : numbers) CHECK(outcomes[size_t(n)] == n * n);
}

TEST_CASE("fork is refused while there are other threads, and the others are not") {
  std::promise<void> done;
  std::thread other([&] { done.get_future().wait(); });
  auto refused = Pool::make({.workers = 1, .method = StartMethod::fork});
  REQUIRE(!refused);
  CHECK(refused.error().what.find("this process has 2 threads") != std::string::npos);
  CHECK(make({.workers = 1}).apply(square, 3) == 9);
  done.set_value();
  other.join();
}

TEST_CASE("the starter does not copy itself while it has threads; spawn does not mind") {
  ::setenv("FORKLINT_TEST_EARLY_THREAD", "1", 1);
  Pool copies = make({.workers = 1, .quiet = true}), anew = make({.workers = 1, .method = StartMethod::spawn});
  auto refused = copies.apply(square, 3);
  REQUIRE(!refused);
  CHECK(refused.error().kind == FailureKind::start_failed);
  CHECK(refused.error().message.find("has 2 threads") != std::string::npos);
  CHECK(anew.apply(square, 3) == 9);
  ::unsetenv("FORKLINT_TEST_EARLY_THREAD");
}

TEST_CASE("a program that does not begin with worker_main() is refused before it starts itself without end") {
  auto done = run({.argv = {"pool_test", "forgets"}, .launch = Launch::self, .limits = {.processes = 8}}, std::chrono::seconds(20));
  REQUIRE(done);
  CHECK(done->exit.ok());
  CHECK(done->output.find("made") == std::string::npos);
  CHECK(done->output.find("main() must begin with worker_main()") != std::string::npos);
  CHECK(done->output.ends_with("\n9\n"));
}

TEST_CASE("one bad task does not end a map") {
  auto method = GENERATE(StartMethod::threading, StartMethod::fork, StartMethod::forkserver, StartMethod::spawn);
  Pool pool = make({.workers = 2, .method = method});
  auto outcomes = pool.map(fails_on_three, std::vector{1, 2, 3, 4});
  CHECK(outcomes[3] == 4);
  REQUIRE(!outcomes[2]);
  CHECK(outcomes[2].error().kind == FailureKind::thrown);
  CHECK(outcomes[2].error().type == "std::runtime_error");
  CHECK(outcomes[2].error().message == "three");
  CHECK(outcomes[2].error().input_preview == "(3)");
  CHECK(outcomes[2].error().index == 2);
}

TEST_CASE("calls, futures and lazy maps") {
  auto method = GENERATE(StartMethod::threading, StartMethod::fork, StartMethod::forkserver, StartMethod::spawn);
  Pool pool = make({.workers = 2, .method = method});
  CHECK(pool.apply(joined, std::vector<std::string>{"a", "b"}, "-") == "a-b");
  auto future = pool.submit(square, 7);
  CHECK(future.get() == 49);
  int seen = 0;
  auto then = pool.submit_then([&](const Outcome<int>& outcome) { seen = *outcome; }, square, 8);
  CHECK(then.get() == 64);
  CHECK(seen == 64);
  int next = 0;
  for (auto& outcome : pool.imap(square, std::views::iota(0, 500))) {
    CHECK(outcome == next * next);
    ++next;
  }
  CHECK(next == 500);
  std::vector<bool> found(200);
  for (auto& [index, outcome] : pool.imap_unordered(square, std::views::iota(0, 200))) found[index] = outcome == int(index * index);
  CHECK(std::ranges::all_of(found, [](bool it) { return it; }));
}
