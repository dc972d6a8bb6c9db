// What a prediction is worth after the runs.
#include <algorithm>
#include <utility>

#include "analyzer/app/verify.h"
#include "analyzer/engine/options.h"

namespace forklint::app {
namespace {

using engine::Confidence;
using engine::Finding;
using engine::LaunchRow;

constexpr std::string_view no_failure[] = {"", "ok", "slow", "unknown", "unavailable"};

bool fails(std::string_view outcome) { return std::ranges::count(no_failure, outcome) == 0; }

std::string outcome_under(const std::vector<engine::MethodOutcome>& outcomes, std::string_view method) {
  for (const engine::MethodOutcome& outcome : outcomes)
    if (engine::word(outcome.method) == method) return outcome.outcome;
  return "";
}

bool undecided(const verify::Observation& seen) { return seen.outcome == "unknown" || seen.outcome == "unavailable"; }

// Whether some other prediction for this cell says what was seen.
bool foretold_elsewhere(const engine::Analysis& analysis, const VerifyCell& cell) {
  auto says = [&](const auto& item) {
    std::string outcome = outcome_under(item.outcomes, cell.method);
    return fails(outcome) && verify::agrees(outcome, cell.seen);
  };
  return std::ranges::any_of(analysis.result.findings, says) || std::ranges::any_of(analysis.result.launches, says);
}

// The program fails alike whatever the method: a missing module, missing arguments. That says nothing about methods.
bool fails_alike(const Verified& verified, const VerifyCell& cell) {
  size_t others = 0;
  for (const VerifyCell& other : verified.cells) {
    if (other.python != cell.python || other.method == cell.method) continue;
    others++;
    if (other.seen.outcome != cell.seen.outcome) return false;
  }
  return others > 0;
}

// Another method of the same interpreter for which success is foretold, and which has the same failure. A program that picks its
// method itself uses the same one under every default: that is no control.
bool control_fails(const Verified& verified, const VerifyCell& cell) {
  return std::ranges::any_of(verified.cells, [&](const VerifyCell& other) {
    if (!other.seen.method.empty() && other.seen.method == cell.seen.method) return false;
    return other.python == cell.python && other.method != cell.method && !foretells_failure(verified.analysis, other) && other.seen.outcome == cell.seen.outcome;
  });
}

// What the child does not get, or gets in a state in which it is no use, was there at a fork.
std::string precondition(const verify::Observation& seen) {
  for (const verify::ForkSeen& fork : seen.forks)
    if (!fork.held.empty()) return "a fork happened while " + fork.held.front() + " was held";
  for (const verify::ForkSeen& fork : seen.forks)
    if (fork.threads > 1) return "a fork happened while the process had " + std::to_string(fork.threads) + " threads";
  return "";
}

bool was_reached(const engine::Analysis& analysis, const Finding& finding, const VerifyCell& cell) {
  if (!cell.again) return false;
  const source::File& file = analysis.files[finding.place.file];
  std::string end = file.path.substr(file.path.rfind('/') + 1) + ":" + std::to_string(file.position(finding.place.span.begin).line);
  return std::ranges::any_of(cell.again->reached, [&](const std::string& place) { return place.ends_with("/" + end) || place == end; });
}

std::string described(const verify::Observation& seen) {
  return seen.outcome + (seen.proof.empty() || seen.outcome == "ok" ? "" : ", shown by " + seen.proof);
}

Judgement judge_success(const Verified& verified, const Finding& finding, size_t at) {
  const VerifyCell& cell = verified.cells[at];
  if (cell.again && !undecided(*cell.again) && cell.again->outcome != "ok") return {at, Verdict::inconclusive, "differs: once ok, once " + cell.again->outcome};
  std::string there = precondition(cell.seen);
  std::string wanted = outcome_under(finding.outcomes, cell.method);
  if (!there.empty() && (wanted == "hangs" || wanted.starts_with("crashes:"))) return {at, Verdict::latent, there};
  if (wanted == "wrong") return {at, Verdict::inconclusive, "no-reference: the output is not known to be wrong"};
  if (!was_reached(verified.analysis, finding, cell)) return {at, Verdict::inconclusive, "line-not-reached"};
  if (finding.confidence == Confidence::certain) return {at, Verdict::contradicted, "the line was executed, and the run is ok"};
  return {at, Verdict::not_reproduced, "the line was executed, and the run is ok"};
}

Judgement judge_finding(const Verified& verified, const Finding& finding, const std::string& wanted, size_t at) {
  const VerifyCell& cell = verified.cells[at];
  if (undecided(cell.seen)) return {at, Verdict::inconclusive, cell.seen.inconclusive};
  if (verify::agrees(wanted, cell.seen)) {
    // A hang is proved, not timed out: one is enough where luck decides.
    if (wanted == "hangs" && cell.again && cell.again->outcome == "ok") return {at, Verdict::confirmed, described(cell.seen) + ", in one of two runs"};
    if (cell.again && !verify::agrees(wanted, *cell.again) && cell.again->outcome != cell.seen.outcome)
      return {at, Verdict::inconclusive, "differs: once " + cell.seen.outcome + ", once " + cell.again->outcome};
    if (control_fails(verified, cell)) return {at, Verdict::inconclusive, "control: the same happens under a method for which nothing was foretold"};
    return {at, Verdict::confirmed, described(cell.seen)};
  }
  if (cell.seen.outcome == "ok") return judge_success(verified, finding, at);
  if (foretold_elsewhere(verified.analysis, cell)) return {at, Verdict::inconclusive, "different-failure-first: " + cell.seen.outcome};
  if (fails_alike(verified, cell)) return {at, Verdict::inconclusive, "fails-alike: " + cell.seen.outcome + " whatever the method"};
  if (finding.confidence == Confidence::certain) return {at, Verdict::contradicted, "seen: " + described(cell.seen)};
  return {at, Verdict::inconclusive, "other-outcome: " + described(cell.seen)};
}

Verdict judge_launch(const Verified& verified, const LaunchRow& launch, const std::string& predicted, size_t at) {
  const VerifyCell& cell = verified.cells[at];
  if (undecided(cell.seen)) return Verdict::inconclusive;
  if (verify::agrees(predicted, cell.seen) || (predicted == "slow" && cell.seen.outcome == "ok")) return Verdict::confirmed;
  // Of a program with several launches the first failure hides what would have become of the others.
  if (cell.seen.outcome != "ok" && foretold_elsewhere(verified.analysis, cell)) return Verdict::confirmed;
  if (cell.seen.outcome != "ok") return fails_alike(verified, cell) ? Verdict::inconclusive : Verdict::contradicted;
  Verdict worst = Verdict::inconclusive;
  for (int index : launch.findings) {
    for (const Judgement& judgement : verified.findings[size_t(index)]) {
      if (judgement.cell != at) continue;
      if (judgement.verdict == Verdict::contradicted) return Verdict::contradicted;
      if (judgement.verdict == Verdict::latent) worst = Verdict::latent;
      else if (judgement.verdict == Verdict::not_reproduced && worst != Verdict::latent) worst = Verdict::not_reproduced;
    }
  }
  return worst;
}

}  // namespace

std::string_view word(Verdict verdict) {
  constexpr std::string_view words[] = {"CONFIRMED", "LATENT", "NOT_REPRODUCED", "INCONCLUSIVE", "CONTRADICTED"};
  return words[size_t(verdict)];
}

bool foretells_failure(const engine::Analysis& analysis, const VerifyCell& cell) {
  auto says = [&](const auto& item) { return fails(outcome_under(item.outcomes, cell.method)); };
  return std::ranges::any_of(analysis.result.findings, says) || std::ranges::any_of(analysis.result.launches, says);
}

void judge(Verified& verified) {
  const engine::Result& result = verified.analysis.result;
  for (VerifyCell& cell : verified.cells)
    if (cell.again && cell.seen.outcome == "ok" && cell.again->outcome == "hangs") std::swap(cell.seen, *cell.again);
  verified.findings.assign(result.findings.size(), {});
  for (size_t i = 0; i < result.findings.size(); i++) {
    for (size_t at = 0; at < verified.cells.size(); at++) {
      std::string wanted = outcome_under(result.findings[i].outcomes, verified.cells[at].method);
      if (fails(wanted)) verified.findings[i].push_back(judge_finding(verified, result.findings[i], wanted, at));
    }
  }
  for (size_t i = 0; i < result.launches.size(); i++) {
    for (size_t at = 0; at < verified.cells.size(); at++) {
      std::string predicted = outcome_under(result.launches[i].outcomes, verified.cells[at].method);
      if (predicted.empty() || predicted == "unavailable" || predicted == "unknown") continue;
      verified.launches.push_back({i, at, predicted, judge_launch(verified, result.launches[i], predicted, at)});
    }
  }
}

int status_of(const Verified& verified) {
  bool open = verified.cells.empty();
  for (const LaunchSeen& launch : verified.launches) {
    if (launch.verdict == Verdict::contradicted) return 1;
    open |= launch.verdict == Verdict::inconclusive || launch.verdict == Verdict::not_reproduced;
  }
  for (const auto& judgements : verified.findings)
    for (const Judgement& judgement : judgements)
      if (judgement.verdict == Verdict::contradicted) return 1;
  // Without a launch there is nothing foretold but success.
  if (verified.analysis.result.launches.empty()) open |= std::ranges::any_of(verified.cells, [](const VerifyCell& cell) { return cell.seen.outcome != "ok"; });
  return open ? 2 : 0;
}

}  // namespace forklint::app
