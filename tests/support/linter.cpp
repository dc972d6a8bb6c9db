#include "tests/support/linter.h"

#include <algorithm>
#include <cstdlib>

#include "analyzer/engine/load_config.h"
#include "analyzer/engine/run.h"
#include "analyzer/source/edit.h"
#include "rules/catalogue.h"
#include "tests/support/bindings.h"

namespace forklint::tests {

std::optional<std::vector<std::string>> extension_flags(const Fixture& fixture) {
  const char* python = std::getenv("FORKLINT_EXTENSION_PYTHON");
  auto found = bindings(python ? python : "python3", fixture.modules());
  return found ? std::optional(found->flags) : std::nullopt;
}

static engine::Analysis analysed(const Fixture& fixture, const knowledge::Knowledge& knowledge, std::optional<Version> version) {
  using knowledge::StartMethod, knowledge::StartMethods;
  std::vector<source::Found> files;
  for (const auto& file : fixture.files) files.push_back({file.string(), source::kind_of(file.string()).value_or(source::Kind::python)});
  // A fixture that is a project has a configuration of its own.
  engine::Config config;
  if (std::filesystem::exists(fixture.path / "pyproject.toml"))
    if (auto settings = engine::load_config(fixture.path.string(), rules::all())) config = settings->config;
  // What the compiler is told, the analysis is told: its flags and no compile database.
  if (fixture.native()) config.units.flags = fixture.flags();
  if (fixture.has_extensions()) config.units.flags = extension_flags(fixture).value_or(std::vector<std::string>());
  if (version) {
    config.python_given = true;
    config.python_from = config.python_to = {version->major, version->minor};
    config.assumed_default = StartMethods(StartMethod::fork) | StartMethod::spawn | StartMethod::forkserver;
  }
  return engine::run(files, config, knowledge, rules::all(), 1);
}

std::optional<std::string> fixed(const Fixture& fixture, const knowledge::Knowledge& knowledge) {
  engine::Analysis analysis = analysed(fixture, knowledge, {});
  std::vector<source::Edit> edits;
  for (const engine::Finding& finding : analysis.result.findings)
    for (const engine::Fix& fix : finding.fixes)
      for (const engine::Edit& edit : fix.edits) edits.push_back({edit.place.span.begin, edit.place.span.end, edit.replacement});
  if (edits.empty()) return {};
  auto text = source::apply(analysis.files[0].text, std::move(edits));
  return text ? std::optional(*text) : std::nullopt;
}

std::vector<Predicted> predict(const Fixture& fixture, const knowledge::Knowledge& knowledge, std::optional<Version> version) {
  static constexpr const char* names[] = {"fork", "spawn", "forkserver", "threading", "loky"};
  engine::Analysis analysis = analysed(fixture, knowledge, version);
  std::vector<Predicted> result;
  for (const engine::Finding& finding : analysis.result.findings) {
    bool informal = (finding.name == "implicit-method" || finding.name == "fork-chosen") && fixture.path.parent_path().filename() != finding.name;
    if (informal) continue;
    const source::File& file = analysis.files[finding.place.file];
    Predicted predicted{.file = std::filesystem::path(file.path).filename(), .line = file.position(finding.place.span.begin).line, .rule = std::string(finding.name)};
    for (const auto& outcome : finding.outcomes) predicted.outcomes.emplace_back(names[size_t(outcome.method)], outcome.outcome);
    std::sort(predicted.outcomes.begin(), predicted.outcomes.end());
    result.push_back(std::move(predicted));
  }
  return result;
}

}  // namespace forklint::tests
