// __name__ is "__main__" in the program, "__mp_main__" in its fresh children, and the module's own name elsewhere. A guard
// that compares it with something that only looks like the first is never true.
#include <algorithm>
#include <cctype>

#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

// The letters of a name, small, without a suffix.
std::string letters(std::string_view text) {
  if (text.ends_with(".py")) text.remove_suffix(3);
  std::string result;
  for (char c : text)
    if (std::isalnum(static_cast<unsigned char>(c))) result += char(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

// One letter more, less or other, or the same letters in another order.
bool is_near(std::string_view a, std::string_view b) {
  std::string x(a), y(b);
  std::sort(x.begin(), x.end());
  std::sort(y.begin(), y.end());
  if (x == y) return true;
  size_t front = 0, back = 0;
  while (front < std::min(a.size(), b.size()) && a[front] == b[front]) ++front;
  while (back < std::min(a.size(), b.size()) - front && a[a.size() - 1 - back] == b[b.size() - 1 - back]) ++back;
  return std::max(a.size(), b.size()) - front - back <= 1;
}

bool is_misspelt(std::string_view text) {
  if (text == "__main__" || text == "__mp_main__") return false;
  std::string name = letters(text);
  if (name == "main" || name == "mpmain") return true;
  return text.find('_') != std::string_view::npos && is_near(name, "main");
}

void check(const Model& model, engine::Report& report) {
  for (FileId id : model.program().python_files()) {
    const File& file = model.file(id);
    for (EventId event = 0; event < file.facts.events.size(); ++event) {
      const facts::Event& compare = file.event(event);
      if (compare.op != Op::compare || compare.operands_count != 2 || (file.name(compare.name) != "==" && file.name(compare.name) != "is")) continue;
      EventId name = file.operand(event, 0), text = file.operand(event, 1);
      if (file.event(text).op != Op::string || file.name_of(text) == "__name__") std::swap(name, text);
      if (file.event(text).op != Op::string) continue;
      bool quoted = file.event(name).op == Op::string && file.name_of(name) == "__name__";
      bool read = file.event(name).op == Op::read && file.name_of(name) == "__name__";
      if (quoted ? file.name_of(text) != "__main__" : !read || !is_misspelt(file.name_of(text))) continue;
      std::string message = quoted ? "the guard compares two strings, not the variable __name__, and is never true"
                                   : "the guard compares __name__ with '" + std::string(file.name_of(text)) + "', and is never true in a program";
      // A module of that very name is "main" where it is imported.
      // Unsafe, because code runs then that never did.
      engine::Edit edit{{id, file.event(quoted ? name : text).span}, quoted ? "__name__" : "\"__main__\""};
      report.finding({id, event}, std::move(message))
          .confidence(file.module == file.name_of(text) ? Confidence::likely : Confidence::certain)
          .fix({quoted ? "Compare the variable" : "Compare with \"__main__\"", engine::Safety::unsafe, {std::move(edit)}});
    }
  }
}

}  // namespace

extern const engine::Rule misspelt_main_guard = {
    .code = "PSM104", .name = "misspelt-main-guard", .family = "launch",
    .summary = "A main guard that can never be true", .severity = Severity::error, .check = check};

}  // namespace forklint::rules
