// The commands that analyse nothing: facts, rule.
#include <algorithm>

#include "analyzer/app/commands.h"
#include "analyzer/app/output.h"
#include "analyzer/engine/rule.h"
#include "analyzer/facts/text.h"
#include "analyzer/frontends/python/frontend.h"
#include "analyzer/source/discover.h"
#include "analyzer/units/analyse.h"
#include "rules/catalogue.h"
#include "rules/pages.h"

namespace forklint::app {
namespace {

using engine::Rule;
using reporters::Ink;
using reporters::Style;

int write(const CommandLine& line, const std::string& text) {
  if (auto written = write_output(line, text); !written) return complain(written.error()), 2;
  return 0;
}

std::string padded(std::string_view text, size_t width) {
  return std::string(text) + std::string(width - std::min(width, text.size()), ' ');
}

std::string list_rules(const Style& style) {
  size_t widest = 0;
  for (const Rule* rule : rules::all()) widest = std::max(widest, rule->name.size());
  std::string out;
  for (const Rule* rule : rules::all()) {
    out += reporters::paint(style, reporters::ink_of(rule->severity), rule->code) + "  " + padded(rule->name, widest + 2);
    out += std::string(rule->summary) + '\n';
  }
  return out;
}

// Headings stand out; the rest of the page reads well as it is.
std::string page_of(const Rule& rule, const Style& style) {
  constexpr std::string_view fixes[] = {"none", "sometimes", "always"};
  std::string out;
  std::string title = "# " + std::string(rule.code) + " " + std::string(rule.name);
  std::string_view page = rules::page(rule.name);
  if (!page.starts_with("# ")) out += reporters::paint(style, Ink::bold, title) + "\n\n" + std::string(rule.summary) + "\n";
  for (size_t at = 0; at < page.size();) {
    size_t end = std::min(page.find('\n', at), page.size());
    std::string_view line = page.substr(at, end - at);
    out += reporters::paint(style, line.starts_with('#') ? Ink::bold : Ink::plain, line) + '\n';
    at = end + 1;
  }
  out += "\nseverity: " + std::string(engine::word(rule.severity)) + " · family: " + std::string(rule.family);
  out += " · languages: " + std::string(rule.languages) + " · since: " + std::string(rule.since);
  out += " · fix: " + std::string(fixes[size_t(rule.fix)]) + '\n';
  return out;
}

// A unit may be made of several files: each with its name before it.
int print_native(const CommandLine& line, const std::string& path, source::Kind kind) {
  auto file = source::read(path, kind, 0);
  if (!file) return complain(path + ": " + file.error()), 2;
  std::vector<source::File> files;
  files.push_back(std::move(*file));
  units::UnitOptions options;
  options.flags = line.compiler_flags;
  const units::Natives natives = units::analyse(files, options, nullptr);
  for (const std::string& note : natives.notes) complain(note);
  for (const source::Skip& skip : natives.skipped) complain(skip.path + ": " + skip.reason);
  std::string out;
  for (const units::Native& one : natives.files) out += "// " + one.path + "\n" + facts::print(one.facts);
  if (natives.files.empty() && (!natives.notes.empty() || !natives.skipped.empty())) return 2;
  return write(line, out);
}

}  // namespace

int print_facts(const CommandLine& line) {
  const std::string& path = line.paths.front();
  source::Kind kind = source::kind_of(path).value_or(source::Kind::python);
  if (units::is_native(kind) && path != "-") return print_native(line, path, kind);
  auto file = path == "-" ? source::decode("<stdin>", kind, read_standard_input()) : source::read(path, kind, 0);
  if (!file) return complain(path + ": " + file.error()), 2;
  return write(line, facts::print(frontends::python::parse(file->text)));
}

int explain_rules(const CommandLine& line) {
  Style style = style_of_output(line);
  if (line.rule.empty() && !line.all_rules) return write(line, list_rules(style));
  std::string out;
  std::vector<std::string_view> known;
  for (const Rule* rule : rules::all()) {
    known.insert(known.end(), {rule->code, rule->name});
    bool wanted = line.all_rules || rule->name == line.rule ||
                  std::ranges::equal(rule->code, line.rule, [](char a, char b) { return a == (b >= 'a' && b <= 'z' ? b - 32 : b); });
    if (wanted) out += (out.empty() ? "" : "\n\n") + page_of(*rule, style);
  }
  if (out.empty()) return complain("unknown rule '" + line.rule + "'" + engine::did_you_mean(line.rule, known)), 2;
  return write(line, out);
}

}  // namespace forklint::app
