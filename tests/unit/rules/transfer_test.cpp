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

// get_context("fork").Pool().map(give, [1]), where `give` returns what one event makes.
std::string task_that_returns(const std::string& result) {
  return R"(
scope 0 module ""
  %0 function "give" extra 1
  %1 bind "give" %0
  %2 read "__name__"
  %3 string "__main__"
  %4 compare "==" %2 %3
  then_arm #0 %4 {
    %5 import "multiprocessing" extra 0
    %6 attribute "get_context" %5
    %7 string "fork"
    %8 call %6 %7
    %9 attribute "Pool" %8
    %10 call %9
    %11 attribute "map" %10
    %12 read "give"
    %13 number "1"
    %14 list %13
    %15 call %11 %12 %14
  }
scope 1 function "give" parent 0 by %0
  parameter "n" positional
  %16 )" + result + R"(
  %17 return_ %16
scope 2 lambda "" parent 1 by %16
  %18 null
  %19 return_ %18
)";
}

// q = Queue(); q.put(item), where one event makes the item; `work`, which a process runs, gets it.
std::string queue_of(const std::string& item) {
  return R"(
scope 0 module ""
  %0 function "work" extra 1
  %1 bind "work" %0
  %2 read "__name__"
  %3 string "__main__"
  %4 compare "==" %2 %3
  then_arm #0 %4 {
    %5 import "multiprocessing" extra 0
    %6 attribute "Queue" %5
    %7 call %6
    %8 bind "q" %7
    %9 attribute "Process" %5
    %10 read "work"
    %11 read "q"
    %12 tuple %11
    %13 call %9 target=%10 args=%12
    %14 attribute "start" %13
    %15 call %14
    %16 read "q"
    %17 attribute "put" %16
    %18 )" + item + R"(
    %19 call %17 %18
  }
scope 1 function "work" parent 0 by %0
  parameter "q" positional
  %20 read "q"
  %21 attribute "get" %20
  %22 call %21
scope 2 lambda "" parent 0 by %18
  %23 null
  %24 return_ %23
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

TEST_CASE("the result of a task is pickled under every method") {
  CHECK(found(forklint::rules::result_cannot_cross, task_that_returns("lambda extra 2")).starts_with("fork raises:"));
  CHECK(found(forklint::rules::result_cannot_cross, task_that_returns("read \"n\"")) == "");
}

TEST_CASE("an item of a queue is pickled under every method") {
  std::string outcomes = found(forklint::rules::result_cannot_cross, queue_of("lambda extra 2"));
  for (const char* method : {"fork ", "spawn ", "forkserver "}) CHECK(outcomes.find(method) != std::string::npos);
  CHECK(found(forklint::rules::result_cannot_cross, queue_of("number \"1\"")) == "");
}
