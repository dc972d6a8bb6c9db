// Family transfer: what is sent must survive the trip.
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/rules/findings.h"

using namespace forklint::tests;

namespace {

// Process(target=work).start() with `work` made by one event: `lambda` or `function "work"`.
std::string started_with(const std::string& kind, const std::string& definition) {
  return R"(
scope 0 module ""
  %0 )" + definition + R"( extra 1
  %1 bind "work" %0
  %2 read "__name__"
  %3 string "__main__"
  %4 compare "==" %2 %3
  then_arm #0 %4 {
    %5 import "multiprocessing" extra 0
    %6 attribute "Process" %5
    %7 read "work"
    %8 call %6 target=%7
    %9 attribute "start" %8
    %10 call %9
  }
scope 1 )" + kind + R"( "work" parent 0 by %0
  %11 null
  %12 return_ %11
)";
}

}  // namespace

TEST_CASE("a lambda as target cannot be sent to a fresh child") {
  std::string outcomes = found(forklint::rules::unpicklable_callable, started_with("lambda", "lambda"));
  CHECK(outcomes.starts_with("spawn raises:"));
  CHECK(outcomes.find("forkserver raises:") != std::string::npos);
}

TEST_CASE("a function of the module can be sent") {
  CHECK(found(forklint::rules::unpicklable_callable, started_with("function", "function \"work\"")) == "");
}
