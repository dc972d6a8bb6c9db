// What the runs of fixtures say of the rules: the page rules/OBSERVED.md, and how good forklint's predictions are.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "tests/support/fixture.h"
#include "tests/support/linter.h"

namespace forklint::tests {

// One run: of a fixture under a method (what the default is; "" in a program that picks its own) on a version.
struct Seen {
  const Fixture* fixture = nullptr;
  std::string method;
  Version version;
  std::string outcome;  // a word of fixtures/README.md
};

// The runs that headers promise on these versions, of fixtures that need nothing but Python and Linux. A fixture in C or C++ has one run,
// on version 0.
std::vector<Seen> promised_runs(std::span<const Fixture> fixtures, std::span<const Version> versions);

// Predictions of the linter for a fixture and a minor version, made once.
class Predictions {
 public:
  const std::vector<Predicted>& of(const Fixture& fixture, Version version);

 private:
  knowledge::Knowledge knowledge_ = knowledge::Knowledge::built_in();
  std::map<std::pair<const Fixture*, int>, std::vector<Predicted>> made_;
};

// What forklint says of a run. A finding without methods says only that something is wrong: any outcome but ok is its.
struct Prediction {
  std::vector<std::string> outcomes;  // sorted, each once
  bool any = false;
  bool fails() const { return any || !outcomes.empty(); }
  bool covers(const std::string& outcome) const;
};
Prediction prediction(std::span<const Predicted> findings, std::string_view method);

// Counts of runs. Precision: of the runs for which something was predicted, those that failed or whose fixture says why they need
// luck (`latent`). Recall: of the runs that failed, those for which something was predicted.
struct Figures {
  size_t runs = 0, failed = 0, predicted = 0, both = 0, exact = 0, latent = 0;
  void add(const Seen& seen, const Prediction& prediction);
  double precision() const { return predicted == 0 ? 1 : double(both + latent) / double(predicted); }
  double recall() const { return failed == 0 ? 1 : double(both) / double(failed); }
  double outcome_right() const { return both == 0 ? 1 : double(exact) / double(both); }
};

// The whole page, from these runs. The same runs give the same bytes.
std::string observed_page(std::span<const Seen> runs, std::span<const Version> versions, Predictions& predictions);

}  // namespace forklint::tests
