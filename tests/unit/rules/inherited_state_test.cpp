// Family inherited_state: what a forked child should not have.
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/rules/findings.h"

using namespace forklint::tests;

namespace {

// t = Thread(target=work); t.start(); t.<method>(); then a process under fork, which runs work as well.
std::string fork_after(const std::string& method) {
  return R"(
scope 0 module ""
  %0 function "work" extra 1
  %1 bind "work" %0
  %2 read "__name__"
  %3 string "__main__"
  %4 compare "==" %2 %3
  then_arm #0 %4 {
    %5 import "threading" extra 0
    %6 attribute "Thread" %5
    %7 read "work"
    %8 call %6 target=%7
    %9 bind "t" %8
    %10 read "t"
    %11 attribute "start" %10
    %12 call %11
    %13 read "t"
    %14 attribute ")" + method + R"(" %13
    %15 call %14
    %16 import "multiprocessing" extra 0
    %17 attribute "get_context" %16
    %18 string "fork"
    %19 call %17 %18
    %20 attribute "Process" %19
    %21 read "work"
    %22 call %20 target=%21
    %23 attribute "start" %22
    %24 call %23
  }
scope 1 function "work" parent 0 by %0
  %25 read "print"
  %26 call %25
)";
}

}  // namespace

TEST_CASE("forking while a thread runs is found") {
  CHECK(found(forklint::rules::fork_with_live_thread, fork_after("is_alive")) == "fork hangs");
}

TEST_CASE("forking after the thread was joined is fine") {
  CHECK(found(forklint::rules::fork_with_live_thread, fork_after("join")) == "");
}
