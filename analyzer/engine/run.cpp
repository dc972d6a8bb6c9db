#include "analyzer/engine/run.h"

#include <algorithm>

#include "analyzer/engine/report.h"
#include "analyzer/engine/select_files.h"
#include "analyzer/engine/selectors.h"
#include "analyzer/engine/suppressions.h"
#include "analyzer/model/model.h"
#include "analyzer/source/packaging.h"
#include "analyzer/source/parallel.h"
#include "analyzer/units/analyse.h"

namespace forklint::engine {
namespace {

model::ModelOptions model_options(const Config& config, unsigned jobs) {
  uint8_t platforms = uint8_t((config.platforms.linux ? model::platform_linux : 0) | (config.platforms.macos ? model::platform_macos : 0) | (config.platforms.windows ? model::platform_windows : 0));
  bool windows = config.platforms_given ? config.platforms.windows : config.declared.windows;
  return {.standard = config.default_methods(), .oldest_python = config.python_from.minor, .newest_python = config.python_to.minor, .platforms = platforms, .platforms_given = config.platforms_given, .runs_on_windows = windows, .libc = config.libc, .jobs = jobs};
}

struct World {
  World(std::vector<model::ParsedFile> files, const knowledge::Knowledge& knowledge, const Config& config, unsigned jobs)
      : program(std::move(files), knowledge, jobs), model(program, model_options(config, jobs)) {}

