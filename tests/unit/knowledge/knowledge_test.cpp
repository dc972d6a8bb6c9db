// Lookup: names, aliases, modules, anchors; rows added to others; the compiled form.
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <thread>

#include "analyzer/knowledge/compiled.h"
#include "analyzer/knowledge/knowledge.h"
#include "analyzer/knowledge/load.h"

using namespace forklint::knowledge;

namespace {

Knowledge with(std::string_view toml) {
  Knowledge knowledge;
  REQUIRE(knowledge.add(toml, "mine.toml"));
  return knowledge;
}

constexpr std::string_view two_pools = R"(
[[api]]
names = ["lib.pool.Pool", "lib.Pool"]
returns = "lib.pool.Pool"
[api.launch]
starts = "construct"
[[api]]
names = ["lib.pool.Pool.map"]
[api.task]
function = "0"
[[alias]]
from = "other"
to = "lib"
except = ["own"]
[[alias]]
from = "other.deep"
to = "elsewhere"
)";

}  // namespace

TEST_CASE("any name of a row finds it, and nothing else does") {
  Knowledge knowledge = with(two_pools);
  const Api* pool = knowledge.find("lib.Pool");
  REQUIRE(pool);
  CHECK(pool == knowledge.find("lib.pool.Pool"));
  CHECK(pool->names[0] == "lib.pool.Pool");
  CHECK(*knowledge.find("lib.pool.Pool.map") == knowledge.rows()[1]);
  for (std::string_view name : {"", "lib", "lib.pool", "lib.poo", "lib.Pool.map", "Pool", "lib.Pool ", ".lib.Pool"}) {
    CAPTURE(name);
    CHECK_FALSE(knowledge.find(name));
  }
}

TEST_CASE("knowledge of nothing finds nothing") {
  Knowledge knowledge;
  CHECK_FALSE(knowledge.find("a.b"));
  CHECK(knowledge.canonical("a.b") == "a.b");
  CHECK_FALSE(knowledge.knows_module("a"));
  CHECK(knowledge.anchors().empty());
}

TEST_CASE("the longest alias of a name's prefixes is replaced") {
  Knowledge knowledge = with(two_pools);
  CHECK(knowledge.canonical("other.Pool") == "lib.Pool");
  CHECK(knowledge.canonical("other.pool.Pool.map") == "lib.pool.Pool.map");
  CHECK(knowledge.canonical("other") == "lib");
  CHECK(knowledge.canonical("other.deep.x") == "elsewhere.x");
  CHECK(knowledge.canonical("other.deeper.x") == "lib.deeper.x");
  CHECK(knowledge.canonical("other.own") == "other.own");
  CHECK(knowledge.canonical("other.own.x") == "other.own.x");
  CHECK(knowledge.canonical("other.owner") == "lib.owner");
  CHECK(knowledge.canonical("another.Pool") == "another.Pool");
  CHECK(knowledge.canonical("lib.other.Pool") == "lib.other.Pool");
  CHECK(knowledge.canonical("") == "");
}

TEST_CASE("a module is known by its members and aliases") {
  Knowledge knowledge = with(two_pools);
  for (std::string_view module : {"lib", "lib.pool", "other", "other.deep"}) {
    CAPTURE(module);
    CHECK(knowledge.knows_module(module));
  }
  for (std::string_view module : {"", "li", "lib.queue", "elsewhere", "pool", "lib.poo"}) {
    CAPTURE(module);
    CHECK_FALSE(knowledge.knows_module(module));
  }
}

TEST_CASE("anchors pair the words of launchers with their modules") {
  CHECK(with(two_pools).anchors() == std::vector<std::string>{"lib.Pool", "other.Pool"});  // by an alias
  CHECK(with("[[api]]\nnames = [\"os.fork\", \"os.run\"]\n[api.launch]\nraw-fork = true\n").anchors() ==
        std::vector<std::string>{"os.fork", "os.run"});
}

