#include <algorithm>
#include <map>

#include "analyzer/engine/options.h"
#include "analyzer/reporters/reporter.h"

namespace forklint::reporters {
namespace {

using engine::LaunchRow;
using engine::StartMethod;

constexpr std::string_view gap = "  ";

struct Cell {
  std::string text;
  Ink ink = Ink::plain;
};

using Line = std::vector<Cell>;

// Findings get their numbers in the order in which the table names them first.
struct Notes {
  std::map<int, size_t> number;
  std::vector<int> order;

  size_t of(int finding) {
    auto [entry, is_new] = number.try_emplace(finding, order.size() + 1);
    if (is_new) order.push_back(finding);
    return entry->second;
  }
};

// fork, spawn, forkserver always; threading and loky when some launch can use them.
std::vector<StartMethod> columns_of(const engine::Result& result) {
  std::vector<StartMethod> methods;
  for (StartMethod method : engine::start_methods) {
    bool usual = knowledge::fork_spawn_forkserver.has(method);
    auto uses = [&](const LaunchRow& row) { return row.methods.has(method); };
    if (usual || std::ranges::any_of(result.launches, uses)) methods.push_back(method);
  }
  return methods;
}

std::string outcome_of(const LaunchRow& row, StartMethod method) {
  for (const engine::MethodOutcome& outcome : row.outcomes)
    if (outcome.method == method) return outcome.outcome;
  return row.methods.has(method) ? "unknown" : "unavailable";
}

bool bites(const engine::Finding& finding, StartMethod method) {
  return finding.outcomes.empty() || std::ranges::count(finding.outcomes, method, &engine::MethodOutcome::method) > 0;
}

// "ok", "-", "?", "TypeError", "SIGSEGV"; with the numbers of its notes, "hangs [1,2]".
Cell outcome_cell(const engine::Result& result, const LaunchRow& row, StartMethod method, Notes& notes) {
  std::string outcome = outcome_of(row, method);
  if (outcome == "unavailable") return {"-", Ink::dim};
  size_t colon = outcome.find(':');
  std::string text = outcome == "unknown" ? "?" : safe(colon == outcome.npos ? outcome : outcome.substr(colon + 1));
  if (outcome.starts_with("exits:")) text = "exits " + text;
  std::vector<size_t> said;
  for (int finding : row.findings)
    if (bites(result.findings[size_t(finding)], method)) said.push_back(notes.of(finding));
  std::ranges::sort(said);
  std::string numbers;
  for (size_t number : said) numbers += (numbers.empty() ? "" : ",") + std::to_string(number);
  if (!numbers.empty()) text += " [" + numbers + "]";
  return {text, ink_of(outcome)};
}

// "multiprocessing.Process" as "Process".
std::string last_part(const std::string& launcher) { return launcher.substr(launcher.rfind('.') + 1); }

// Without the column: a row is read as a line of a file.
std::string place_of(const engine::Analysis& analysis, const LaunchRow& row) {
  const source::File& file = analysis.files[row.place.file];
  return safe(file.path) + ":" + std::to_string(file.position(row.place.span.begin).line);
}

// "src/app/" when every launch is below it.
std::string common_folder(const engine::Analysis& analysis) {
  std::string folder = place_of(analysis, analysis.result.launches.front());
  for (const LaunchRow& row : analysis.result.launches) {
    std::string place = place_of(analysis, row);
    folder.resize(size_t(std::ranges::mismatch(folder, place).in1 - folder.begin()));
  }
  folder.resize(folder.rfind('/') + 1);
  return folder;
}

// What to leave out where the table is wider than the terminal.
struct Brevity {
  bool launcher = false;    // "Process" for "multiprocessing.Process"
  std::string_view folder;  // of every launch: said once, above the table
  bool chosen = false;      // how the method is chosen, when it is the same for all: said there, too
};

std::vector<Line> table_of(const engine::Analysis& analysis, const std::vector<StartMethod>& methods, Brevity brevity, Notes& notes) {
  std::vector<Line> table{{{"launch", Ink::bold}, {"launcher", Ink::bold}}};
  if (!brevity.chosen) table[0].push_back({"chosen by", Ink::bold});
  for (StartMethod method : methods) table[0].push_back({std::string(engine::word(method)), Ink::bold});
  for (const LaunchRow& row : analysis.result.launches) {
    std::string launcher = safe(row.launcher);
    Line line{{place_of(analysis, row).substr(brevity.folder.size())}, {brevity.launcher ? last_part(launcher) : launcher}};
    if (!brevity.chosen) line.push_back({std::string(row.chosen_by), Ink::dim});
    for (StartMethod method : methods) line.push_back(outcome_cell(analysis.result, row, method, notes));
    table.push_back(std::move(line));
  }
  return table;
}

std::vector<unsigned> widths_of(const std::vector<Line>& table) {
  std::vector<unsigned> widths(table.front().size());
  for (const Line& line : table)
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], columns(line[i].text));
  return widths;
}

unsigned total_width(const std::vector<Line>& table) {
  unsigned total = 0;
  for (unsigned width : widths_of(table)) total += width + unsigned(gap.size());
  return total - unsigned(gap.size());
}

