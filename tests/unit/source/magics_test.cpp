#include "analyzer/source/magics.h"

#include <catch2/catch_test_macros.hpp>

using namespace forklint::source;

namespace {

std::string blanked(std::string cell) {
  const size_t size = cell.size();
  blank_magics(cell, 0);
  CHECK(cell.size() == size);
  return cell;
}

}  // namespace

TEST_CASE("magics become statements of the same length") {
  CHECK(blanked("%matplotlib inline\nx = 1\n") == "0                 \nx = 1\n");
  CHECK(blanked("!ls\n") == "0  \n");
  CHECK(blanked("?print") == "0     ");
  CHECK(blanked("print?\nx.y??;\n") == "0     \n0     \n");
  CHECK(blanked("!") == "0");
  CHECK(blanked("%%time\nf()\n") == "0     \nf()\n");
  CHECK(blanked("if x:\n    %run a.py\r\n    y\n") == "if x:\n    0        \r\n    y\n");
}

TEST_CASE("a backslash continues a magic") {
  CHECK(blanked("!pip \\\n  install x\ny\n") == "0     \n           \ny\n");
  CHECK(blanked("!a \\\r\nb\ny\n") == "0   \r\n \ny\n");
  CHECK(blanked("!a \\\n") == "0   \n");
  CHECK(blanked("!a \\") == "0   ");
}

TEST_CASE("of an assignment only the value goes") {
  CHECK(blanked("files = !ls *.py\n") == "files = 0       \n");
  CHECK(blanked("t = %timeit -o f()\n") == "t = 0             \n");
  CHECK(blanked("a = b != c\n") == "a = b != c\n");
  CHECK(blanked("a == %b\n") == "a == %b\n");
  CHECK(blanked("f(a=%b)\n") == "f(a=%b)\n");
}

TEST_CASE("Python that only looks like a magic stays") {
  for (const std::string_view python : {
           "print('%d'\n      % x)\n",
           "x = '''\n%time\n!ls\n'''\ny\n",
           "x = \"\"\"a\\\"\"\"\"\n",
           "x = 5 \\\n  % 3\n",
           "x = 5 \\\r\n  % 3\n",
           "# why?\n",
           "s = 'why?'\n",
           "s = 'why'  # what?\n",
           "a = [\n  !x\n]\n",
           "x = 'don\\'t\n",
       }) {
    CHECK(blanked(std::string(python)) == python);
  }
}

TEST_CASE("a magic after a string that is never closed is seen again") { CHECK(blanked("x = 'a\n%time\n") == "x = 'a\n0    \n"); }

TEST_CASE("only the cell from the offset on is changed") {
  std::string text = "%a\n%b\n";
  blank_magics(text, 3);
  CHECK(text == "%a\n0 \n");
}

TEST_CASE("cells of another language") {
  CHECK(is_foreign_cell("%%bash\nls\n"));
  CHECK(is_foreign_cell("\n\n%%html"));
  CHECK(is_foreign_cell("%%writefile a.py\nimport os\n"));
  CHECK(is_foreign_cell("%%timeout\n"));
  CHECK_FALSE(is_foreign_cell("%%time\nx\n"));
  CHECK_FALSE(is_foreign_cell("%%timeit x = 1\nx\n"));
  CHECK_FALSE(is_foreign_cell("%%capture\r\nx\n"));
  CHECK_FALSE(is_foreign_cell("%%prun"));
  CHECK_FALSE(is_foreign_cell("%time\n"));
  CHECK_FALSE(is_foreign_cell("x\n%%bash\n"));
  CHECK_FALSE(is_foreign_cell(""));
}
