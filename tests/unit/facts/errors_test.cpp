// Text that is not facts is refused with the line at fault, and never more than refused.
#include <catch2/catch_test_macros.hpp>

#include "analyzer/facts/text.h"

using forklint::facts::parse;

namespace {

// The error that a text gives; empty when it parses.
std::string error_of(std::string_view text) {
  auto result = parse(text);
  return result ? "" : result.error();
}

// The same for lines below a module with one event.
std::string error_in_module(std::string_view lines) { return error_of("scope 0 module \"\"\n  %0 null\n" + std::string(lines)); }

}  // namespace

TEST_CASE("a well-formed text has no error") {
  CHECK(error_in_module("  %1 read \"x\"\n") == "");
}

TEST_CASE("words that mean nothing are named with their line") {
  CHECK(error_in_module("  %1 cal %0\n") == "line 3: unknown event 'cal'");
  CHECK(error_in_module("  %1 call %0 here\n") == "line 3: unexpected 'here'");
  CHECK(error_in_module("scope 1 room \"x\" parent 0 by %0\n") == "line 3: unknown kind of scope 'room'");
  CHECK(error_in_module("scope 1 function \"x\" parent 0 by %0\n  parameter \"n\" odd\n") == "line 4: unknown kind of parameter 'odd'");
  CHECK(error_of("language latin\n") == "line 1: unknown language 'latin'");
}

TEST_CASE("ids out of order are refused with the id that was due") {
  CHECK(error_in_module("  %7 null\n") == "line 3: events are numbered in order; this is %1");
  CHECK(error_in_module("scope 2 function \"x\" parent 0 by %0\n") == "line 3: scopes are numbered from 0 in order");
}

TEST_CASE("regions that do not nest are refused") {
  CHECK(error_in_module("  }\n") == "line 3: no region is open");
  CHECK(error_in_module("  then_arm #0 %0 {\n") == "the last region is not closed");
  CHECK(error_in_module("  then_arm #0 %0 {\nscope 1 function \"x\" parent 0 by %0\n") == "line 4: a region is still open");
}

TEST_CASE("a quote that is not closed is refused") {
  CHECK(error_in_module("  %1 string \"abc\n") == "line 3: unclosed quote");
  CHECK(error_in_module("  %1 string \"abc\\\n") == "line 3: unclosed quote");
  CHECK(error_in_module("  %1 string \"\\x4\"\n") == "line 3: unclosed quote");
}

TEST_CASE("ids must point at something") {
  CHECK(error_in_module("  %1 bind \"x\" %5\n") == "an operand names no event");
  CHECK(error_in_module("  %1 function \"f\" extra 3\n") == "an event opens a scope that is not there");
  CHECK(error_in_module("scope 1 function \"f\" parent 1 by %0\n") == "scope 1 needs a parent before it and the event that defines it");
  CHECK(error_in_module("scope 1 function \"f\" parent 0\n") == "scope 1 needs a parent before it and the event that defines it");
  CHECK(error_in_module("scope 1 function \"f\" parent 0 by %0\n  parameter \"n\" positional = %9\n") == "a parameter names no event");
}

TEST_CASE("facts outside a scope, and no module at all, are refused") {
  CHECK(error_of("%0 null\n") == "line 1: an event belongs to a scope");
  CHECK(error_of("parameter \"n\" positional\n").starts_with("line 1: "));
  CHECK(error_of("") == "the first scope must be the module");
  CHECK(error_of("scope 0 function \"f\"\n") == "the first scope must be the module");
}

TEST_CASE("hostile text is refused or read, and never more") {
  for (std::string_view line : {"%", "%%", "%-", "%4294967295 null", "%4294967296 null", "%99999999999999999999 null", "scope", "scope 0", "parameter", "comment", "problem", "language", "then_arm #0", "then_arm # %0 {", "then_arm \"\" %0 {",
                                "then_arm  %0 {", "then_arm #99999999999 %0 {", "  %1 null extra", "  %1 null extra x", "\"", "\"\"", "-", "1-2", "  %1 read 5-2", "  %1 import \"m\" extra 4294967295", "}\n}\n}", "comment 1-2", "comment 1-2 x"}) {
    INFO(line);
    std::string error = error_in_module(std::string(line) + "\n");
    CHECK((error.empty() || error.find("line") != std::string::npos || error.find("region") != std::string::npos));
  }
}

TEST_CASE("every beginning of a text, and a text with any byte changed, is refused or read") {
  const std::string text = "language python\nscope 0 module \"\" 0-9\n  %0 function \"f\" extra 1 0-9\n  then_arm #0 %0 {\n    %1 bind \"f\" %0 k=%0 *%0\n  }\nscope 1 function \"f\" parent 0 by %0 async\n  parameter \"n\" positional = %0 : %0\n";
  REQUIRE(error_of(text) == "");
  for (size_t length = 0; length <= text.size(); ++length) parse(std::string_view(text).substr(0, length));
  for (size_t at = 0; at < text.size(); ++at)
    for (char byte : {'\0', '\n', '"', '\\', '%', '9', ' ', '\xff'}) {
      std::string changed = text;
      changed[at] = byte;
      parse(changed);
    }
  SUCCEED();
}
