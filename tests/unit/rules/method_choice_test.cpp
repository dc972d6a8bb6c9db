// Family method_choice: how the method is chosen.
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/rules/findings.h"

using namespace forklint::tests;

namespace {

// multiprocessing.get_context(name).Pool(), below the guard.
std::string pool_of(const std::string& name) {
  return R"(
scope 0 module ""
  %0 read "__name__"
  %1 string "__main__"
  %2 compare "==" %0 %1
  then_arm #0 %2 {
    %3 import "multiprocessing" extra 0
    %4 attribute "get_context" %3
    %5 string ")" + name + R"("
    %6 call %4 %5
    %7 attribute "Pool" %6
    %8 call %7
  }
)";
}

}  // namespace

TEST_CASE("a name that is no start method is found") {
  CHECK(found(forklint::rules::unknown_method, pool_of("sapwn")) != "");
}

TEST_CASE("the names of start methods are known") {
  for (const char* name : {"fork", "spawn", "forkserver"}) CHECK(found(forklint::rules::unknown_method, pool_of(name)) == "");
}
