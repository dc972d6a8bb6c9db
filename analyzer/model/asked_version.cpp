// Tests of the version: for which minor versions they hold.
#include <algorithm>
#include <vector>

#include "analyzer/model/asked.h"

namespace forklint::model {
namespace {

constexpr int deepest = 6;

// Which part of a version an expression gives.
enum class Form : uint8_t { full, two, major, minor, hexadecimal };

// Nothing where it is no version.
std::optional<Form> version_form(Evaluator& evaluator, Site site, FrameId frame, int depth = 0) {
  if (site.event == none || depth > deepest) return {};
  const File& file = evaluator.program().file(site.file);
  const facts::Event& event = file.event(site.event);
  if (event.op != Op::read && event.op != Op::attribute && event.op != Op::subscript) return {};
  std::string name = event.op == Op::subscript ? std::string() : asked_name(evaluator, site, frame);
  if (name == "sys.version_info") return Form::full;
  if (name == "sys.hexversion") return Form::hexadecimal;
  Site base{site.file, file.operand(site.event, 0)};
  if (event.op == Op::attribute && (file.name(event.name) == "major" || file.name(event.name) == "minor") && version_form(evaluator, base, frame, depth + 1) == Form::full)
    return file.name(event.name) == "major" ? Form::major : Form::minor;
  if (event.op == Op::subscript && version_form(evaluator, base, frame, depth + 1) == Form::full) {
    EventId key = file.operand(site.event, 1);
    auto number = asked_number(file, key);
    if (number) return *number == 0 ? std::optional(Form::major) : *number == 1 ? std::optional(Form::minor) : std::nullopt;
    if (key == none || file.event(key).op != Op::slice || file.event(key).operands_count != 1) return {};
    number = asked_number(file, file.operand(key, 0));
    return number == 2 ? std::optional(Form::two) : number == 1 ? std::optional(Form::major) : std::nullopt;
  }
  if (event.op == Op::subscript) return {};
  auto source = only_source(evaluator, site, frame);
  return source ? version_form(evaluator, *source, frame, depth + 1) : std::nullopt;
}

// (3, 14) or 3, as a row of numbers.
std::optional<std::vector<long>> numbers(const File& file, EventId event) {
  std::vector<long> result;
  if (file.event(event).op == Op::tuple || file.event(event).op == Op::list) {
    for (uint32_t i = 0; i < file.event(event).operands_count; ++i) {
      auto number = asked_number(file, file.operand(event, i));
      if (!number) break;  // (3, 14, 0, "final")
      result.push_back(*number);
    }
  } else if (auto number = asked_number(file, event)) {
    result.push_back(*number);
  }
  return result.empty() ? std::nullopt : std::optional(std::move(result));
}

}  // namespace

// Each minor version is asked; the answer is given where it is a range.
std::optional<Versions> versions_where(Evaluator& evaluator, Site test, bool holds, FrameId frame) {
  const File& file = evaluator.program().file(test.file);
  if (file.event(test.event).op != Op::compare || file.event(test.event).operands_count != 2) return {};
  std::string_view operation = file.name_of(test.event);
  Site left{test.file, file.operand(test.event, 0)}, right{test.file, file.operand(test.event, 1)};
  auto form = version_form(evaluator, left, frame);
  auto literal = form ? numbers(file, right.event) : std::nullopt;
  if (!literal) return {};
  constexpr long newest = 40, last_micro = 255;
  auto ask = [&](long minor) -> std::optional<bool> {
    std::vector<long> version;
    switch (*form) {
      case Form::full: version = {3, minor, last_micro}; break;
      case Form::two: version = {3, minor}; break;
      case Form::major: version = {3}; break;
      case Form::minor: version = {minor}; break;
      case Form::hexadecimal: version = {long(3 << 24 | minor << 16 | 0xffff)}; break;
    }
    auto order = std::lexicographical_compare_three_way(version.begin(), version.end(), literal->begin(), literal->end());
    if (operation == ">=") return order >= 0;
    if (operation == ">") return order > 0;
    if (operation == "<=") return order <= 0;
    if (operation == "<") return order < 0;
    if (operation == "==") return order == 0;
    if (operation == "!=") return order != 0;
    return {};
  };
  Versions result{.from = 1, .to = 0};
  bool inside = false, ended = false;
  for (long minor = 0; minor <= newest; ++minor) {
    auto answer = ask(minor);
    if (!answer) return {};
    if (*answer == holds) {
      if (ended) return {};
      if (!inside) result.from = uint8_t(minor);
      result.to = minor == newest ? 255 : uint8_t(minor);
      inside = true;
    } else {
      ended = inside;
    }
  }
  return result;
}

}  // namespace forklint::model
