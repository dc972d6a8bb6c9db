// Family protocol: living with pools, queues and children.
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/rules/findings.h"

using namespace forklint::tests;

namespace {

struct Use {
  std::string object, method;
};

// q = Queue(); p = Process(target=work, args=(q,)); p.start(); then two calls in the order given. `work` puts a long list.
std::string program(const Use& first, const Use& second) {
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
    %14 bind "p" %13
    %15 read "p"
    %16 attribute "start" %15
    %17 call %16
    %18 read ")" + first.object + R"("
    %19 attribute ")" + first.method + R"(" %18
    %20 call %19
    %21 read ")" + second.object + R"("
    %22 attribute ")" + second.method + R"(" %21
    %23 call %22
  }
scope 1 function "work" parent 0 by %0
  parameter "q" positional
  %24 read "q"
  %25 attribute "put" %24
  %26 number "0"
  %27 list %26
  %28 number "100000"
  %29 binary "*" %27 %28
  %30 call %25 %29
)";
}

}  // namespace

TEST_CASE("joining a child before its items are read hangs") {
  CHECK(found(forklint::rules::join_before_drain, program({"p", "join"}, {"q", "get"})) == "fork hangs, spawn hangs, forkserver hangs");
}

TEST_CASE("reading the items before the join does not") {
  CHECK(found(forklint::rules::join_before_drain, program({"q", "get"}, {"p", "join"})) == "");
}
