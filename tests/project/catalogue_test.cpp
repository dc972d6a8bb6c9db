// Every rule is whole: a page, fixtures of both kinds, a code of its own, a name that is its file.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "rules/catalogue.h"
#include "tests/support/fixture.h"

namespace {

namespace fs = std::filesystem;
using namespace forklint;

// Rules without fixtures of their own, and why.
const std::set<std::string> without_fixtures = {
    "unused-suppression",      // about comments: tests/unit/engine
    "invalid-configuration",   // about configuration: tests/sessions
    "unreadable-source",       // about files that are no program: tests/sessions
    "missing-freeze-support",  // bites in frozen programs only, which are not built here
};

std::string underscored(std::string_view name) {
  std::string text(name);
  for (char& c : text)
    if (c == '-') c = '_';
  return text;
}

}  // namespace

TEST_CASE("codes rise and names are unique") {
  std::string last;
  std::set<std::string> names;
  for (const engine::Rule* rule : rules::all()) {
    CHECK(std::string(rule->code) > last);
    last = rule->code;
    CHECK(names.insert(std::string(rule->name)).second);
    CHECK_FALSE(rule->summary.empty());
  }
}

TEST_CASE("every rule has its file and its page, in the four parts") {
  fs::path root(FORKLINT_SOURCE_DIR);
  for (const engine::Rule* rule : rules::all()) {
    INFO(rule->name);
    fs::path base = root / "rules" / rule->family / underscored(rule->name);
    CHECK(fs::exists(base.string() + ".cpp"));
    std::ifstream in(base.string() + ".md");
    std::stringstream text;
    text << in.rdbuf();
    std::string page = text.str();
    CHECK(page.starts_with("# " + std::string(rule->code) + " " + std::string(rule->name)));
    for (const char* heading : {"## What happens", "## Why", "## How to fix", "## When it is wrong"}) CHECK(page.find(heading) != std::string::npos);
  }
}

TEST_CASE("every rule has a bad and a good fixture, and each bad one expects or misses something") {
  fs::path root = fs::path(FORKLINT_SOURCE_DIR) / "fixtures";
  std::set<std::string> bad, good, bad_native, good_native;
  for (const tests::Fixture& fixture : tests::fixtures(root)) {
    std::string rule = fixture.path.parent_path().filename().string();
    (fixture.bad() ? bad : good).insert(rule);
    if (fixture.native() || fixture.has_extensions()) (fixture.bad() ? bad_native : good_native).insert(rule);
    if (!fixture.bad()) continue;
    INFO(fixture.name());
    CHECK_FALSE(fixture.expected.empty());
  }
  for (const engine::Rule* rule : rules::all()) {
    std::string name(rule->name);
    if (without_fixtures.contains(name)) continue;
    INFO(name);
    CHECK(bad.contains(name));
    CHECK(good.contains(name));
    if (!rule->languages.ends_with("c")) continue;
    CHECK(bad_native.contains(name));
    CHECK(good_native.contains(name));
  }
}

TEST_CASE("what a fixture expects is a rule, and what it misses has a page") {
  std::set<std::string> names, pages;
  for (const engine::Rule* rule : rules::all()) names.insert(std::string(rule->name));
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(FORKLINT_SOURCE_DIR) / "rules"))
    if (entry.path().extension() == ".md") pages.insert(entry.path().stem().string());
  for (const tests::Fixture& fixture : tests::fixtures(fs::path(FORKLINT_SOURCE_DIR) / "fixtures"))
    for (const tests::Expected& expected : fixture.expected) {
      INFO(fixture.name() << " " << expected.rule);
      bool missed = expected.kind == tests::Expectation::missed;
      CHECK((missed ? pages.contains(underscored(expected.rule)) : names.contains(expected.rule)));
    }
}

TEST_CASE("a failing run of a bad fixture is expected, and an expected one fails or is latent") {
  static const std::vector<std::string> methods = {"fork", "spawn", "forkserver"};
  for (const tests::Fixture& fixture : tests::fixtures(fs::path(FORKLINT_SOURCE_DIR) / "fixtures")) {
    INFO(fixture.name());
    bool latent = !fixture.header_values("latent").empty();
    bool any_failed = false;
    for (const std::string& method : methods) {
      bool failed = false, ran = false;
      for (const std::string& value : fixture.header_values("run " + method)) {
        ran = true;
        failed |= !value.starts_with("ok");
      }
      any_failed |= failed;
      bool told = false, named = false;  // named: a finding says that it bites under this very method
      for (const tests::Expected& expected : fixture.expected)
        if (expected.kind != tests::Expectation::spurious) {
          bool lists = std::find(expected.methods.begin(), expected.methods.end(), method) != expected.methods.end();
          named |= lists;
          told |= lists || expected.methods.empty();
        }
      if (failed) CHECK(told);
      if (ran && named && !failed) CHECK(latent);
    }
    for (const std::string& value : fixture.header_values("run")) any_failed |= !value.starts_with("ok");
    if (fixture.bad()) CHECK((any_failed || latent));
    else CHECK_FALSE(any_failed);
  }
}
