#include "analyzer/source/edit.h"

#include <catch2/catch_test_macros.hpp>

using namespace forklint::source;

TEST_CASE("edits are made in the order of the text") {
  CHECK(apply("abcdef", {{4, 5, "E"}, {0, 1, "A"}}) == "AbcdEf");
  CHECK(apply("abc", {}) == "abc");
  CHECK(apply("abc", {{0, 3, ""}}) == "");
  CHECK(apply("abc", {{3, 3, "d"}, {0, 0, "_"}}) == "_abcd");
}

TEST_CASE("edits that touch do not overlap") {
  CHECK(apply("abcd", {{0, 2, "x"}, {2, 4, "y"}}) == "xy");
  CHECK(apply("abcd", {{1, 3, "x"}, {1, 1, "+"}, {3, 3, "-"}}) == "a+x-d");
}

TEST_CASE("equal edits are made once") { CHECK(apply("ab", {{1, 1, "x"}, {1, 1, "x"}}) == "axb"); }

TEST_CASE("what is ambiguous is rejected") {
  CHECK(apply("abcd", {{0, 2, "x"}, {1, 3, "y"}}).error() == "two edits overlap at byte 1");
  CHECK(apply("abcd", {{0, 4, "x"}, {2, 2, "y"}}).error() == "two edits overlap at byte 2");
  CHECK(apply("abcd", {{1, 1, "x"}, {1, 1, "y"}}).error() == "two edits overlap at byte 1");
  CHECK(apply("abcd", {{1, 2, "x"}, {1, 2, "y"}}).error() == "two edits overlap at byte 1");
}

TEST_CASE("edits outside the text are rejected") {
  CHECK(apply("ab", {{1, 3, "x"}}).error() == "an edit lies outside the text");
  CHECK(apply("ab", {{2, 1, "x"}}).error() == "an edit lies outside the text");
}
