#include <catch2/catch_test_macros.hpp>
#include <set>

#include "analyzer/engine/suppressions.h"

using namespace forklint::engine;
namespace facts = forklint::facts;

namespace forklint::engine {
class Report;
}  // namespace forklint::engine

namespace {

void no_check(const forklint::model::Model&, Report&) {}

constexpr Rule r101{.code = "PSM101", .name = "launch-at-import", .check = no_check};
constexpr Rule r201{.code = "PSM201", .name = "unpicklable-callable", .check = no_check};
constexpr Rule r901{.code = "PSM901", .name = "unused-suppression"};
constexpr Rule r903{.code = "PSM903", .name = "unreadable-source"};
constexpr const Rule* rule_list[] = {&r101, &r201, &r901, &r903};

// A comment at the first '#' of each line; its statement is the rest of the line, or as given by `from`, a text that
// the statement begins with.
std::vector<facts::Comment> comments(std::string_view text, std::string_view from = {}) {
  std::vector<facts::Comment> found;
  for (size_t at = text.find('#'); at != text.npos; at = text.find('#', text.find('\n', at))) {
    uint32_t end = uint32_t(std::min(text.find('\n', at), text.size()));
    facts::Span span{uint32_t(at), end};
    uint32_t begin = from.empty() ? span.begin : uint32_t(text.find(from));
    found.push_back({span, from.empty() ? span : facts::Span{begin, span.begin}});
    if (end == text.size()) break;
  }
  return found;
}

Finding finding_at(std::string_view text, std::string_view place, const Rule& rule) {
  Finding finding;
  finding.code = rule.code;
  finding.name = rule.name;
  uint32_t at = uint32_t(text.find(place));
  finding.place = {0, {at, at + uint32_t(place.size())}};
  return finding;
}

// What is left of a PSM101 and a PSM201 at `place`: codes, with the text of each PSM901's place.
std::string left(std::string_view text, std::string_view place, std::string_view from = {},
                 std::set<std::string_view> off = {}) {
  std::vector<Finding> findings{finding_at(text, place, r101), finding_at(text, place, r201)};
  auto kept = suppress(findings, read_suppressions(0, text, comments(text, from)), rule_list,
                       [&](const Rule& rule, uint32_t) { return !off.contains(rule.code); });
  std::string result;
  for (const Finding& finding : kept) {
    result += std::string(finding.code.substr(3));
    facts::Span span = finding.place.span;
    if (finding.code == "PSM901") result += "(" + std::string(text.substr(span.begin, span.end - span.begin)) + ")";
    result += " ";
  }
  return result;
}

}  // namespace

TEST_CASE("noqa") {
  CHECK(left("go()  # noqa\n", "go") == "");
  CHECK(left("go()  #NOQA: psm101\n", "go") == "201 ");
  CHECK(left("go()  # noqa: E501, PSM201 because it is fine\n", "go") == "101 ");
  CHECK(left("go()  # noqa: PSM101 PSM201\n", "go") == "");
  CHECK(left("go()  # noqa:PSM101,PSM201\n", "go") == "");
  CHECK(left("go()  # noqa : PSM\n", "go") == "");
  CHECK(left("go()  # noqa: unpicklable-callable\n", "go") == "101 ");
  CHECK(left("go()  # type: ignore # noqa: PSM201\n", "go") == "101 ");
  CHECK(left("go()  # noqa: E501\n", "go") == "101 201 ");
  CHECK(left("go()  # noqa: because\n", "go") == "101 201 ");
  CHECK(left("go()  # noqa:\n", "go") == "101 201 ");
  CHECK(left("go()  # ruff: noqa\n", "go") == "101 201 ");
  CHECK(left("go()  # about noqa\n", "go") == "101 201 ");
  CHECK(left("go()  # noqable\n", "go") == "101 201 ");
  CHECK(left("go()\nother()  # noqa\n", "go") == "101 201 ");
}

TEST_CASE("forklint: ignore") {
  CHECK(left("go()  # forklint: ignore\n", "go") == "");
  CHECK(left("go()  # forklint: ignore[PSM201] it is fine\n", "go") == "101 ");
  CHECK(left("go()  #forklint:ignore [ PSM201 , launch-at-import ]\n", "go") == "");
  CHECK(left("go()  # forklint: ignore[PSM2\n", "go") == "101 ");
  CHECK(left("go()  # noqa: E501  # forklint: ignore[PSM101]\n", "go") == "201 ");
}

TEST_CASE("an ignore alone on a line holds for the next statement, a noqa does not") {
  CHECK(left("# forklint: ignore[PSM201]\ngo()\n", "go") == "101 ");
  CHECK(left("  # forklint: ignore\n\n  # more\n  go()\n", "go") == "");
  CHECK(left("# forklint: ignore[PSM201]\nf(a,\n  ')',  # )\n  go)\n", "go") == "101 ");
  CHECK(left("# forklint: ignore[PSM201]\nf = '''\n(''' + \\\n  go\n", "go") == "101 ");
  CHECK(left("# forklint: ignore[PSM201]\nf(a)\ngo()\n", "go") == "101 201 901(PSM201) ");
  CHECK(left("# noqa: PSM201\ngo()\n", "go") == "101 201 901(PSM201) ");
  CHECK(left("go()\n# forklint: ignore\n", "go") == "101 201 901(# forklint: ignore) ");
}

