// fixtures/twins: one hazard in Python and in C or C++ is one rule, under the same methods.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <map>
#include <set>

#include "tests/support/fixture.h"

using namespace forklint;

TEST_CASE("twins expect the same rules under the same methods, and the same of the machine") {
  struct Twin {
    std::set<std::string> expected;
    std::vector<std::string> runs;
  };
  std::map<std::string, std::map<bool, Twin>> twins;  // by name, then by language
  for (const tests::Fixture& fixture : tests::fixtures(std::filesystem::path(FORKLINT_SOURCE_DIR) / "fixtures", "twins/")) {
    Twin& twin = twins[fixture.path.stem().string()][fixture.native()];
    twin.runs = fixture.header_values("run");
    for (const tests::Expected& expected : fixture.expected) {
      std::string text = expected.rule;
      for (const std::string& method : expected.methods) text += " " + method;
      twin.expected.insert(text);
    }
  }
  CHECK(twins.size() >= 6);
  for (const auto& [name, both] : twins) {
    INFO(name);
    REQUIRE(both.size() == 2);
    CHECK(both.at(false).expected == both.at(true).expected);
    CHECK(both.at(false).runs == both.at(true).runs);
  }
}
