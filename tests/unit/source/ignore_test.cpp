// Ignore patterns, by hand; gitignore_oracle_test.cpp compares them with git.
#include "analyzer/source/ignore.h"

#include <catch2/catch_test_macros.hpp>
#include <chrono>

using namespace forklint::source;

namespace {

bool ignores(std::string_view file, std::string_view path, bool is_folder = false) {
  return match(parse_ignore_file(file), path, is_folder) == Verdict::ignored;
}

}  // namespace

TEST_CASE("globs of one segment") {
  CHECK(match_segment("*", ""));
  CHECK(match_segment("a*c", "abbc"));
  CHECK(match_segment("*a*a", "banana"));
  CHECK_FALSE(match_segment("a*c", "abcd"));
  CHECK(match_segment("?", "x"));
  CHECK_FALSE(match_segment("?", ""));
  CHECK(match_segment("[a-c]x[!0-9]", "bxq"));
  CHECK_FALSE(match_segment("[a-c]x[^0-9]", "bx5"));
  CHECK(match_segment("[]]", "]"));
  CHECK(match_segment("[!]]", "x"));
  CHECK(match_segment("[a-]", "-"));
  CHECK(match_segment("[[:digit:][:upper:]]", "Q"));
  CHECK_FALSE(match_segment("[[:digit:]]", "q"));
  CHECK(match_segment("\\*[\\]]", "*]"));
  CHECK_FALSE(match_segment("\\*", "x"));
  CHECK_FALSE(match_segment("[a", "a"));
  CHECK_FALSE(match_segment("a\\", "a"));
}

TEST_CASE("a pattern without slash counts at any depth, one with a slash from its folder on") {
  CHECK(ignores("*.py", "a/b/c.py"));
  CHECK(ignores("/a.py", "a.py"));
  CHECK_FALSE(ignores("/a.py", "b/a.py"));
  CHECK_FALSE(ignores("b/a.py", "c/b/a.py"));
  CHECK_FALSE(ignores("a/*.py", "a/b/c.py"));
  CHECK_FALSE(ignores("a?b", "a/b"));
}

TEST_CASE("two stars cross folders") {
  CHECK(ignores("**/a.py", "a.py"));
  CHECK(ignores("**/a/b.py", "x/y/a/b.py"));
  CHECK(ignores("a/**", "a/b/c"));
  CHECK_FALSE(ignores("a/**", "a", true));
  CHECK(ignores("a/**/b", "a/b"));
  CHECK(ignores("a/**/b", "a/x/y/b"));
  CHECK_FALSE(ignores("a/**/b", "a/x/y/c"));
  CHECK(ignores("*/**/c/**/d", "a/b/c/c/x/d"));
}

TEST_CASE("a slash at the end is for folders") {
  CHECK(ignores("out/", "out", true));
  CHECK(ignores("out/", "a/out", true));
  CHECK_FALSE(ignores("out/", "out", false));
}

TEST_CASE("the last match decides, and a negation keeps") {
  CHECK(ignores("*.py\n!a.py\n", "b.py"));
  CHECK(match(parse_ignore_file("*.py\n!a.py\n"), "a.py", false) == Verdict::kept);
  CHECK(ignores("!a.py\n*.py\n", "a.py"));
  CHECK(match(parse_ignore_file("*.c\n"), "a.py", false) == Verdict::silent);
}

TEST_CASE("comments, blanks, escapes and line ends") {
  CHECK(parse_ignore_file("# a\n\n   \n!\n/\n\r\n").empty());
  CHECK(ignores("\\#a", "#a"));
  CHECK(ignores("\\!a", "!a"));
  CHECK(ignores("a  \r\n", "a"));
  CHECK(ignores("a\\ ", "a "));
  CHECK(ignores("\xEF\xBB\xBF*.py", "a.py"));
  CHECK(ignores("a", "a"));
}

TEST_CASE("hostile patterns take no exponential time") {
  std::string stars, name(300, 'a'), folders, deep;
  for (int i = 0; i < 60; ++i) {
    stars += "*a";
    folders += "**/*a/";
    deep += "aa/";
  }
  const auto begin = std::chrono::steady_clock::now();
  CHECK_FALSE(match_segment(stars + "b", name));
  CHECK_FALSE(ignores(folders + "b", deep + deep + deep + "c"));
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(1));
}
