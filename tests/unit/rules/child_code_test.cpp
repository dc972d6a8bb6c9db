// Family child_code: what runs in the child after a raw fork.
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/rules/findings.h"

using namespace forklint::tests;

namespace {

// pid = os.fork(); if pid == 0: <function>(0); then print(), which is written for the parent.
std::string child_that_calls(const std::string& function) {
  return R"(
scope 0 module ""
  %0 read "__name__"
  %1 string "__main__"
  %2 compare "==" %0 %1
  then_arm #0 %2 {
    %3 import "os" extra 0
    %4 bind "os" %3
    %5 read "os"
    %6 attribute "fork" %5
    %7 call %6
    %8 bind "pid" %7
    %9 read "pid"
    %10 number "0"
    %11 compare "==" %9 %10
    then_arm #1 %11 {
      %12 read "os"
      %13 attribute ")" + function + R"(" %12
      %14 number "0"
      %15 call %13 %14
    }
    %16 read "print"
    %17 call %16
  }
)";
}

}  // namespace

TEST_CASE("a child that does not leave runs on into the parent's code") {
  CHECK(found(forklint::rules::child_falls_through, child_that_calls("nice")) == "fork wrong");
}

TEST_CASE("a child that leaves with _exit does not") {
  CHECK(found(forklint::rules::child_falls_through, child_that_calls("_exit")) == "");
}
