// Facts print as text and come back the same, whatever is in them.
#include <catch2/catch_test_macros.hpp>

#include "analyzer/facts/text.h"
#include "tests/unit/facts/sample.h"

using namespace forklint::facts;

namespace {

// What comes back after a round trip; the test fails when the text does not parse.
FileFacts again(const FileFacts& facts) {
  std::string printed = print(facts);
  INFO(printed);
  auto parsed = parse(printed);
  if (!parsed) FAIL(parsed.error());
  return *parsed;
}

FileFacts parsed(std::string_view text) {
  auto result = parse(text);
  if (!result) FAIL(result.error());
  return *result;
}

}  // namespace

TEST_CASE("every event prints and parses back") {
  for (size_t i = 0; i < op_count; ++i) {
    INFO(to_string(Op(i)));
    FileFacts facts = event_of(Op(i), "name", {0, 0}, 0);
    CHECK(again(facts) == facts);
  }
}

TEST_CASE("an event without name, operands or extra prints and parses back") {
  FileFacts facts = event_of(Op::return_, "", {}, none);
  CHECK(again(facts) == facts);
}

TEST_CASE("every region prints and parses back, nested or empty") {
  for (size_t i = 0; i < region_count; ++i) {
    INFO(to_string(RegionKind(i)));
    Builder builder(Language::python);
    builder.open(builder.add_scope(ScopeKind::module, none, name_positional, {}));
    EventId subject = builder.emit(Op::null, {});
    builder.begin(RegionKind(i), subject, 7);
    builder.begin(RegionKind(i), none, 8);
    builder.emit(Op::null, {});
    builder.end();
    builder.begin(RegionKind(i), none, 9);
    builder.end();
    builder.end();
    builder.close();
    CHECK(again(builder.facts()) == builder.facts());
  }
}

TEST_CASE("every scope prints and parses back, with its flags") {
  FileFacts facts = module_with({ScopeKind::class_, ScopeKind::function, ScopeKind::lambda, ScopeKind::comprehension});
  facts.scopes[2].flags = scope_async;
  facts.scopes[3].flags = scope_async | scope_generator;
  CHECK(again(facts) == facts);
}

TEST_CASE("every parameter prints and parses back, with default and annotation") {
  for (ParameterKind kind : {ParameterKind::positional_only, ParameterKind::positional, ParameterKind::variadic, ParameterKind::keyword_only, ParameterKind::keywords}) {
    FileFacts facts = module_with({ScopeKind::function});
    facts.names.push_back("n");
    NameId name = NameId(facts.names.size() - 1);
    facts.parameters = {{.name = name, .kind = kind, .span = {6, 7}}, {.name = name, .kind = kind, .default_value = 0, .annotation = 0}, {.name = name, .kind = kind, .annotation = 0}};
    facts.scopes[1].parameters = {0, 3};
    // Names are numbered by first use in the text, so the text is what stays the same.
    CHECK(print(again(facts)) == print(facts));
    CHECK(again(facts).parameters.size() == 3);
  }
}

TEST_CASE("operands keep their keywords and stars") {
  FileFacts facts = parsed("scope 0 module \"\"\n  %0 read \"f\"\n  %1 call %0 %0 key=%0 *%0 **%0\n");
  REQUIRE(facts.events[1].operands_count == 5);
  const Operand* operands = facts.operands_of(facts.events[1]);
  CHECK(operands[1].keyword == name_positional);
  CHECK(facts.name(operands[2].keyword) == "key");
  CHECK(operands[3].keyword == name_star);
  CHECK(operands[4].keyword == name_double_star);
  CHECK(again(facts) == facts);
}

TEST_CASE("languages, comments, problems and async events print and parse back") {
  FileFacts facts = event_of(Op::enter, "", {0}, none);
  facts.events[1].flags = flag_async;
  facts.comments = {{{10, 20}, {0, 20}}, {{30, 40}, {30, 40}}};
  facts.problems = {{{3, 4}, "a \"quoted\" message\nof two lines"}};
  for (Language language : {Language::python, Language::c, Language::cpp}) {
    facts.language = language;
    CHECK(again(facts) == facts);
  }
}

TEST_CASE("names of any bytes print and parse back") {
  using namespace std::string_literals;
  for (const std::string& name : {"\""s, "\\"s, "\\n"s, "a\nb"s, "\t\r\x01\x7f"s, "a\0b"s, "%1"s, "}"s, "1-2"s, "ünï 日本"s, "\xff\xfe"s, std::string(100000, 'x')}) {
    FileFacts facts = event_of(Op::string, name, {}, none);
    CHECK(again(facts) == facts);
  }
}

TEST_CASE("hand-written text needs neither ids nor spans, and comments are skipped") {
  FileFacts with = parsed("language python\nscope 0 module \"\" 0-0\n  %0 null 0-0\n  then_arm #0 %0 {\n    %1 bind \"x\" %0 0-0\n  }\n");
  FileFacts without = parsed("// a comment\n\nscope 0 module \"\"\nnull\nthen_arm #0 %0 {\nbind \"x\" %0\n}\n");
  CHECK(with == without);
}

TEST_CASE("spans are read where they are given") {
  FileFacts facts = parsed("scope 0 module \"\" 1-20\n  read \"x\" 3-4\n");
  CHECK(facts.scopes[0].span == Span{1, 20});
  CHECK(facts.events[0].span == Span{3, 4});
}
