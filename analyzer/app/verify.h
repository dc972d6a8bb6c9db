// What the parts of `forklint verify` hand to each other.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/app/command_line.h"
#include "analyzer/engine/run.h"
#include "analyzer/reporters/text.h"
#include "forklint/verify/verify.h"

namespace forklint::app {

// One field of the matrix: what one interpreter did under one start method.
struct VerifyCell {
  verify::Interpreter python;  // empty for a native program
  std::string method;          // the default that was chosen; "" for a native program
  verify::Run run;
  verify::Observation seen;
  std::optional<verify::Observation> again;  // a second run, of what is to be confirmed or was not reproduced

  // "3.14.10/fork".
  std::string name() const { return method.empty() ? "program" : python.version + "/" + method; }
};

enum class Verdict : uint8_t { confirmed, latent, not_reproduced, inconclusive, contradicted };
std::string_view word(Verdict verdict);

struct Judgement {
  size_t cell = 0;
  Verdict verdict = Verdict::inconclusive;
  std::string reason;
};

// A launch in one cell.
struct LaunchSeen {
  size_t launch = 0;
  size_t cell = 0;
  std::string predicted;
  Verdict verdict = Verdict::inconclusive;  // confirmed: as predicted
};

struct Verified {
  engine::Analysis analysis;  // empty for a native program
  std::vector<VerifyCell> cells;
  std::vector<std::vector<Judgement>> findings;  // of each finding of the analysis
  std::vector<LaunchSeen> launches;
  std::vector<std::string> missing;  // versions that were asked for and are not here
};

// Fills in what the findings and launches are worth, from the cells.
void judge(Verified& verified);
// Whether anything but success is foretold for a cell.
bool foretells_failure(const engine::Analysis& analysis, const VerifyCell& cell);
// 0: every prediction held; 1: one was contradicted; 2: neither can be said.
int status_of(const Verified& verified);

std::string verified_as_text(const Verified& verified, const std::string& script, const reporters::Style& style);
std::string verified_as_json(const Verified& verified);

}  // namespace forklint::app