TEST_CASE("of what becomes another program only what runs before that is an anchor") {
  CHECK(with("[[api]]\nnames = [\"lib.run\"]\n[api.launch]\nexecutes = true\nbefore-exec = \"first\"\n").anchors() == std::vector<std::string>{"lib.first"});
}

TEST_CASE("added rows replace rows of the same name") {
  Knowledge knowledge = with(two_pools);
  Knowledge before = knowledge;
  REQUIRE(knowledge.add("[[api]]\nnames = [\"lib.Pool\"]\nlock = true\n", "more.toml"));
  REQUIRE(knowledge.find("lib.Pool"));
  CHECK(knowledge.find("lib.Pool")->lock);
  REQUIRE(knowledge.find("lib.pool.Pool"));
  CHECK_FALSE(knowledge.find("lib.pool.Pool")->lock);
  CHECK(knowledge.find("lib.pool.Pool")->names == std::vector<std::string>{"lib.pool.Pool"});
  CHECK(knowledge.rows().size() == 3);
  REQUIRE(knowledge.add("[[api]]\nnames = [\"lib.pool.Pool.map\"]\nlock = true\n", "more.toml"));
  CHECK(knowledge.rows().size() == 3);
  CHECK(knowledge.find("lib.pool.Pool.map")->lock);

  // A copy made before is as it was.
  CHECK(before.rows().size() == 2);
  CHECK_FALSE(before.find("lib.Pool")->lock);
}

TEST_CASE("nothing is added when a row is wrong") {
  Knowledge knowledge = with(two_pools);
  auto added = knowledge.add("[[api]]\nnames = [\"a.b\"]\n[[api]]\nnames = [\"c.d\"]\nlunch = 1\n", "wrong.toml");
  REQUIRE_FALSE(added);
  CHECK(added.error() == "wrong.toml:5:1: unknown key 'lunch', did you mean 'launch'?");
  CHECK_FALSE(knowledge.find("a.b"));
  CHECK(knowledge.rows().size() == 2);
}

TEST_CASE("many names keep apart") {
  std::string toml;
  for (int i = 0; i < 3000; ++i) toml += "[[api]]\nnames = [\"m" + std::to_string(i % 50) + ".f" + std::to_string(i) + "\"]\n";
  Knowledge knowledge = with(toml);
  for (int i = 0; i < 3000; ++i) {
    std::string name = "m" + std::to_string(i % 50) + ".f" + std::to_string(i);
    const Api* api = knowledge.find(name);
    REQUIRE(api);
    REQUIRE(api->names == std::vector<std::string>{name});
  }
  CHECK_FALSE(knowledge.find("m0.f1"));
}

TEST_CASE("the compiled form gives the rows back") {
  auto rows = load(R"(
[[api]]
names = ["a.b", "a.c"]
source = "somewhere that is longer than any short string"
picklable = "yes"
handle = "directory"
waits-for = "0"
[api.launch]
starts = "construct"
chosen = "own-default"
methods = ["fork", "loky"]
reimports-main = false
payload = ["1*:", "**", "99:name", "k"]
workers = "0:n"
no-process-when = ["0", "None"]
[[api]]
names = ["d"]
[api.launch]
[api.task]
[[alias]]
from = "x"
to = "y"
except = ["z"]
)", "mine.toml", Source::optional);
  REQUIRE(rows);
  CHECK(Compiled(compile(*rows)).all() == *rows);
  CHECK(Compiled(compile(Rows{})).all() == Rows{});
}

TEST_CASE("threads may find the same rows at once") {
  Knowledge knowledge = Knowledge::built_in();
  std::vector<Api> rows = knowledge.rows();
  std::vector<std::vector<const Api*>> found(4);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : found)
      threads.emplace_back([&] { for (const Api& api : rows) mine.push_back(knowledge.find(api.names[0])); });
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    REQUIRE(found[0][i]);
    CHECK(*found[0][i] == rows[i]);
    for (const auto& other : found) CHECK(other[i] == found[0][i]);
  }
}
