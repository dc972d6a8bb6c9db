#include <algorithm>
#include <vector>

#include <llvm/Support/JSON.h>
#include <llvm/Support/raw_ostream.h>

#include "analyzer/engine/options.h"
#include "analyzer/reporters/reporter.h"

namespace forklint::reporters {
namespace {

struct Row {
  const engine::Finding* first;
  size_t count = 0;
};

std::vector<Row> counted(const engine::Analysis& analysis) {
  std::vector<Row> rows;
  for (const engine::Finding& finding : analysis.result.findings) {
    auto row = std::ranges::find(rows, finding.code, [](const Row& r) { return r.first->code; });
    if (row == rows.end()) row = rows.insert(row, Row{&finding});
    ++row->count;
  }
  std::ranges::sort(rows, {}, [](const Row& row) { return std::pair(-int64_t(row.count), row.first->code); });
  return rows;
}

}  // namespace

void print_statistics(std::string& out, const engine::Analysis& analysis, const Style& style) {
  std::vector<Row> rows = counted(analysis);
  size_t width = rows.empty() ? 0 : std::to_string(rows.front().count).size();
  for (const Row& row : rows) {
    std::string number = std::to_string(row.count);
    out += std::string(width - number.size(), ' ') + number + "  ";
    out += paint(style, ink_of(row.first->severity), row.first->code) + "  " + std::string(row.first->name) + '\n';
  }
}

void print_statistics_json(std::string& out, const engine::Analysis& analysis) {
  llvm::raw_string_ostream stream(out);
  llvm::json::OStream json(stream, 2);
  json.object([&] {
    json.attribute("schema_version", 1);
    json.attributeArray("statistics", [&] {
      for (const Row& row : counted(analysis)) json.object([&] {
        json.attribute("code", llvm::StringRef(row.first->code));
        json.attribute("name", llvm::StringRef(row.first->name));
        json.attribute("count", int64_t(row.count));
      });
    });
  });
  stream << '\n';
}

void print_summary(std::string& out, const engine::Analysis& analysis, const Style& style) {
  const engine::Result& result = analysis.result;
  size_t errors = size_t(std::ranges::count(result.findings, engine::Severity::error, &engine::Finding::severity));
  size_t warnings = size_t(std::ranges::count(result.findings, engine::Severity::warning, &engine::Finding::severity));
  size_t infos = result.findings.size() - errors - warnings;
  std::string kinds;
  auto add = [&](size_t number, const std::string& text) { if (number) kinds += (kinds.empty() ? "" : ", ") + text; };
  add(errors, count(errors, "error"));
  add(warnings, count(warnings, "warning"));
  add(infos, std::to_string(infos) + " info");
  std::string in_files = " in " + count(result.files_seen, "file");
  if (result.findings.empty()) out += paint(style, Ink::green, "No findings") + in_files + '\n';
  else out += paint(style, Ink::bold, count(result.findings.size(), "finding")) + " (" + kinds + ")" + in_files + '\n';
  for (const engine::Skipped& file : result.skipped)
    out += paint(style, Ink::yellow, "skipped") + " " + safe(file.path) + ": " + safe(file.reason) + '\n';
  for (const std::string& note : analysis.notes) out += paint(style, Ink::yellow, "note") + " " + safe(note) + '\n';
}

}  // namespace forklint::reporters
