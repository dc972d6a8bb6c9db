// Family fresh_start: what a fresh child does not have.
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/rules/findings.h"

using namespace forklint::tests;

namespace {

// FACTOR = 1; below the guard `written` = 2; then a process whose target returns FACTOR.
std::string main_that_writes(const std::string& written) {
  return R"(
scope 0 module ""
  %0 number "1"
  %1 bind "FACTOR" %0
  %2 function "work" extra 1
  %3 bind "work" %2
  %4 read "__name__"
  %5 string "__main__"
  %6 compare "==" %4 %5
  then_arm #0 %6 {
    %7 number "2"
    %8 bind ")" + written + R"(" %7
    %9 import "multiprocessing" extra 0
    %10 attribute "Process" %9
    %11 read "work"
    %12 call %10 target=%11
    %13 attribute "start" %12
    %14 call %13
  }
scope 1 function "work" parent 0 by %2
  %15 read "FACTOR"
  %16 return_ %15
)";
}

}  // namespace

TEST_CASE("a global that main rebinds below the guard is lost in a fresh child") {
  CHECK(found(forklint::rules::lost_global, main_that_writes("FACTOR")) == "spawn wrong, forkserver wrong");
}

TEST_CASE("a global that no worker reads is no loss") {
  CHECK(found(forklint::rules::lost_global, main_that_writes("OTHER")) == "");
}
