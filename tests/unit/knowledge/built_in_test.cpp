// The rows that come with forklint, as a whole.
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "analyzer/knowledge/fields.h"
#include "analyzer/knowledge/knowledge.h"
#include "analyzer/knowledge/load.h"

using namespace forklint::knowledge;

namespace {

const std::vector<Api>& built_in_rows() {
  static const std::vector<Api> rows = Knowledge::built_in().rows();
  return rows;
}

const Knowledge& built_in() {
  static const Knowledge knowledge = Knowledge::built_in();
  return knowledge;
}

bool has_members(const std::string& name) {
  for (const Api& api : built_in_rows())
    if (std::ranges::any_of(api.names, [&](const std::string& other) { return other.starts_with(name + "."); })) return true;
  return false;
}

// "tuple[a.B]" -> "a.B"
std::string_view element(std::string_view type) {
  if (type.starts_with("tuple[")) return type.substr(6, type.size() - 7);
  return type.starts_with("list[") ? type.substr(5, type.size() - 6) : type;
}

// Whether a row says anything but its name. That a class exists is something, when it has methods with rows.
bool says_something(const Api& api) {
  if (std::ranges::any_of(api.names, [](const std::string& name) { return has_members(name); })) return true;
  Api silent;
  silent.names = api.names, silent.source = api.source, silent.proof = api.proof;
  silent.since = api.since, silent.until = api.until;
  return api != silent;
}

}  // namespace

TEST_CASE("the built-in rows are those of rules/knowledge") {
  namespace fs = std::filesystem;
  Rows all;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(FORKLINT_SOURCE_DIR) / "rules/knowledge")) {
    if (entry.path().extension() != ".toml") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    auto rows = load(text, entry.path().string(), Source::mandatory);
    CAPTURE(rows ? "" : rows.error());
    REQUIRE(rows);
    std::move(rows->apis.begin(), rows->apis.end(), std::back_inserter(all.apis));
    std::move(rows->aliases.begin(), rows->aliases.end(), std::back_inserter(all.aliases));
  }
  CHECK(built_in_rows().size() == all.apis.size());
  CHECK(built_in().aliases().size() == all.aliases.size());
  for (const Api& api : all.apis) {
    CAPTURE(api.names[0]);
    const Api* found = built_in().find(api.names[0]);
    REQUIRE(found);
    CHECK(*found == api);
  }
}

TEST_CASE("every built-in row is sound, says something and has a source") {
  for (const Api& api : built_in_rows()) {
    REQUIRE_FALSE(api.names.empty());
    CAPTURE(api.names[0]);
    std::string_view field;
    CHECK(contradiction(api, field) == "");
    CHECK(says_something(api));
    bool is_address = api.source.starts_with("https://");
    bool is_file = api.source.find('/') < api.source.find(':') && api.source.find(':') + 1 < api.source.size();
    CHECK((is_address || is_file));
    if (!api.proof.empty()) CHECK(std::filesystem::exists(std::filesystem::path(FORKLINT_SOURCE_DIR) / api.proof));
  }
}

TEST_CASE("no name is in two rows, and no alias hides one") {
  std::set<std::string> seen;
  for (const Api& api : built_in_rows()) {
    for (const std::string& name : api.names) {
      CAPTURE(name);
      CHECK(seen.insert(name).second);
      REQUIRE(built_in().find(name));
      CHECK(*built_in().find(name) == api);
      CHECK(built_in().find(built_in().canonical(name)));
    }
  }
}

TEST_CASE("an alias leads to a module with rows, and does not lead on") {
  for (const Alias& alias : built_in().aliases()) {
    CAPTURE(alias.from);
    CHECK((built_in().knows_module(alias.to) || alias.to == "cloudpickle"));
    CHECK(built_in().canonical(alias.to) == alias.to);
  }
}

TEST_CASE("what a row returns has a row") {
  for (const Api& api : built_in_rows()) {
    if (api.returns.empty() || api.returns == "self" || api.returns == "None") continue;
    CAPTURE(api.names[0], api.returns);
    CHECK(built_in().knows_module(element(api.returns)));
    CHECK(built_in().canonical(element(api.returns)) == element(api.returns));
  }
}

