#include <algorithm>
#include <span>
#include <tuple>

#include "analyzer/engine/options.h"
#include "analyzer/reporters/reporter.h"
#include "analyzer/reporters/source_line.h"

namespace forklint::reporters {
namespace {

using engine::Finding;

// A place to underline, with what is said there.
struct Mark {
  uint32_t file = 0;
  facts::Span span;
  uint32_t line_begin = 0;  // offset of its line: marks of one line are shown under it together
  uint32_t line = 0;        // as numbered for the reader
  bool primary = false;
  std::string text;
};

Mark mark_at(const engine::Analysis& analysis, const engine::Place& place, bool primary, std::string text) {
  const source::File& file = analysis.files[place.file];
  std::string_view line = file.line(place.span.begin);
  uint32_t line_begin = line.data() ? uint32_t(line.data() - file.text.data()) : 0;
  return {place.file, place.span, line_begin, file.position(place.span.begin).line, primary, std::move(text)};
}

// Labels carry the number of their step when there are several, since they are shown in the order of the text.
// A label at the finding's own place is said at the carets. The finding's file comes first, then the others in the
// order of the path.
std::vector<Mark> marks_of(const engine::Analysis& analysis, const Finding& finding) {
  std::vector<Mark> marks{mark_at(analysis, finding.place, true, "")};
  std::vector<uint32_t> file_order{finding.place.file};
  for (size_t i = 0; i < finding.labels.size(); ++i) {
    const engine::Label& label = finding.labels[i];
    std::string text = (finding.labels.size() > 1 ? std::to_string(i + 1) + ". " : "") + safe(label.text);
    if (std::ranges::count(file_order, label.place.file) == 0) file_order.push_back(label.place.file);
    if (label.place == finding.place && marks.front().text.empty()) marks.front().text = std::move(text);
    else marks.push_back(mark_at(analysis, label.place, false, std::move(text)));
  }
  auto rank = [&](uint32_t file) { return std::ranges::find(file_order, file) - file_order.begin(); };
  std::ranges::sort(marks, [&](const Mark& a, const Mark& b) {
    return std::tuple(rank(a.file), a.line_begin, !a.primary, a.span.begin, a.text) <
           std::tuple(rank(b.file), b.line_begin, !b.primary, b.span.begin, b.text);
  });
  return marks;
}

class Printer {
 public:
  Printer(std::string& out, const engine::Analysis& analysis, const Style& style)
      : out_(out), analysis_(analysis), style_(style) {}

  void print(const Finding& finding) {
    std::vector<Mark> marks = marks_of(analysis_, finding);
    uint32_t largest = std::ranges::max(marks, {}, &Mark::line).line;
    gutter_ = std::to_string(largest).size() + 1;
    severity_ink_ = ink_of(finding.severity);

    out_ += paint(style_, severity_ink_, std::string(engine::word(finding.severity)) + "[" + std::string(finding.code) + "]");
    out_ += " " + std::string(finding.name) + ": " + paint(style_, Ink::bold, safe(finding.message)) + '\n';
    print_marks(finding, marks);
    print_notes(finding);
    out_ += '\n';
  }

 private:
  void print_bar(std::string_view number, std::string_view rest) {
    out_ += paint(style_, Ink::blue, std::string(gutter_ - number.size(), ' ') + std::string(number) + " |");
    if (!rest.empty()) out_ += " " + std::string(rest);
    out_ += '\n';
  }

  void print_arrow(std::string_view arrow, uint32_t file, facts::Span span) {
    out_ += std::string(gutter_, ' ') + paint(style_, Ink::blue, arrow) + " " + spell(analysis_.files[file], span) + '\n';
  }

  // Marks come sorted: file by file, line by line.
  void print_marks(const Finding& finding, const std::vector<Mark>& marks) {
    for (size_t i = 0; i < marks.size();) {
      const Mark& mark = marks[i];
      if (i == 0) print_arrow("-->", mark.file, finding.place.span);
      else if (mark.file != marks[i - 1].file) print_bar("", ""), print_arrow(":::", mark.file, mark.span);
      bool same_file = i > 0 && mark.file == marks[i - 1].file;
      if (analysis_.files[mark.file].text.empty()) {  // it could not be read: there is nothing to show
        ++i;
        continue;
      }
      if (!same_file) print_bar("", "");
      else if (mark.line > marks[i - 1].line + 1) out_ += paint(style_, Ink::blue, "...") + '\n';

      size_t end = i;
      while (end < marks.size() && marks[end].file == mark.file && marks[end].line_begin == mark.line_begin) ++end;
      print_line(std::span(marks).subspan(i, end - i));
      i = end;
    }
    if (!analysis_.files[marks.back().file].text.empty()) print_bar("", "");
  }

  void print_line(std::span<const Mark> marks) {
    const source::File& file = analysis_.files[marks.front().file];
    std::string_view line = file.line(marks.front().span.begin);
    size_t focus = marks.front().span.begin - marks.front().line_begin;
    SourceLine shown = show_line(line, focus, std::max(style_.width, 120u) - unsigned(gutter_) - 3);
    print_bar(std::to_string(marks.front().line), shown.text);
    for (const Mark& mark : marks) {
      unsigned begin = shown.column(mark.span.begin - mark.line_begin);
      unsigned end = shown.column(std::max(mark.span.end, mark.span.begin) - mark.line_begin);
      std::string under(std::max(end, begin + 1) - begin, mark.primary ? '^' : '-');
      if (!mark.text.empty()) under += " " + mark.text;
      print_bar("", std::string(begin, ' ') + paint(style_, mark.primary ? severity_ink_ : Ink::blue, under));
    }
  }

  void print_note(std::string_view head, std::string_view text) {
    out_ += std::string(gutter_ + 1, ' ') + paint(style_, Ink::blue, "=") + " " + paint(style_, Ink::bold, head) + ": " +
            std::string(text) + '\n';
  }

  void print_notes(const Finding& finding) {
    // One line for the methods that share an outcome.
    for (size_t i = 0; i < finding.outcomes.size(); ++i) {
      const std::string& outcome = finding.outcomes[i].outcome;
      auto same = [&](const engine::MethodOutcome& other) { return other.outcome == outcome; };
      if (std::ranges::any_of(finding.outcomes.begin(), finding.outcomes.begin() + ptrdiff_t(i), same)) continue;
      std::string methods;
      for (const engine::MethodOutcome& other : finding.outcomes)
        if (same(other)) methods += (methods.empty() ? "" : ", ") + std::string(engine::word(other.method));
      print_note(methods, phrase(outcome));
    }
    if (finding.confidence == engine::Confidence::possible) print_note("confidence", "possible");
    for (const engine::Fix& fix : finding.fixes) {
      bool risky = fix.safety == engine::Safety::unsafe;
      print_note("help", safe(fix.title) + (risky ? " (may change what the program does)" : ""));
    }
  }

  std::string& out_;
  const engine::Analysis& analysis_;
  const Style& style_;
  size_t gutter_ = 0;
  Ink severity_ink_ = Ink::plain;
};

}  // namespace

void print_full(std::string& out, const engine::Analysis& analysis, const Style& style) {
  Printer printer(out, analysis, style);
  for (const Finding& finding : analysis.result.findings) printer.print(finding);
}

}  // namespace forklint::reporters
