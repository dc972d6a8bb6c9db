// What was foretold beside what was seen, for readers.
#include <algorithm>
#include <map>

#include "analyzer/app/verify.h"

namespace forklint::app {
namespace {

using reporters::Ink;
using reporters::paint;
using reporters::Style;

struct Cell {
  std::string text;
  Ink ink = Ink::plain;
};
using Row = std::vector<Cell>;

// "TypeError" of "raises:TypeError".
std::string short_outcome(const std::string& outcome) {
  if (outcome.starts_with("raises:") || outcome.starts_with("crashes:")) return reporters::safe(outcome.substr(outcome.find(':') + 1));
  if (outcome.starts_with("exits:")) return "exits " + reporters::safe(outcome.substr(6));
  return reporters::safe(outcome);
}

Ink ink_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::confirmed: return Ink::green;
    case Verdict::latent: return Ink::cyan;
    case Verdict::contradicted: return Ink::red;
    default: return Ink::yellow;
  }
}

std::string_view mark(Verdict verdict) {
  switch (verdict) {
    case Verdict::confirmed: return " ✓";
    case Verdict::latent: return " ~";
    case Verdict::contradicted: return " ✗";
    default: return " ?";
  }
}

void print_table(std::string& out, const std::vector<Row>& rows, const Style& style) {
  std::vector<size_t> widths;
  for (const Row& row : rows)
    for (size_t i = 0; i < row.size(); i++) {
      if (widths.size() <= i) widths.push_back(0);
      widths[i] = std::max<size_t>(widths[i], reporters::columns(row[i].text));
    }
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); i++) {
      out += paint(style, row[i].ink, row[i].text);
      if (i + 1 < row.size()) out += std::string(widths[i] - reporters::columns(row[i].text) + 2, ' ');
    }
    out += '\n';
  }
}

std::vector<std::string> methods_of(const Verified& verified) {
  std::vector<std::string> methods;
  for (const VerifyCell& cell : verified.cells)
    if (std::ranges::count(methods, cell.method) == 0) methods.push_back(cell.method);
  return methods;
}

// Predicted and observed; one word where they are the same.
Cell compared(const Verified& verified, const LaunchSeen& seen) {
  const std::string& observed = verified.cells[seen.cell].seen.outcome;
  std::string text = seen.predicted == observed ? short_outcome(observed) : short_outcome(seen.predicted) + " / " + short_outcome(observed);
  return {text + std::string(mark(seen.verdict)), ink_of(seen.verdict)};
}

void print_launches(std::string& out, const Verified& verified, const Style& style) {
  std::vector<std::string> methods = methods_of(verified);
  std::vector<Row> rows{{{"launch", Ink::bold}, {"launcher", Ink::bold}, {"python", Ink::bold}}};
  for (const std::string& method : methods) rows.front().push_back({method, Ink::bold});
  const engine::Result& result = verified.analysis.result;
  for (size_t i = 0; i < result.launches.size(); i++) {
    const engine::LaunchRow& launch = result.launches[i];
    const source::File& file = verified.analysis.files[launch.place.file];
    std::map<std::string, std::map<std::string, Cell>> by_python;
    for (const LaunchSeen& seen : verified.launches)
      if (seen.launch == i) by_python[verified.cells[seen.cell].python.version][verified.cells[seen.cell].method] = compared(verified, seen);
    std::string place = reporters::safe(file.path) + ":" + std::to_string(file.position(launch.place.span.begin).line);
    std::string launcher = launch.launcher.substr(launch.launcher.rfind('.') + 1);
    for (const VerifyCell& cell : verified.cells) {  // in the order of the interpreters
      auto at = by_python.find(cell.python.version);
      if (at == by_python.end()) continue;
      Row row{{place}, {launcher, Ink::dim}, {cell.python.version}};
      for (const std::string& method : methods) row.push_back(at->second.contains(method) ? at->second[method] : Cell{"-", Ink::dim});
      rows.push_back(std::move(row));
      by_python.erase(at);
      place.clear(), launcher.clear();
    }
  }
  print_table(out, rows, style);
  out += "\n  predicted, and after a / what was seen where that differs\n  ✓ as predicted   ~ its cause was there, the harm was not   ✗ contradicted   ? not decided\n";
}

