// What is no Python is said, and the rest is still there.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "analyzer/frontends/python/arena.h"
#include "analyzer/frontends/python/frontend.h"

using forklint::facts::FileFacts;
using forklint::frontends::python::Arena;
using forklint::frontends::python::parse;

namespace {

// What stands at the first problem; "-" when there is none.
std::string at_problem(const std::string& text) {
  FileFacts facts = parse(text);
  if (facts.problems.empty()) return "-";
  CHECK(facts.problems.size() == 1);
  CHECK(facts.problems[0].message == "syntax error");
  auto span = facts.problems[0].span;
  return text.substr(span.begin, span.end - span.begin);
}

std::string repeated(std::string_view text, size_t times) {
  std::string result;
  for (size_t i = 0; i < times; ++i) result += text;
  return result;
}

}  // namespace

TEST_CASE("a syntax error is said wherever it stands") {
  CHECK(at_problem("x = 1\n") == "-");
  CHECK(at_problem("") == "-");
  CHECK(at_problem("import a\nx = 'abc\nz = 3\n") == "'");
  CHECK(at_problem("def f(x y):\n  pass\n") == "y");
  CHECK(at_problem("x = [1, 2\n").starts_with("x = [1, 2"));
  CHECK(at_problem("if True\n  a()\n").starts_with("if True"));
  CHECK(at_problem("{% if a %}\nimport os\n") != "-");
}

TEST_CASE("a program of Python 2 is not read") {
  CHECK(parse("import a\nif a:\n    print 'x', a\n").problems.size() == 1);
  CHECK(parse("exec 'x' in a\n").problems.size() == 1);
  CHECK(parse("import a\nprint 'x'\n").events.empty());
  CHECK(at_problem("print (a), b\nprint (a, b), c\nprint >> a, b\nprint\nprint(a) + b\nexec(a)\n") == "-");
}

TEST_CASE("a file whose statements are not indented as their block is not read") {
  auto read = [](const char* text) { return parse(text).problems.empty(); };
  CHECK(!read("if a:\n    b()\nx = 1\n    c()\n"));
  CHECK(!read("def f():\n    a()\n      b()\n"));
  CHECK(parse("x = 1\n    import os\n").events.empty());
  CHECK(read("if a: b(); c()\nx = 1; y = 2\n"));
  CHECK(read("x = 1; \\\n  y = 2\n"));
  CHECK(read("\fx = 1\ny = 2\n"));
  CHECK(read("def f():\n\ta()\n\tb()\n"));
  CHECK(read("class A:\n  @d\n  def f(self): pass\n\n# comment\n  x = 1\n"));
  CHECK(read("x = 'a' \\\n    'b'\ny = (1,\n  2)\n"));
}

TEST_CASE("what surrounds a syntax error is read") {
  FileFacts facts = parse("import a\ndef f(x y):\n  b()\nc = 'abc\nd = 1\n");
  CHECK(std::ranges::count(facts.names, "b") == 1);
  CHECK(std::ranges::count(facts.names, "d") == 1);
}

TEST_CASE("a text that takes the parser too much work is given up") {
  for (const std::string& text : {"x = 1\n" + repeated("\\\n", 200000) + "x", "x = a" + repeated(".", 50000)}) {
    FileFacts facts = parse(text);
    REQUIRE(facts.problems.size() == 1);
    CHECK(facts.problems[0].message.starts_with("what comes here takes too much time"));
    CHECK(facts.problems[0].span.begin < text.size());
    CHECK(parse(text) == facts);
  }
  CHECK(parse("x = 1\n").problems.empty());
}

TEST_CASE("an arena's blocks keep what is written to them") {
  Arena arena;
  for (int round = 0; round < 3; ++round) {
    std::vector<std::pair<unsigned char*, size_t>> blocks;
    for (size_t i = 0; i < 5000; ++i) {
      size_t size = i * i % 6000;
      auto* block = static_cast<unsigned char*>(arena.take(size));
      REQUIRE(reinterpret_cast<uintptr_t>(block) % sizeof(void*) == 0);
      std::fill_n(block, size, uint8_t(i));
      blocks.push_back({block, size});
      if (i % 3 != 0) continue;
      auto& [other, length] = blocks[i / 2];
      if (i % 2 == 0) {
        other = static_cast<unsigned char*>(arena.resize(other, length * 2 + 1));
        length = std::min(length, size_t(1));
      } else {
        arena.give_back(other);
        other = nullptr;
      }
    }
    for (size_t i = 0; i < blocks.size(); ++i)
      if (blocks[i].first) CHECK(std::all_of(blocks[i].first, blocks[i].first + blocks[i].second, [&](unsigned char c) { return c == uint8_t(i); }));
    CHECK(arena.taken() > 5000 * 1000);
    arena.clear();
    CHECK(arena.taken() == 0);
  }
}
