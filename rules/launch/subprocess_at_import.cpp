// A command at module level runs when the program starts, and again in every child that imports the program anew.
#include <algorithm>

#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

// The words of a command, as far as they are constants: "git describe" of check_output(["git", "describe", path]) and of
// run("git describe --tags".split()).
std::vector<std::string> words_of(const Model& model, const Step& step) {
  Evaluator& evaluator = model.evaluator();
  auto arguments = evaluator.arguments_of(step.site, step.frame);
  std::vector<std::string> result;
  if (arguments.empty() || arguments[0].keyword != 0 || arguments[0].star) return result;
  auto add = [&](std::string_view text) {
    for (size_t begin = 0; begin < text.size();) {
      size_t end = std::min(text.find(' ', begin), text.size());
      if (end > begin) result.emplace_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
  };
  auto constant = [&](const Values& values) { return values.size() == 1 ? evaluator.constant_string(values) : std::nullopt; };
  Site site = arguments[0].site;
  const Values held = evaluator.values_of(arguments[0]);
  if (auto text = constant(held)) add(*text);
  else if (held.size() == 1 && evaluator.value(held[0]).kind == ValueKind::container)
    for (uint32_t i = 0; i < 2; ++i)
      if (auto word = constant(evaluator.elements(held[0], i))) add(*word);
  const File& file = model.file(site.file);
  EventId callee = result.empty() && site.event != none && file.event(site.event).op == Op::call ? file.operand(site.event, 0) : none;
  if (callee != none && file.event(callee).op == Op::attribute && file.name_of(callee) == "split")
    if (auto text = constant(evaluator.evaluate({site.file, file.operand(callee, 0)}, arguments[0].frame))) add(*text);
  return result;
}

// Whether it only asks for something, and changes nothing when it runs once more.
bool only_asks(const Model& model, const Step& step) {
  std::vector<std::string> words = words_of(model, step);
  // A shell may be asked for more than the first of its commands.
  if (words.empty() || std::ranges::any_of(words, [](const std::string& word) { return word.find_first_of(";|&<>$`\n") != std::string::npos; })) return false;
  for (std::string& word : words) std::ranges::replace(word, '-', '_');
  auto known = [&](const std::string& command) {
    const knowledge::Api* row = model.program().knowledge().find("command." + command);
    return row && row->only_asks;
  };
  return known(words[0]) || (words.size() > 1 && (known(words[0] + "." + words[1]) || (words[1].starts_with('_') && known(words[1]))));
}

void check(const Model& model, engine::Report& report) {
  for (const Trace& trace : model.traces()) {
    StartMethods methods = repeating_methods(model, trace);
    if (methods.empty()) continue;
    for (uint32_t i = 0; i < trace.steps.size(); ++i) {
      const Step& step = trace.steps[i];
      // A command that depends on something may ask whether it has run.
      if (step.kind != StepKind::api || !step.row->runs_command || step.condition.guard != Guard::none || !step.condition.certain() || step.condition.child_leaves) continue;
      if (only_asks(model, step)) continue;
      uint32_t place = outermost(trace, i);
      report.finding(trace.steps[place].site, "a command runs at import, and so again in every child that imports the program")
          .under(methods, "wrong")
          .path(trace, i, "runs here; move it under `if __name__ == \"__main__\":`")
          .confidence(Confidence::likely);
    }
  }
}

}  // namespace

extern const engine::Rule subprocess_at_import = {
    .code = "PSM102", .name = "subprocess-at-import", .family = "launch",
    .summary = "A command runs at import and again in every child", .severity = Severity::warning, .check = check};

}  // namespace forklint::rules
