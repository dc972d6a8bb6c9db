// Facts text -> what a rule finds. The programs are facts, so that these tests stand or fall with rules and model alone.
#pragma once

#include <string>

#include "rules/catalogue.h"
#include "tests/support/program.h"

namespace forklint::tests {

// "spawn raises:PicklingError, forkserver raises:PicklingError": under which methods one rule bites in main.py, and what
// is seen there; "found" for a finding that names no method, empty without a finding.
inline std::string found(const engine::Rule& rule, std::string_view facts) {
  Modelled it({facts_file("main.py", facts)});
  engine::Report report(it.model());
  report.begin(rule);
  rule.check(it.model(), report);
  std::string result;
  for (const engine::Finding& finding : report.findings()) {
    if (finding.outcomes.empty()) result += (result.empty() ? "" : ", ") + std::string("found");
    for (const engine::MethodOutcome& outcome : finding.outcomes) result += (result.empty() ? "" : ", ") + words(outcome.method) + " " + outcome.outcome;
  }
  return result;
}

}  // namespace forklint::tests