TEST_CASE("a comment at the end of a statement holds for all its lines") {
  CHECK(left("f(a,\n  go,\n  b)  # noqa: PSM201\n", "go", "f(a") == "101 ");
  CHECK(left("f(a,  # noqa: PSM201\n  go)\n", "go") == "101 201 901(PSM201) ");
  CHECK(left("x()\nf(a,\n  go)  # noqa\n", "x()", "f(a") == "101 201 ");
}

TEST_CASE("for the whole file") {
  CHECK(left("# forklint: ignore-file\na\ngo()\n", "go") == "");
  CHECK(left("go()\na\n# forklint: ignore-file[PSM1, PSM999]\n", "go") == "201 901(PSM999) ");
  CHECK(left("# forklint: noqa\na\ngo()\n", "go") == "");
  CHECK(left("# forklint: noqa: PSM201\ngo()\n", "go") == "101 ");
  CHECK(left("go()\n# forklint: ignore-file[PSM101]", "go") == "201 ");
}

TEST_CASE("what suppresses nothing is said, when it is ours and its rule was on") {
  CHECK(left("go()\nx  # noqa: PSM201, E501\n", "go") == "101 201 901(PSM201) ");
  CHECK(left("go()\nx  # forklint: ignore[unpicklable-callable]\n", "go") == "101 201 901(unpicklable-callable) ");
  CHECK(left("go()\nx  # forklint: disable\n", "go") == "101 201 901(# forklint: disable) ");
  CHECK(left("go()\nx  # forklint: off PSM101\n", "go") == "101 201 901(# forklint: off PSM101) ");
  CHECK(left("go()\nx  # forklint: says that this is slow\n", "go") == "101 201 ");  // prose
  CHECK(left("go()\nx  # forklint: ignore[]\n", "go") == "101 201 901(# forklint: ignore[]) ");
  CHECK(left("go()\nx  # noqa: PSM999\n", "go") == "101 201 901(PSM999) ");
  CHECK(left("go()\nx  # noqa: PSM201\n", "go", {}, {"PSM201"}) == "101 201 ");
  CHECK(left("go()\nx  # noqa: PSM201\n", "go", {}, {"PSM901"}) == "101 201 ");
  CHECK(left("go()\nx  # noqa: PSM2\n", "go", {}, {"PSM101"}) == "101 201 901(PSM2) ");
  CHECK(left("go()\nx  # noqa\n", "go") == "101 201 ");
  CHECK(left("go()\nx  # noqa: some-thing\n", "go") == "101 201 ");
  CHECK(left("go()\nx  # noqa: PSM903\n", "go") == "101 201 ");
  CHECK(left("go()\nx  # noqa: PSM201, PSM901\n", "go") == "101 201 ");
}

TEST_CASE("each unused message says what is wrong") {
  std::string_view text = "x  # noqa: PSM2011\n";
  auto kept = suppress({}, read_suppressions(0, text, comments(text)), rule_list, [](const Rule&, uint32_t) { return true; });
  REQUIRE(kept.size() == 1);
  CHECK(kept[0].message == "unknown rule 'PSM2011', did you mean 'PSM201'?");
  CHECK(kept[0].name == "unused-suppression");
}

TEST_CASE("only findings of the same file are covered, and the order of the rest stays") {
  std::string_view text = "go()  # noqa\n";
  std::vector<Finding> findings;
  for (uint32_t file : {2u, 1u, 0u, 3u}) {
    findings.push_back(finding_at(text, "go", r101));
    findings.back().place.file = file;
  }
  auto kept = suppress(findings, read_suppressions(1, text, comments(text)), rule_list, [](const Rule&, uint32_t) { return true; });
  REQUIRE(kept.size() == 3);
  CHECK(kept[0].place.file == 2);
  CHECK(kept[1].place.file == 0);
  CHECK(kept[2].place.file == 3);
}

TEST_CASE("a hundred thousand comments and findings are no burden") {
  std::string text;
  std::vector<Finding> findings;
  for (int i = 0; i < 100000; ++i) {
    Finding finding;
    finding.code = i % 2 ? "PSM101" : "PSM201";
    finding.place = {0, {uint32_t(text.size()), uint32_t(text.size() + 2)}};
    findings.push_back(finding);
    text += "go()  # noqa: PSM101\n";
  }
  auto kept = suppress(findings, read_suppressions(0, text, comments(text)), rule_list, [](const Rule&, uint32_t) { return true; });
  CHECK(kept.size() == 100000);  // every PSM201, and a PSM901 for each comment beside one
}
