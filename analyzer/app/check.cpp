#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "analyzer/app/analysis.h"
#include "analyzer/app/commands.h"
#include "analyzer/app/output.h"
#include "analyzer/engine/run.h"
#include "analyzer/reporters/reporter.h"
#include "rules/catalogue.h"

namespace forklint::app {
namespace {

using engine::Analysis;
using engine::Settings;

constexpr int failed = 2;

// A file without text in which the reason's own "line 3: " is the place; the reason loses it.
source::File unread_file(const std::string& path, std::string_view& reason) {
  source::File file{.path = path};
  source::LineOrigin origin;
  constexpr std::string_view lead = "line ";
  size_t colon = reason.find(": ");
  if (!reason.starts_with(lead) || colon == reason.npos) return file;
  std::from_chars(reason.data() + lead.size(), reason.data() + colon, origin.line);
  file.line_starts = {0};
  file.origins = {origin};
  reason.remove_prefix(colon + 2);
  return file;
}

// What the user named and cannot be read is a finding like any other, at the end of the list.
void add_unreadable(Analysis& analysis, const std::string& path, std::string_view reason) {
  engine::Finding finding;
  finding.code = "PSM903";
  finding.name = "unreadable-source";
  finding.severity = engine::Severity::error;
  finding.confidence = engine::Confidence::certain;
  finding.place = {uint32_t(analysis.files.size()), {0, 0}};
  analysis.files.push_back(unread_file(path, reason));
  finding.message = reason;
  analysis.result.findings.push_back(std::move(finding));
}

void add_skipped(Analysis& analysis, const std::string& path, const std::string& reason) {
  analysis.result.skipped.push_back({path, reason});
  ++analysis.result.files_seen;
}

Analysis analyse_standard_input(const CommandLine& line, const Settings& settings, const knowledge::Knowledge& knowledge) {
  std::string name = line.stdin_filename.empty() ? "<stdin>" : line.stdin_filename;
  source::Kind kind = source::kind_of(name).value_or(source::Kind::python);
  std::vector<source::File> files;
  auto file = source::decode(name, kind, read_standard_input());
  if (file) files.push_back(std::move(*file));
  Analysis analysis = engine::run(std::move(files), settings.config, knowledge, rules::all(), line.jobs);
  if (!file) add_skipped(analysis, name, file.error()), add_unreadable(analysis, name, file.error());
  return analysis;
}

Analysis analyse_paths(const CommandLine& line, const source::Discovered& discovered, const Settings& settings,
                       const knowledge::Knowledge& knowledge) {
  Analysis analysis = engine::run(discovered.files, settings.config, knowledge, rules::all(), line.jobs);
  for (const engine::Skipped& skip : analysis.result.skipped)
    if (std::ranges::count(line.paths, skip.path)) add_unreadable(analysis, skip.path, skip.reason);
  for (const source::Skip& skip : discovered.skipped) add_skipped(analysis, skip.path, skip.reason);
  for (const source::Skip& error : discovered.errors) {
    add_skipped(analysis, error.path, error.reason);
    add_unreadable(analysis, error.path, error.reason);
  }
  return analysis;
}

std::string printed(const CommandLine& line, const Analysis& analysis, const std::string& format) {
  std::string out;
  reporters::Style style = style_of_output(line);
  bool json = format == "json";
  if (line.statistics && json) reporters::print_statistics_json(out, analysis);
  else if (line.statistics) reporters::print_statistics(out, analysis, style);
  else if (json) reporters::print_json(out, analysis);
  else if (line.command == Command::matrix) reporters::print_matrix(out, analysis, style);
  else if (format == "concise") reporters::print_concise(out, analysis, style);
  else reporters::print_full(out, analysis, style);
  return out;
}

int show_files(const CommandLine& line, const source::Discovered& discovered) {
  std::string out;
  for (const source::Found& file : discovered.files) out += reporters::safe(file.path) + '\n';
  for (const source::Skip& error : discovered.errors) complain(error.path + ": " + error.reason);
  if (auto written = write_output(line, out); !written) return complain(written.error()), failed;
  return discovered.errors.empty() ? 0 : failed;
}

}  // namespace

int check(const CommandLine& line) {
  bool from_stdin = reads_standard_input(line);
  if (from_stdin && line.paths.size() > 1) return complain("- (standard input) cannot be combined with other paths"), failed;
  std::optional<Settings> settings = settings_of(line);
  if (!settings) return failed;
  source::Discovered discovered;
  if (!from_stdin) discovered = source::discover(line.paths.empty() ? std::vector<std::string>{"."} : line.paths, settings->discover);
  if (line.show_files) return show_files(line, discovered);

  std::optional<knowledge::Knowledge> knowledge = knowledge_of(*settings);
  if (!knowledge) return failed;
  if (discovered.files.empty() && !discovered.errors.empty()) {
    for (const source::Skip& error : discovered.errors) complain(error.path + ": " + error.reason);
    return failed;
  }
  Analysis analysis = from_stdin ? analyse_standard_input(line, *settings, *knowledge)
                                 : analyse_paths(line, discovered, *settings, *knowledge);

  if (auto written = write_output(line, printed(line, analysis, settings->output_format)); !written)
    return complain(written.error()), failed;
  if (!line.quiet && settings->output_format != "json") {
    std::string summary;
    reporters::print_summary(summary, analysis, style_of_errors(line));
    std::fputs(summary.c_str(), stderr);
  }
  // Not by returning: the system takes the memory back faster than a destructor for each value.
  std::exit(analysis.result.findings.empty() || line.exit_zero ? 0 : 1);
}

}  // namespace forklint::app
