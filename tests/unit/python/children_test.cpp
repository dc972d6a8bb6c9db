// The children that the frontend reads from the parser's memory are those that tree-sitter's own functions give.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/frontends/python/arena.h"
#include "analyzer/frontends/python/syntax.h"
#include "analyzer/frontends/python/tree.h"

namespace python = forklint::frontends::python;

namespace {

struct Seen {
  const void* id;
  uint32_t begin, end;
  TSSymbol symbol;
  std::string field;
  bool operator==(const Seen&) const = default;
};

Seen see(TSNode node, const char* field) { return {node.id, ts_node_start_byte(node), ts_node_end_byte(node), ts_node_symbol(node), field ? field : ""}; }

// Fields of which the frontend knows nothing.
constexpr std::string_view unused[] = {"return_type", "type_parameters", "type_conversion", "format_specifier"};

// Named nodes but comments, and nameless ones in a field that the frontend knows.
std::vector<Seen> by_tree_sitter(TSNode node) {
  std::vector<Seen> seen;
  for (uint32_t i = 0; i < ts_node_child_count(node); ++i) {
    TSNode child = ts_node_child(node, i);
    std::string_view type = ts_node_type(child);
    const char* field = ts_node_field_name_for_child(node, i);
    if (type == "comment" || type == "line_continuation") continue;
    if (field && std::ranges::find(unused, field) != std::end(unused)) field = nullptr;
    if (ts_node_is_named(child) || field) seen.push_back(see(child, field));
  }
  return seen;
}

void compare_below(python::Tree& tree, TSNode root, size_t& compared) {
  std::vector<TSNode> open{root};
  while (!open.empty()) {
    TSNode node = open.back();
    open.pop_back();
    const std::vector<Seen> wanted = by_tree_sitter(node);
    python::Children children(tree, node);
    INFO(tree.text(node));
    REQUIRE(children.size() == wanted.size());
    for (size_t i = 0; i < children.size(); ++i) {
      CHECK(see(children[i].node, wanted[i].field.c_str()) == wanted[i]);
      CHECK((children[i].field == python::Field::no_field) == wanted[i].field.empty());
      CHECK(children[i].named == ts_node_is_named(children[i].node));
      CHECK(children[i].kind == python::kind_of(children[i].node));
      open.push_back(children[i].node);
      ++compared;
    }
  }
}

constexpr std::string_view texts[] = {
    "",
    "# only a comment\n",
    "import a, b.c as d\nfrom . import (e, # why\n  f as g,)\nfrom .h import *\n",
    "@decorated(1, *a, k=2, **b)\nasync def f(a, /, b: int = 1, *c, d, **e) -> int:\n  async with a as b, c: await d\n  async for x in y: pass\n  else: pass\n",
    "class A(B, metaclass=C):\n  'text'\n  x: int = 1\n  y += 1\n  def z(self): return self.x if self.y else not self\n",
    "try:\n  a\nexcept (B, C) as d:\n  raise E from f\nexcept* G: pass\nelse: pass\nfinally:\n  del a, b[0], c.d\n",
    "match a:\n  case {'x': 1, **rest} if rest: pass\n  case [1, *others] | A(b=2) as c: pass\n  case _: pass\n",
    "x = [a for b in c if d for e in f] + {**a} - {*b} * (lambda y, *z: y)(x) @ f'{a!r:>{b}} {c}' 'more'\nx[1:2, ::3], *y = a < b <= c is not d not in e\n",
    "while (n := f()) and not g or h:\n  global a\n  nonlocal b\n  assert a, b\n  continue\n",
    "def broken(:\n  x = = 1\nprint 'old'\nexec code in a\nclass\n",
    "if a: b; c\nelif d:\n  e\\\n    + f\nelse:\n  pass  # g\n# h\n",
};

}  // namespace

TEST_CASE("children are those that tree-sitter gives") {
  size_t compared = 0;
  std::string all;
  for (std::string_view text : texts) all += text;
  std::string many;
  for (int i = 0; i < 3000; ++i) many += "x" + std::to_string(i) + " = (" + std::to_string(i) + ", y)\n";
  std::vector<std::string> sources(std::begin(texts), std::end(texts));
  sources.push_back(all);
  sources.push_back(many);  // lists that the parser keeps as trees
  for (const std::string& source : sources) {
    python::TreeMemory memory;
    auto syntax = python::parse_syntax(source, memory);
    REQUIRE(syntax);
    python::Tree tree(*syntax, source);
    compare_below(tree, tree.root(), compared);
  }
  CHECK(compared > 10'000);
}