TEST_CASE("a method's class has a row, or is what some row returns") {
  std::set<std::string, std::less<>> types{"MySQLdb", "PIL.Image", "xml.etree.ElementTree"};  // modules that look like classes
  for (const Api& api : built_in_rows()) types.insert(std::string(element(api.returns)));
  for (const Api& api : built_in_rows()) {
    for (const std::string& name : api.names) {
      std::string type = name.substr(0, name.rfind('.'));
      char first = type[type.rfind('.') + 1];
      if (name.find('.') == name.npos || first < 'A' || first > 'Z') continue;
      CAPTURE(name);
      CHECK((built_in().find(type) || types.contains(type)));
    }
  }
}

TEST_CASE("what the design says of well-known names") {
  const Knowledge& knowledge = built_in();
  const Api* process = knowledge.find("multiprocessing.Process");
  REQUIRE((process && process->launch));
  CHECK(process == knowledge.find("multiprocessing.context.BaseContext.Process"));
  CHECK(process->launch->target == Argument{1, "target"});
  CHECK(process->launch->crosses == Crosses::fresh);
  CHECK(process->launch->fails_at_import == "raises:RuntimeError");

  const Api* pool = knowledge.find("multiprocessing.Pool");
  REQUIRE((pool && pool->launch));
  CHECK(pool->returns == "multiprocessing.pool.Pool");
  CHECK((pool->launch->pool && pool->launch->daemonic && pool->launch->starts_threads));
  CHECK(knowledge.find("multiprocessing.pool.Pool.__exit__")->closes);
  CHECK(knowledge.find(knowledge.canonical("torch.multiprocessing.Pool")) == pool);
  CHECK(knowledge.find(knowledge.canonical("torch.multiprocessing.spawn"))->launch->methods == StartMethod::spawn);

  CHECK(knowledge.find("builtins.open") == knowledge.find("io.TextIOWrapper"));
  CHECK(knowledge.find("builtins.open")->picklable == Picklable::no);
  CHECK(knowledge.find("multiprocessing.Queue")->picklable == Picklable::process_only);
  CHECK_FALSE(knowledge.find("joblib.Parallel")->launch->reimports_main);
  CHECK(knowledge.find("os.fork")->launch->raw_fork);
  CHECK(knowledge.knows_module("concurrent.futures"));
  CHECK_FALSE(knowledge.knows_module("my_program"));
  for (std::string_view word : {"multiprocessing.Process", "concurrent.ProcessPoolExecutor", "os.fork", "subprocess.preexec_fn", "torch.DataLoader", "torch.Process", "multiprocessing.set_start_method"}) {
    CAPTURE(word);
    CHECK(std::ranges::binary_search(knowledge.anchors(), word));
  }
  for (std::string_view word : {"os.system", "subprocess.run"}) {
    CAPTURE(word);
    CHECK_FALSE(std::ranges::binary_search(knowledge.anchors(), word));
  }
}

// Printed, not asserted: machines differ.
TEST_CASE("the cost of the built-in rows at start-up") {
  using clock = std::chrono::steady_clock;
  auto microseconds = [](auto duration) { return double(std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count()) / 1000; };
  clock::duration best = clock::duration::max();
  for (int i = 0; i < 20; ++i) {
    auto start = clock::now();
    Knowledge knowledge = Knowledge::built_in();
    best = std::min(best, clock::now() - start);
  }
  Knowledge knowledge = Knowledge::built_in();
  auto cost_of_lookups = [&] {
    size_t names = 0, found = 0;
    auto start = clock::now();
    for (const Api& api : built_in_rows())
      for (const std::string& name : api.names) ++names, found += knowledge.find(name) != nullptr;
    auto cost = clock::now() - start;
    CHECK(found == names);
    return microseconds(cost) * 1000 / double(names);
  };
  double first = cost_of_lookups();
  double later = cost_of_lookups();
  std::printf("%zu rows, %zu aliases, %zu anchors: %.0f us to load, %.0f ns for a first lookup, %.0f ns for later ones\n",
              built_in_rows().size(), knowledge.aliases().size(), knowledge.anchors().size(), microseconds(best), first, later);
}
