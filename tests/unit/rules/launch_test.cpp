// Family launch: when processes come to life.
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/rules/findings.h"

using namespace forklint::tests;

TEST_CASE("a pool made at import time starts processes in every fresh child") {
  constexpr std::string_view unguarded = R"(
scope 0 module ""
  %0 import "multiprocessing" extra 0
  %1 attribute "Pool" %0
  %2 call %1
)";
  CHECK(found(forklint::rules::launch_at_import, unguarded) == "spawn storms, forkserver storms");
}

TEST_CASE("a pool made below the guard starts processes once") {
  constexpr std::string_view guarded = R"(
scope 0 module ""
  %0 read "__name__"
  %1 string "__main__"
  %2 compare "==" %0 %1
  then_arm #0 %2 {
    %3 import "multiprocessing" extra 0
    %4 attribute "Pool" %3
    %5 call %4
  }
)";
  CHECK(found(forklint::rules::launch_at_import, guarded) == "");
}
