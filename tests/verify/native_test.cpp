// Native programs under the preloaded libraries.
#include "tests/verify/scripts.h"

#include <algorithm>

namespace {

fv::Observation observe(const std::string& name) {
  return fv::observe({.program = {"./verify_program_" + name}, .folder = FORKLINT_PROGRAMS, .use = fv::Folder::copy, .files = {"verify_program_" + name}, .wall_limit = std::chrono::seconds(30)});
}

bool called(const fv::Observation& seen, std::string_view function, unsigned tier) {
  return std::ranges::any_of(seen.unsafe_calls, [&](const fv::UnsafeCall& call) { return call.function == function && call.tier == tier && !call.caller.empty(); });
}

}  // namespace

TEST_CASE("a mutex that another thread holds at the fork") {
  fv::Observation seen = observe("mutex");
  INFO(told(seen));
  CHECK(seen.outcome == "hangs");
  CHECK(seen.proof == "orphan lock");
  REQUIRE(!seen.forks.empty());
  CHECK(seen.forks.front().threads == 2);
  CHECK(!seen.forks.front().held.empty());
  CHECK(seen.forks.front().forced);
}

TEST_CASE("calls that the child of a process with threads must not make") {
  fv::Observation seen = observe("unsafe");
  INFO(told(seen));
  CHECK(seen.outcome == "ok");
  CHECK(called(seen, "malloc", 1));
  CHECK(called(seen, "setenv", 2));
  CHECK(called(seen, "exit", 3));
  CHECK(!called(seen, "getpwnam", 2));
}

TEST_CASE("without threads, and after exec, everything may be called") {
  fv::Observation seen = observe("clean");
  INFO(told(seen));
  CHECK(seen.outcome == "ok");
  CHECK(seen.unsafe_calls.empty());
  REQUIRE(seen.forks.size() == 2);
  CHECK(seen.forks[0].threads == 1);
  CHECK(seen.forks[1].threads == 2);
}
