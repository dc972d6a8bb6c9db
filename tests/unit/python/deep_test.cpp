// Generated and hostile code: chains as long as the file, and nesting that nobody reads.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "analyzer/frontends/python/frontend.h"

using forklint::facts::FileFacts;
using forklint::facts::Op;
using forklint::frontends::python::parse;

namespace {

std::string repeated(std::string_view text, size_t times) {
  std::string result;
  for (size_t i = 0; i < times; ++i) result += text;
  return result;
}

size_t count(const FileFacts& facts, Op op) {
  return size_t(std::ranges::count(facts.events, op, &forklint::facts::Event::op));
}

constexpr size_t many = 30000;

}  // namespace

TEST_CASE("chains of any length are lowered whole") {
  auto links = [](const std::string& text, Op op) {
    FileFacts facts = parse(text);
    CHECK(facts.problems.empty());
    return count(facts, op);
  };
  CHECK(links("x = 1" + repeated(" + 1", many), Op::binary) == many);
  CHECK(links("x = 'a'" + repeated(" + 'b'", many), Op::binary) == many);
  CHECK(links("x = a" + repeated(" or b", many), Op::boolean_operation) == many);
  CHECK(links("x = a" + repeated(".b", many), Op::attribute) == many);
  CHECK(links("x = a" + repeated(".b()", many), Op::call) == many);
  CHECK(links("x = a" + repeated("[0]", many), Op::subscript) == many);
  CHECK(links("x = a" + repeated(" < a", many), Op::compare) == 1);
  CHECK(links("x = " + repeated("a if b else ", many) + "c", Op::conditional) == many);
  CHECK(links("x = (" + repeated("'a' ", many) + ")", Op::string) == 1);
  CHECK(links("if a: b()\n" + repeated("elif a: b()\n", 20000), Op::call) == 20001);
}

TEST_CASE("the events of a chain come in the order of evaluation") {
  FileFacts facts = parse("a.b(c)[d] or e + f");
  std::string order;
  for (const auto& event : facts.events) order += std::string(to_string(event.op)) + ' ';
  CHECK(order == "read attribute read call read subscript read read binary boolean_operation ");
  facts = parse("a if b else c if d else e");
  order.clear();
  for (const auto& event : facts.events) order += std::string(facts.name(event.name)) + ' ';
  CHECK(order == "b a d c e   ");
}

TEST_CASE("what is nested too deeply is cut off, and said") {
  FileFacts facts = parse("before = 1\nx = " + repeated("-", 5000) + "y\nafter = 2\n");
  REQUIRE(facts.problems.size() == 1);
  CHECK(facts.problems[0].message == "nested more than 1000 deep");
  CHECK(count(facts, Op::bind) == 3);
  CHECK(parse("x = " + repeated("f(", 900) + repeated(")", 900)).problems.empty());
}

TEST_CASE("a file with too many open brackets is not parsed") {
  for (std::string_view open : {"(", "f(", "([{", "{", "f'{"}) {
    FileFacts facts = parse("import os\nx = " + repeated(open, 1000000 / open.size()));
    REQUIRE(facts.problems.size() == 1);
    CHECK(facts.problems[0].message == "more than 1000 brackets are open here, so the file is not read");
    CHECK(facts.problems[0].span.begin > 10);
    CHECK(facts.scopes.size() == 1);
    CHECK(facts.events.empty());
  }
}

TEST_CASE("brackets in strings and comments are none") {
  std::string brackets = repeated("([{", 2000);
  for (const std::string& text :
       {"x = '" + brackets + "'\n", "x = \"\"\"" + brackets + "\n'" + brackets + "\"\"\"\n", "# " + brackets + "\nx = 1\n", "x = '\\'" + brackets + "'\n",
        "x = r'\\\\'\ny = '" + brackets + "'\n", "x = b'''" + brackets + "\\'''" + brackets + "'''\n", repeated("x = [(1)]\n", 5000)}) {
    FileFacts facts = parse(text);
    CHECK(facts.problems.empty());
    CHECK(count(facts, Op::bind) > 0);
  }
}
