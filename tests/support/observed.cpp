#include "tests/support/observed.h"

#include <algorithm>
#include <cstdio>

#include "rules/catalogue.h"

namespace forklint::tests {
namespace {

// Rows of the table are in this order; "own": programs that pick their method, "any": rules that name none.
constexpr std::string_view row_order[] = {"fork", "spawn", "forkserver", "threading", "loky", "own", "any"};

using Cell = std::map<std::string, size_t>;                                   // outcome -> runs
using Rows = std::map<std::string, std::map<std::string, std::map<Version, Cell>>>;  // rule, row, version

// The rows of a rule's table that a run belongs to, of those that an expectation opens.
std::string row_of(const Expected& expected, const Seen& seen) {
  if (expected.methods.empty()) return seen.method.empty() ? "own" : "any";
  if (seen.method.empty()) return expected.methods.size() == 1 ? expected.methods[0] : "own";
  bool named = std::find(expected.methods.begin(), expected.methods.end(), seen.method) != expected.methods.end();
  return named ? seen.method : "";
}

Rows rows(std::span<const Seen> runs, bool native) {
  Rows result;
  for (const Seen& seen : runs) {
    if (seen.fixture->native() != native) continue;
    std::vector<std::pair<std::string, std::string>> counted;  // a rule expected on two lines of a program counts once
    for (const Expected& expected : seen.fixture->expected) {
      std::string row = expected.kind == Expectation::spurious ? "" : row_of(expected, seen);
      if (row.empty() || std::find(counted.begin(), counted.end(), std::pair(expected.rule, row)) != counted.end()) continue;
      counted.emplace_back(expected.rule, row);
      ++result[expected.rule][row][seen.version][seen.outcome];
    }
  }
  return result;
}

// "TypeError 12, hangs 2", the most frequent first; a single outcome without its number.
std::string cell_text(const Cell& cell) {
  std::vector<std::pair<std::string, size_t>> entries(cell.begin(), cell.end());
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.second != b.second ? a.second > b.second : a.first < b.first; });
  std::string text;
  for (const auto& [outcome, count] : entries) {
    text += (text.empty() ? "" : ", ") + (outcome.starts_with("raises:") ? outcome.substr(7) : outcome);
    text += " " + std::to_string(count);
  }
  return text.empty() ? "–" : text;
}

std::string percent(double part) {
  char text[16];
  std::snprintf(text, sizeof text, "%.1f %%", 100 * part);
  return text;
}

std::string figures_row(const std::string& name, const Figures& figures) {
  std::string row = "| " + name;
  for (size_t number : {figures.runs, figures.failed, figures.predicted, figures.latent}) row += " | " + std::to_string(number);
  for (double part : {figures.precision(), figures.recall(), figures.outcome_right()}) row += " | " + percent(part);
  return row + " |\n";
}

}  // namespace

std::vector<Seen> promised_runs(std::span<const Fixture> fixtures, std::span<const Version> versions) {
  std::vector<Seen> runs;
  for (const Fixture& fixture : fixtures) {
    std::vector<std::string> needs = fixture.needs();
    bool plain = std::all_of(needs.begin(), needs.end(), [](const std::string& need) { return need == "linux" || need.starts_with("python"); });
    if (fixture.native()) {
      runs.push_back({&fixture, "", {}, fixture.promised("", {})});
      continue;
    }
    if (!plain) continue;
    std::vector<std::string> methods(start_methods.begin(), start_methods.end());
    if (fixture.picks_its_method()) methods = {""};
    for (Version version : versions)
      for (const std::string& method : methods)
        if (fixture.allows(version)) runs.push_back({&fixture, method, version, fixture.promised(method, version)});
  }
  return runs;
}

const std::vector<Predicted>& Predictions::of(const Fixture& fixture, Version version) {
  auto [at, added] = made_.try_emplace({&fixture, version.minor});
  if (added) at->second = fixture.native() ? predict(fixture, knowledge_) : predict(fixture, knowledge_, version);
  return at->second;
}

bool Prediction::covers(const std::string& outcome) const {
  return any || std::binary_search(outcomes.begin(), outcomes.end(), outcome);
}

Prediction prediction(std::span<const Predicted> findings, std::string_view method) {
  Prediction result;
  for (const Predicted& finding : findings) {
    if (finding.rule == "implicit-method" || finding.rule == "fork-chosen") continue;  // they speak of what other rules found
    result.any |= finding.outcomes.empty();
    for (const auto& [under, outcome] : finding.outcomes)
      if (method.empty() || method == under) result.outcomes.push_back(outcome);
  }
  std::sort(result.outcomes.begin(), result.outcomes.end());
  result.outcomes.erase(std::unique(result.outcomes.begin(), result.outcomes.end()), result.outcomes.end());
  return result;
}

