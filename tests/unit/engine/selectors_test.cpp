#include <catch2/catch_test_macros.hpp>

#include "analyzer/engine/selectors.h"

using namespace forklint::engine;

namespace {

constexpr Rule r101{.code = "PSM101", .name = "launch-at-import"};
constexpr Rule r102{.code = "PSM102", .name = "subprocess-at-import"};
constexpr Rule r201{.code = "PSM201", .name = "unpicklable-callable"};
constexpr const Rule* rule_list[] = {&r101, &r102, &r201};
const Rules rules{rule_list};

std::string codes(const std::vector<const Rule*>& enabled) {
  std::string text;
  for (const Rule* rule : enabled) text += std::string(rule->code.substr(3)) + " ";
  return text;
}

std::string codes(std::vector<std::string> select, std::vector<std::string> ignore, std::vector<std::string> extend = {}) {
  Config config;
  config.select = std::move(select);
  config.ignore = std::move(ignore);
  config.extend_select = std::move(extend);
  return codes(enabled_rules(config, rules));
}

std::string layered(Config config, const Config& over) {
  layer_selection(config, over, rules);
  return codes(enabled_rules(config, rules));
}

}  // namespace

TEST_CASE("a selector is a code, a prefix, a name or ALL") {
  CHECK(selects("PSM101", "PSM101", "launch-at-import"));
  CHECK(selects("psm1", "PSM101", "launch-at-import"));
  CHECK(selects("PSM", "PSM101", "launch-at-import"));
  CHECK(selects("all", "PSM101", "launch-at-import"));
  CHECK(selects("launch-at-import", "PSM101", "launch-at-import"));
  CHECK_FALSE(selects("P", "PSM101", "launch-at-import"));  // other tools have codes that begin so
  CHECK_FALSE(selects("", "PSM101", "launch-at-import"));
  CHECK_FALSE(selects("PSM1011", "PSM101", "launch-at-import"));
  CHECK_FALSE(selects("launch", "PSM101", "launch-at-import"));
}

TEST_CASE("an unknown rule is named with the one that was meant") {
  CHECK(check_selector("PSM2", rules));
  CHECK(check_selector("ALL", rules));
  CHECK(check_selector("psm20l", rules).error() == "unknown rule 'psm20l', did you mean 'PSM201'?");
  CHECK(check_selector("launch-on-import", rules).error() ==
        "unknown rule 'launch-on-import', did you mean 'launch-at-import'?");
  CHECK(check_selector("something-else-entirely", rules).error() == "unknown rule 'something-else-entirely'");
}

TEST_CASE("the more specific selector wins, and ignore wins a draw") {
  CHECK(codes({}, {}) == "101 102 201 ");
  CHECK(codes({"PSM1"}, {}) == "101 102 ");
  CHECK(codes({"PSM1"}, {"PSM101"}) == "102 ");
  CHECK(codes({"PSM101"}, {"PSM1"}) == "101 ");
  CHECK(codes({"PSM101"}, {"launch-at-import"}) == "");
  CHECK(codes({"PSM2"}, {}, {"subprocess-at-import"}) == "102 201 ");
  CHECK(codes({}, {"ALL"}) == "");
  CHECK(codes({}, {"PSM"}, {"PSM201"}) == "201 ");
}

TEST_CASE("the command line stands above the configuration file") {
  Config file;
  file.ignore = {"PSM201"};
  CHECK(layered(file, {.select = {"PSM201"}}) == "201 ");          // a select starts afresh
  CHECK(layered(file, {.extend_select = {"PSM201"}}) == "101 102 201 ");
  CHECK(layered(file, {.extend_select = {"PSM2"}}) == "101 102 201 ");
  CHECK(layered(file, {.ignore = {"PSM101"}}) == "102 ");
  CHECK(layered(file, {}) == "101 102 ");
  file = {};
  file.select = {"PSM201"};
  CHECK(layered(file, {.ignore = {"PSM"}}) == "");
  CHECK(layered(file, {.select = {"PSM1"}, .ignore = {"PSM101"}}) == "102 ");
  CHECK(layered(file, {.select = {"PSM1"}, .extend_select = {"PSM201"}}) == "101 102 201 ");
}

TEST_CASE("globs of per-file-ignores are those of .gitignore") {
  CHECK(glob_names("tests/*", "tests/a.py"));
  CHECK(glob_names("tests/*", "tests/deep/a.py"));  // the folder tests/deep is named
  CHECK(glob_names("tests", "src/tests/deep/a.py"));
  CHECK(glob_names("tests/", "src/tests/a.py"));
  CHECK(glob_names("*_test.py", "src/deep/a_test.py"));
  CHECK(glob_names("**/conftest.py", "conftest.py"));
  CHECK(glob_names("src/**/x.py", "src/a/b/x.py"));
  CHECK(glob_names("/a.py", "a.py"));
  CHECK_FALSE(glob_names("/a.py", "src/a.py"));
  CHECK_FALSE(glob_names("tests/*", "src/tests/a.py"));
  CHECK_FALSE(glob_names("test", "tests/a.py"));
  CHECK_FALSE(glob_names("tests/", "tests"));
  CHECK_FALSE(glob_names("", "a.py"));
}

TEST_CASE("per-file-ignores start from the folder of the configuration") {
  Config config;
  config.root = "/project";
  config.per_file_ignores = {{"tests/*", {"PSM1"}}, {"b.py", {"ALL"}}};
  CHECK(ignored_in_file(config, "/project/tests/a.py", r101));
  CHECK_FALSE(ignored_in_file(config, "/project/tests/a.py", r201));
  CHECK_FALSE(ignored_in_file(config, "/project/src/a.py", r101));
  CHECK(ignored_in_file(config, "/project/src/../tests/a.py", r101));
  CHECK(ignored_in_file(config, "/project/src/b.py", r201));
  CHECK_FALSE(ignored_in_file(config, "/elsewhere/tests/a.py", r101));
}
