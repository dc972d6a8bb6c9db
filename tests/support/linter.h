// What forklint says of a fixture, as plain values for comparing.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/knowledge/knowledge.h"
#include "tests/support/fixture.h"

namespace forklint::tests {

struct Predicted {
  std::string file;  // its name without folders
  unsigned line = 0;
  std::string rule;
  std::vector<std::pair<std::string, std::string>> outcomes;  // start method, outcome; sorted; empty: whatever the method
};

// Runs the linter on the fixture's files, with the fixture's own configuration if it has one; with a version, for that one alone, whatever its
// default method.
// implicit-method and fork-chosen are left out except in their own folders: they speak of what other rules have found.
std::vector<Predicted> predict(const Fixture& fixture, const knowledge::Knowledge& knowledge, std::optional<Version> version = {});

// The text of a fixture of one file with every fix that the linter offers for it made; nothing when there is none.
std::optional<std::string> fixed(const Fixture& fixture, const knowledge::Knowledge& knowledge);

// What the compiler is told for the extension modules of a fixture; nothing when what it needs is not there.
// FORKLINT_EXTENSION_PYTHON names another interpreter than python3.
std::optional<std::vector<std::string>> extension_flags(const Fixture& fixture);

}  // namespace forklint::tests