void Figures::add(const Seen& seen, const Prediction& prediction) {
  bool fails = seen.outcome != "ok";
  ++runs;
  failed += fails;
  predicted += prediction.fails();
  both += fails && prediction.fails();
  exact += fails && prediction.covers(seen.outcome);
  latent += !fails && prediction.fails() && !seen.fixture->value("latent").empty();
}

std::string observed_page(std::span<const Seen> runs, std::span<const Version> versions, Predictions& predictions) {
  std::map<std::string, Figures> by_method, by_version;
  Figures all;
  for (const Seen& seen : runs) {
    Prediction said = prediction(predictions.of(*seen.fixture, seen.version), seen.method);
    for (Figures* figures : {&all, &by_method[seen.fixture->native() ? "C and C++" : seen.method.empty() ? "own" : seen.method], &by_version[text(seen.version)]}) figures->add(seen, said);
  }
  std::string page =
      "# What is seen\n\n"
      "Made from the headers of all fixtures that are in C or C++ or need nothing but Python and Linux; `./dev judge all` runs them and holds the headers\n"
      "to what is seen, and a test holds this page to the headers. A cell counts the programs in which a rule is expected under that\n"
      "start method, by what was seen: an exception by its type, `ok` where the harm needs luck or the version has repaired it. A program\n"
      "may hold several findings, so what is seen may be another rule's. `own`: programs that choose their method themselves; `any`: the\n"
      "rule speaks of no method. Where all versions agree, the first column speaks for all.\n\n"
      "## How good the predictions are\n\n"
      "Runs of fixtures, how many failed, for how many something was predicted, and how many of those were ok for a reason that the\n"
      "fixture gives (`latent`). Precision: of the predicted, those that failed or are latent. Recall: of the failed, those predicted.\n"
      "Outcome: of those that failed as predicted, those with a predicted outcome.\n\n"
      "| | runs | failed | predicted | latent | precision | recall | outcome |\n|---|---|---|---|---|---|---|---|\n";
  for (std::string_view method : row_order)
    if (auto at = by_method.find(std::string(method)); at != by_method.end()) page += figures_row(at->first, at->second);
  if (auto at = by_method.find("C and C++"); at != by_method.end()) page += figures_row(at->first, at->second);
  for (Version version : versions)
    if (auto at = by_version.find(text(version)); at != by_version.end()) page += figures_row("CPython " + at->first, at->second);
  page += figures_row("all", all);

  page += "\n## What is seen, by rule, start method and version\n\n| rule | method |";
  std::string line = "|---|---|";
  for (Version version : versions) {
    page += " " + text(version) + " |";
    line += "---|";
  }
  page += "\n" + line + "\n";
  const Rows table = rows(runs, false);
  for (const engine::Rule* rule : rules::all()) {
    auto of_rule = table.find(std::string(rule->name));
    if (of_rule == table.end()) continue;
    for (std::string_view row : row_order) {
      auto of_row = of_rule->second.find(std::string(row));
      if (of_row == of_rule->second.end()) continue;
      std::vector<std::string> cells;
      for (Version version : versions) {
        auto cell = of_row->second.find(version);
        cells.push_back(cell == of_row->second.end() ? "–" : cell_text(cell->second));
      }
      bool same = std::all_of(cells.begin(), cells.end(), [&](const std::string& cell) { return cell == cells[0]; });
      page += "| " + std::string(rule->code) + " " + std::string(rule->name) + " | " + std::string(row) + " |";
      for (size_t i = 0; i < cells.size(); ++i) page += i > 0 && same ? " |" : " " + cells[i] + " |";
      page += "\n";
    }
  }

  page += "\n## In C and C++\n\n| rule | method | seen |\n|---|---|---|\n";
  const Rows native = rows(runs, true);
  for (const engine::Rule* rule : rules::all())
    if (auto of_rule = native.find(std::string(rule->name)); of_rule != native.end())
      for (const auto& [row, cells] : of_rule->second)
        for (const auto& [version, cell] : cells) page += "| " + std::string(rule->code) + " " + std::string(rule->name) + " | " + row + " | " + cell_text(cell) + " |\n";
  return page;
}

}  // namespace forklint::tests
