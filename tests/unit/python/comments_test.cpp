// Comments that may suppress findings.
#include <catch2/catch_test_macros.hpp>

#include "analyzer/frontends/python/frontend.h"

using forklint::facts::Comment;
using forklint::frontends::python::parse;

namespace {

std::string repeated(std::string_view text, size_t times) {
  std::string result;
  for (size_t i = 0; i < times; ++i) result += text;
  return result;
}

// "comment|statement" of each comment.
std::string comments_of(const std::string& text) {
  std::string result;
  for (const Comment& it : parse(text).comments) {
    result += text.substr(it.span.begin, it.span.end - it.span.begin) + "|";
    result += text.substr(it.statement.begin, it.statement.end - it.statement.begin) + ";";
  }
  return result;
}

}  // namespace

TEST_CASE("a comment speaks for the statement on whose first or last line it stands") {
  CHECK(comments_of("a()  # noqa\n") == "# noqa|a();");
  CHECK(comments_of("a(  # NoQA: X\n  1)\n") == "# NoQA: X|a(  # NoQA: X\n  1);");
  CHECK(comments_of("a(\n  1)  # noqa\n") == "# noqa|a(\n  1);");
  CHECK(comments_of("a(\n  1, # noqa\n  2)\n") == "# noqa|1, ;");
  CHECK(comments_of("if a:  # noqa\n  b()\n") == "# noqa|if a:  ;");
  CHECK(comments_of("if a:\n  b()  # forklint: ignore\n") == "# forklint: ignore|b();");
  CHECK(comments_of("  # forklint: ignore\na()\n") == "# forklint: ignore|# forklint: ignore;");
}

TEST_CASE("strings are no comments, other comments are of no interest") {
  CHECK(comments_of("a = '# noqa'\n").empty());
  CHECK(comments_of("a = '''\n# noqa\n'''\n").empty());
  CHECK(comments_of("a = '# noqa'  # noqa: A # forklint\n") == "# noqa: A # forklint|a = '# noqa';");
  CHECK(comments_of("a = 1  # no qa\n").empty());
}

TEST_CASE("many comments are found in time that grows with their number only") {
  auto comments = [](const std::string& text) { return parse(text).comments.size(); };
  CHECK(comments(repeated("x = 1  # noqa\n", 20000)) == 20000);
  CHECK(comments("x = [\n" + repeated("1,  # noqa\n", 20000) + "]\n") == 20000);
  CHECK(comments("x = (a\n" + repeated("+ b  # noqa\n", 20000) + ")\n") == 20000);
  CHECK(comments("x = '" + repeated("#", 500000) + " noqa'\n") == 0);
  CHECK(comments("x = '" + repeated("#", 500000) + "'  # noqa\n") == 1);
  CHECK(comments(repeated("#", 500000) + " noqa\n") == 1);
}