  model::Program program;
  model::Model model;
};

std::vector<Finding> check(const model::Model& model, const std::vector<const Rule*>& rules, std::vector<LaunchRow>& launches) {
  Report report(model);
  for (const Rule* rule : rules) {
    if (!rule->check) continue;
    report.begin(*rule);
    rule->check(model, report);
  }
  launches = report.take_launches();
  return report.take_findings();
}

void renumber(std::vector<Finding>& findings, std::vector<LaunchRow>& launches, const std::vector<uint32_t>& files) {
  for (Finding& finding : findings) {
    finding.place.file = files[finding.place.file];
    for (Label& label : finding.labels) label.place.file = files[label.place.file];
    for (Fix& fix : finding.fixes)
      for (Edit& edit : fix.edits) edit.place.file = files[edit.place.file];
  }
  for (LaunchRow& launch : launches) launch.place.file = files[launch.place.file];
}

int rank_of(std::string_view outcome) {
  if (outcome == "wrong") return 0;
  if (outcome == "hangs" || outcome == "storms") return 1;
  if (outcome.starts_with("raises") || outcome.starts_with("crashes") || outcome.starts_with("exits")) return 2;
  return outcome == "slow" ? 3 : 4;
}

// What config.start_methods, severity and confidence leave.
bool wanted(Finding& finding, const Config& config) {
  if (finding.severity < config.min_severity || finding.confidence < config.min_confidence) return false;
  if (config.start_methods.empty() || finding.outcomes.empty()) return true;
  std::erase_if(finding.outcomes, [&](const MethodOutcome& outcome) { return !config.start_methods.has(outcome.method); });
  return !finding.outcomes.empty();
}

void sort_findings(std::vector<Finding>& findings, const std::vector<source::File>& files) {
  std::sort(findings.begin(), findings.end(), [&](const Finding& a, const Finding& b) {
    if (a.place.file != b.place.file) return files[a.place.file].path < files[b.place.file].path;
    if (a.place.span.begin != b.place.span.begin) return a.place.span.begin < b.place.span.begin;
    if (a.code != b.code) return a.code < b.code;
    return a.message < b.message;
  });
}

// What is certain to fail and is not tied to a launch: no launch of that file works under these methods. Where nothing
// says how it fails, what comes of the launch is not known.
void fail_everywhere(Result& result, const Finding& finding) {
  if (finding.confidence != Confidence::certain || finding.severity != Severity::error) return;
  for (LaunchRow& row : result.launches)
    for (MethodOutcome& cell : row.outcomes) {
      if (row.place.file != finding.place.file || cell.outcome != "ok") continue;
      if (finding.outcomes.empty()) cell.outcome = "unknown";
      for (const MethodOutcome& outcome : finding.outcomes)
        if (outcome.method == cell.method) cell.outcome = outcome.outcome;
    }
}

// Rows in the order of the source, each cell the worst that is known of it.
void fill_launches(Result& result, const std::vector<source::File>& files) {
  std::vector<int> order(result.launches.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = int(i);
  std::sort(order.begin(), order.end(), [&](int a, int b) {
    const Place& x = result.launches[size_t(a)].place;
    const Place& y = result.launches[size_t(b)].place;
    if (x.file != y.file) return files[x.file].path < files[y.file].path;
    return x.span.begin != y.span.begin ? x.span.begin < y.span.begin : a < b;
  });
  std::vector<LaunchRow> sorted;
  std::vector<int> position(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    position[size_t(order[i])] = int(i);
    sorted.push_back(std::move(result.launches[size_t(order[i])]));
  }
  result.launches = std::move(sorted);
  for (LaunchRow& row : result.launches)
    for (int i = 0; i < knowledge::start_method_count; ++i)
      if (row.methods.has(StartMethod(i))) row.outcomes.push_back({StartMethod(i), "ok"});
  for (size_t i = 0; i < result.findings.size(); ++i) {
    Finding& finding = result.findings[i];
    if (finding.launch < 0) {
      fail_everywhere(result, finding);
      continue;
    }
    finding.launch = position[size_t(finding.launch)];
    LaunchRow& row = result.launches[size_t(finding.launch)];
    row.findings.push_back(int(i));
    for (const MethodOutcome& outcome : finding.outcomes)
      for (MethodOutcome& cell : row.outcomes)
        if (cell.method == outcome.method && rank_of(outcome.outcome) < rank_of(cell.outcome)) cell.outcome = outcome.outcome;
  }
}

// A file may have changed since its facts were made: no place may lie beyond its end.
bool text_fits(const facts::FileFacts& facts, size_t size) {
  auto fits = [&](facts::Span span) { return span.begin <= span.end && span.end <= size; };
  auto all = [&](const auto& list) { return std::ranges::all_of(list, [&](const auto& it) { return fits(it.span); }); };
  return all(facts.events) && all(facts.scopes) && all(facts.parameters) && all(facts.comments) && all(facts.problems);
}

// The C and C++ files, and the headers that they include.
void add_natives(Analysis& analysis, std::vector<Parsed>& parsed, const Config& config, const knowledge::Knowledge& knowledge) {
  units::Natives natives = units::analyse(analysis.files, config.units, &knowledge);
  for (units::Native& it : natives.files) {
    if (!it.given) {
      auto file = source::read(it.path, source::Kind::cpp, 0);
      if (!file) continue;  // gone meanwhile
      it.file = uint32_t(analysis.files.size());
      analysis.files.push_back(std::move(*file));
    }
    if (!text_fits(it.facts, analysis.files[it.file].text.size())) continue;
    parsed.push_back({it.file, {}, std::move(it.facts)});
  }
  for (source::Skip& skip : natives.skipped) analysis.result.skipped.push_back({std::move(skip.path), std::move(skip.reason)});
  analysis.result.files_analysed -= uint32_t(std::min<size_t>(natives.skipped.size(), analysis.result.files_analysed));
  analysis.notes = std::move(natives.notes);
}

void add_unreadable(Analysis& analysis, const std::vector<const Rule*>& rules, const std::vector<Parsed>& parsed) {
  auto rule = std::find_if(rules.begin(), rules.end(), [](const Rule* it) { return it->name == "unreadable-source"; });
  if (rule == rules.end()) return;
  for (const Parsed& it : parsed) {
    if (it.facts.problems.empty() || it.facts.language != facts::Language::python) continue;  // of others, one note counts them
    const facts::Problem& problem = it.facts.problems.front();
    std::string_view rest = it.facts.events.empty() ? "" : "; what could be read is analysed";
    analysis.result.findings.push_back({.code = (*rule)->code, .name = (*rule)->name, .severity = (*rule)->severity, .confidence = Confidence::certain,
                                        .message = problem.message + std::string(rest), .place = {it.file, problem.span}});
  }
}

}  // namespace

Analysis run(const std::vector<source::Found>& found, const Config& config, const knowledge::Knowledge& knowledge, std::span<const Rule* const> rules, unsigned jobs) {
  std::vector<source::File> files(found.size());
  std::vector<std::string> errors(found.size());
  source::in_parallel(found.size(), jobs, [&](size_t i) {
    auto file = source::read(found[i].path, found[i].kind, 0);
    if (!file) return void(errors[i] = file.error());
    files[i] = std::move(*file);
  });
  std::vector<source::File> readable;
  std::vector<Skipped> skipped;
  for (size_t i = 0; i < found.size(); ++i) {
    if (errors[i].empty()) readable.push_back(std::move(files[i]));
    else skipped.push_back({found[i].path, errors[i]});
  }
  Analysis analysis = run(std::move(readable), config, knowledge, rules, jobs);
  analysis.result.files_seen += uint32_t(skipped.size());
  for (Skipped& skip : skipped) analysis.result.skipped.push_back(std::move(skip));
  return analysis;
}

Analysis run(std::vector<source::File> files, const Config& config, const knowledge::Knowledge& knowledge, std::span<const Rule* const> rules, unsigned jobs) {
  Analysis analysis{.result = {}, .files = std::move(files), .notes = {}, .world = {}};
  Result& result = analysis.result;
  result.files_seen = result.files_analysed = uint32_t(analysis.files.size());
  std::vector<const Rule*> enabled = enabled_rules(config, rules);

  auto [parsed, packaging] = parse_what_matters(analysis.files, knowledge, jobs);
  for (uint32_t file : packaging) analysis.files[file].packaging = source::packaging_in(analysis.files[file].text);
  std::vector<std::string> packaged = source::packaged_by(analysis.files);
  const uint32_t given = uint32_t(analysis.files.size());
  add_natives(analysis, parsed, config, knowledge);
  std::vector<Suppression> suppressions;
  std::vector<uint32_t> numbers;
  for (const Parsed& it : parsed) {
    numbers.push_back(it.file);
    for (Suppression& suppression : read_suppressions(it.file, analysis.files[it.file].text, it.facts.comments)) suppressions.push_back(std::move(suppression));
  }
  add_unreadable(analysis, enabled, parsed);
  std::vector<model::ParsedFile> linked;
  for (Parsed& it : parsed)
    linked.push_back({.path = analysis.files[it.file].path, .facts = std::move(it.facts), .walked = !it.launching.empty(), .launching = std::move(it.launching), .packaged_by = it.file < packaged.size() ? std::move(packaged[it.file]) : ""});
  auto world = std::make_shared<World>(std::move(linked), knowledge, config, jobs);
  std::vector<Finding> findings = check(world->model, enabled, result.launches);
  analysis.world = std::move(world);
  renumber(findings, result.launches, numbers);
  // What stands in headers that nobody named is not reported.
  std::erase_if(findings, [&](const Finding& finding) { return finding.place.file >= given; });
  for (Finding& finding : findings) result.findings.push_back(std::move(finding));

  auto is_enabled = [&](const Rule& rule, uint32_t file) {
    return std::find(enabled.begin(), enabled.end(), &rule) != enabled.end() && !ignored_in_file(config, analysis.files[file].path, rule);
  };
  result.findings = suppress(std::move(result.findings), std::move(suppressions), rules, is_enabled);
  auto rule_of = [&](const Finding& finding) { return *std::find_if(rules.begin(), rules.end(), [&](const Rule* rule) { return rule->code == finding.code; }); };
  std::erase_if(result.findings, [&](Finding& finding) { return ignored_in_file(config, analysis.files[finding.place.file].path, *rule_of(finding)) || !wanted(finding, config); });
  sort_findings(result.findings, analysis.files);
  fill_launches(result, analysis.files);
  return analysis;
}

}  // namespace forklint::engine
