// A finding is a plain value: what, where, under which start methods, and what will be seen. Nothing in it refers
// to the analysis that made it; reporters, the editor server and the tests print it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/facts/facts.h"
#include "analyzer/knowledge/api.h"

namespace forklint::engine {

using facts::Span;
using knowledge::StartMethod;
using knowledge::StartMethods;

enum class Severity : uint8_t { info, warning, error };
enum class Confidence : uint8_t { possible, likely, certain };
enum class Safety : uint8_t { display, unsafe, safe };

// A place in one of the files given; `file` indexes the program's files.
struct Place {
  uint32_t file = 0;
  Span span;
  friend bool operator==(const Place&, const Place&) = default;
};

struct Label {
  Place place;
  std::string text;
};

struct Edit {
  Place place;
  std::string replacement;
};

struct Fix {
  std::string title;
  Safety safety = Safety::display;
  std::vector<Edit> edits;
};

// What is seen under one method: a word of DESIGN.md section 2, "ok", "raises:TypeError", "hangs", "storms", "wrong" …
struct MethodOutcome {
  StartMethod method;
  std::string outcome;
};

struct Finding {
  std::string_view code;  // "PSM101"; rules live for ever
  std::string_view name;  // "launch-at-import"
  Severity severity = Severity::warning;
  Confidence confidence = Confidence::likely;
  std::string message;
  Place place;
  std::vector<MethodOutcome> outcomes;  // only the methods under which it bites; empty: whatever the method
  std::vector<Label> labels;            // in the order of the path: import here, call here, launch here
  std::vector<Fix> fixes;
  int launch = -1;                      // index into Result::launches
};

// One row of the matrix.
struct LaunchRow {
  Place place;
  std::string launcher;      // "multiprocessing.Process"
  StartMethods methods;      // those it may start with
  std::string_view chosen_by;  // "default", "explicit", "library", "unknown"
  std::vector<MethodOutcome> outcomes;  // one per method of the matrix; "unavailable" where it cannot start that way
  std::vector<int> findings;
};

struct Skipped {
  std::string path;
  std::string reason;
};

struct Result {
  std::vector<Finding> findings;  // sorted by path, place, code
  std::vector<LaunchRow> launches;
  uint32_t files_seen = 0;
  uint32_t files_analysed = 0;
  std::vector<Skipped> skipped;
};

}  // namespace forklint::engine