void print_table(std::string& out, const std::vector<Line>& table, const Style& style) {
  std::vector<unsigned> widths = widths_of(table);
  for (const Line& line : table) {
    for (size_t i = 0; i < line.size(); ++i) {
      bool last = i + 1 == line.size();
      out += paint(style, line[i].ink, line[i].text);
      if (!last) out += std::string(widths[i] - columns(line[i].text), ' ') + std::string(gap);
    }
    out += '\n';
    if (&line != &table.front()) continue;
    std::string rule;
    for (unsigned i = 0; i < total_width(table); ++i) rule += "\xE2\x94\x80";
    out += paint(style, Ink::dim, rule) + '\n';
  }
}

// The table, in the least brief way that fits; what it leaves out is said in a line above it.
std::vector<Line> fitting_table(std::string& out, const engine::Analysis& analysis, const std::vector<StartMethod>& methods,
                                const Style& style, Notes& notes) {
  const std::vector<LaunchRow>& launches = analysis.result.launches;
  std::string folder = common_folder(analysis);
  std::string chosen(launches.front().chosen_by);
  bool same = std::ranges::count(launches, chosen, &LaunchRow::chosen_by) == ptrdiff_t(launches.size());
  Brevity brevity;
  std::vector<Line> table = table_of(analysis, methods, brevity, notes);
  auto too_wide = [&] { return total_width(table) > style.width; };
  auto shorten = [&] { table = table_of(analysis, methods, brevity, notes); };
  std::string above;
  if (too_wide()) brevity.launcher = true, shorten();
  if (too_wide() && !folder.empty()) {
    brevity.folder = folder, shorten();
    above = "in " + paint(style, Ink::bold, folder);
  }
  if (too_wide() && same) {
    brevity.chosen = true, shorten();
    above += (above.empty() ? "" : ", ") + ("chosen by: " + paint(style, Ink::bold, chosen));
  }
  if (!above.empty()) out += above + '\n';
  return table;
}

// One line for each kind of cell that the table has.
void print_legend(std::string& out, const engine::Result& result, const std::vector<StartMethod>& methods, const Style& style) {
  struct Entry {
    std::string_view kind, shown, meaning;
  };
  constexpr Entry entries[] = {
      {"ok", "ok", "works"},
      {"raises", "SomeError", "this exception is raised, in the parent or in the child"},
      {"hangs", "hangs", "the program waits for ever"},
      {"storms", "storms", "children start children without end"},
      {"crashes", "SIGNAL", "a process dies of this signal"},
      {"exits", "exits N", "a process ends with this status"},
      {"wrong", "wrong", "the program finishes, with another result"},
      {"slow", "slow", "the program works, at a price"},
      {"unknown", "?", "nothing can be said"},
      {"unavailable", "-", "this launch cannot start that way"},
  };
  for (const Entry& entry : entries) {
    bool seen = false;
    for (const LaunchRow& row : result.launches)
      for (StartMethod method : methods) {
        std::string outcome = outcome_of(row, method);
        seen = seen || outcome.substr(0, outcome.find(':')) == entry.kind;
      }
    if (!seen) continue;
    out += gap;
    out += paint(style, ink_of(entry.kind), entry.shown) + std::string(11 - entry.shown.size(), ' ');
    out += paint(style, Ink::dim, entry.meaning) + '\n';
  }
}

void print_note(std::string& out, const engine::Analysis& analysis, int index, const std::string& number, const Style& style) {
  const engine::Finding& finding = analysis.result.findings[size_t(index)];
  out += number + " " + paint(style, ink_of(finding.severity), finding.code) + " " + std::string(finding.name) + ": ";
  out += safe(finding.message) + '\n';
  out += std::string(number.size() + 1, ' ') + paint(style, Ink::dim, spell(analysis.files[finding.place.file], finding.place.span)) + '\n';
}

}  // namespace

void print_matrix(std::string& out, const engine::Analysis& analysis, const Style& style) {
  const engine::Result& result = analysis.result;
  Notes notes;
  if (result.launches.empty()) {
    out += "No launches in " + count(result.files_seen, "file") + '\n';
  } else {
    std::vector<StartMethod> methods = columns_of(result);
    print_table(out, fitting_table(out, analysis, methods, style, notes), style);
    out += '\n';
    print_legend(out, result, methods, style);
  }
  if (!notes.order.empty()) out += '\n';
  size_t digits = std::to_string(notes.order.size()).size();
  for (size_t i = 0; i < notes.order.size(); ++i) {
    std::string number = std::to_string(i + 1);
    print_note(out, analysis, notes.order[i], std::string(digits - number.size(), ' ') + "[" + number + "]", style);
  }
  bool headed = false;
  for (size_t i = 0; i < result.findings.size(); ++i) {
    if (notes.number.contains(int(i))) continue;
    if (!headed) out += "\n" + paint(style, Ink::bold, "Not tied to a launch") + "\n";
    headed = true;
    print_note(out, analysis, int(i), "-", style);
  }
}

}  // namespace forklint::reporters