// Where nothing is foretold, what was seen stands alone.
void print_runs(std::string& out, const Verified& verified, const Style& style) {
  std::vector<Row> rows;
  for (const VerifyCell& cell : verified.cells)
    rows.push_back({{cell.name()}, {reporters::phrase(cell.seen.outcome), reporters::ink_of(cell.seen.outcome)}, {reporters::safe(cell.seen.proof + cell.seen.inconclusive), Ink::dim}});
  print_table(out, rows, style);
}

void print_findings(std::string& out, const Verified& verified, const Style& style) {
  const engine::Result& result = verified.analysis.result;
  for (size_t i = 0; i < result.findings.size(); i++) {
    if (verified.findings[i].empty()) continue;
    const engine::Finding& finding = result.findings[i];
    out += '\n' + paint(style, reporters::ink_of(finding.severity), finding.code) + " " + paint(style, Ink::bold, finding.name) + ": " + reporters::safe(finding.message) + '\n';
    out += "    " + reporters::spell(verified.analysis.files[finding.place.file], finding.place.span) + '\n';
    std::vector<Row> rows;
    for (const Judgement& judgement : verified.findings[i])
      rows.push_back({{"    " + verified.cells[judgement.cell].name()}, {std::string(word(judgement.verdict)), ink_of(judgement.verdict)}, {reporters::safe(judgement.reason), Ink::dim}});
    print_table(out, rows, style);
  }
}

// The first of each way to hang: who waits for whom.
void print_hangs(std::string& out, const Verified& verified, const Style& style) {
  std::vector<std::string> told;
  for (const VerifyCell& cell : verified.cells) {
    if (cell.seen.cycle.empty() || std::ranges::count(told, cell.method + cell.seen.proof) > 0) continue;
    told.push_back(cell.method + cell.seen.proof);
    out += '\n' + paint(style, Ink::bold, "why " + cell.name() + " hangs") + " (" + cell.seen.proof + ")\n";
    for (const std::string& line : cell.seen.cycle) out += "    " + reporters::safe(line) + '\n';
  }
}

void print_native(std::string& out, const VerifyCell& cell, const Style& style) {
  for (const verify::ForkSeen& fork : cell.seen.forks) {
    out += "    process " + std::to_string(fork.parent) + " forked " + std::to_string(fork.child) + " with " + reporters::count(fork.threads, "thread");
    for (const std::string& held : fork.held) out += ", another thread held " + reporters::safe(held);
    out += '\n';
  }
  constexpr std::string_view tiers[] = {"", "not async-signal-safe; this C library repairs it", "not async-signal-safe; can hang", "wrong in such a child"};
  for (const verify::UnsafeCall& call : cell.seen.unsafe_calls) {
    out += "    process " + std::to_string(call.pid) + " called " + paint(style, Ink::yellow, reporters::safe(call.function)) + " at " + reporters::safe(call.caller);
    out += " after the fork of a process with threads: " + std::string(tiers[std::min(call.tier, 3u)]) + '\n';
  }
}

void print_notes(std::string& out, const Verified& verified) {
  std::map<std::string, std::string> notes;  // note -> first cell
  bool alone = true;
  for (const VerifyCell& cell : verified.cells) {
    for (const std::string& note : cell.seen.contained) notes.try_emplace(note, cell.name());
    alone &= cell.seen.namespaces || cell.seen.outcome == "unavailable";
  }
  if (!notes.empty()) out += "\ncontained:\n";
  for (const auto& [note, cell] : notes) out += "    " + cell + ": " + reporters::safe(note) + '\n';
  if (!alone) out += "\nnamespaces are not allowed here: the program ran in a copy of its folder, with the machine's /tmp and network\n";
  if (verified.missing.empty()) return;
  out += "\nnot here, and so not run:";
  for (size_t i = 0; i < verified.missing.size(); i++) out += (i ? ", " : " ") + reporters::safe(verified.missing[i]);
  out += '\n';
}

}  // namespace

std::string verified_as_text(const Verified& verified, const std::string& script, const Style& style) {
  std::string out = paint(style, Ink::bold, reporters::safe(script)) + ", run " + reporters::count(verified.cells.size(), "time") + "\n\n";
  bool native = verified.cells.front().method.empty();
  if (verified.analysis.result.launches.empty()) print_runs(out, verified, style);
  else print_launches(out, verified, style);
  if (native) print_native(out, verified.cells.front(), style);
  print_findings(out, verified, style);
  print_hangs(out, verified, style);
  print_notes(out, verified);
  return out;
}

}  // namespace forklint::app
