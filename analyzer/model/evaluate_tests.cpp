// Tests that the constants which a function was given decide: what they rule out does not run, and binds nothing.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "analyzer/model/evaluator.h"

namespace forklint::model {
namespace {

constexpr int deepest_test = 10;

// The number that a constant counts as: True is 1.
std::optional<double> number_of(Op op, std::string_view text) {
  if (op == Op::boolean) return text == "True" ? 1 : 0;
  if (op != Op::number) return {};
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

template <class T>
std::optional<bool> ordered(std::string_view operation, const T& a, const T& b) {
  if (operation == "<") return a < b;
  if (operation == "<=") return a <= b;
  if (operation == ">") return a > b;
  if (operation == ">=") return a >= b;
  if (operation == "==" || operation == "is") return a == b;
  if (operation == "!=" || operation == "is not") return a != b;
  return {};
}

}  // namespace

std::optional<bool> Evaluator::certain_truth(Site test, FrameId frame) { return frame == any_frame ? std::nullopt : certain_truth(test, frame, 0); }

std::optional<bool> Evaluator::certain_truth(Site test, FrameId frame, int depth) {
  if (test.event == none || depth > deepest_test) return {};
  const File& file = program_.file(test.file);
  const facts::Event& event = file.event(test.event);
  auto operand = [&](uint32_t i) { return Site{test.file, file.operand(test.event, i)}; };
  switch (event.op) {
    case Op::unary: {
      if (file.name(event.name) != "not") return {};
      auto inner = certain_truth(operand(0), frame, depth + 1);
      return inner ? std::optional(!*inner) : std::nullopt;
    }
    case Op::boolean_operation: {
      bool conjunction = file.name(event.name) == "and";
      bool all_known = true;
      for (uint32_t i = 0; i < event.operands_count; ++i) {
        auto part = certain_truth(operand(i), frame, depth + 1);
        if (part && *part != conjunction) return *part;
        all_known &= part.has_value();
      }
      return all_known ? std::optional(conjunction) : std::nullopt;
    }
    case Op::compare: return event.operands_count == 2 ? certain_comparison({operand(0), frame}, file.name(event.name), {operand(1), frame}, depth + 1) : std::nullopt;
    case Op::call:
      if (auto type = type_test(test, frame, depth)) return type;
      break;
    default: break;
  }
  auto value = certain_value(test, frame, depth);
  if (!value) return {};
  return is_false(*value) ? std::optional(false) : is_true(*value) ? std::optional(true) : std::nullopt;
}

std::optional<bool> Evaluator::certain_comparison(Expression left, std::string_view operation, Expression right, int depth) {
  auto a = certain_value(left.site, left.frame, depth);
  if (!a) return {};
  if (operation == "in" || operation == "not in") {
    const Site container = right.site;
    const File& file = program_.file(container.file);
    Op op = file.event(container.event).op;
    if (op != Op::tuple && op != Op::list && op != Op::set) return {};
    bool all_known = true;
    for (uint32_t i = 0; i < file.event(container.event).operands_count; ++i) {
      auto equal = certain_comparison(left, "==", {{container.file, file.operand(container.event, i)}, right.frame}, depth + 1);
      if (equal == true) return operation == "in";
      all_known &= equal.has_value();
    }
    return all_known ? std::optional(operation == "not in") : std::nullopt;
  }
  auto b = certain_value(right.site, right.frame, depth);
  if (!b) return {};
  const Value one = values_[*a], two = values_[*b];
  bool equality = operation == "is" || operation == "==", unequal = operation == "is not" || operation == "!=";
  if (one.kind != ValueKind::constant || two.kind != ValueKind::constant) {
    // A function or a container is not None; nothing more is known of it.
    bool null = (one.kind == ValueKind::constant && Op(one.index) == Op::null) || (two.kind == ValueKind::constant && Op(two.index) == Op::null);
    return null && (equality || unequal) ? std::optional(unequal) : std::nullopt;
  }
  Op first = Op(one.index), second = Op(two.index);
  auto x = number_of(first, symbols_[one.symbol]), y = number_of(second, symbols_[two.symbol]);
  if (x && y) return ordered(operation, *x, *y);
  if (first == second && (first == Op::string || first == Op::null)) return ordered(operation, symbols_[one.symbol], symbols_[two.symbol]);
  if (first != second && (equality || unequal)) return unequal;
  return {};
}

// isinstance(x, int), callable(x)
std::optional<bool> Evaluator::type_test(Site call, FrameId frame, int depth) {
  const File& file = program_.file(call.file);
  EventId callee = file.operand(call.event, 0);
  if (callee == none || file.event(callee).op != Op::read || file.event(call.event).operands_count < 2) return {};
  bool instance = file.name_of(callee) == "isinstance";
  if (!instance && file.name_of(callee) != "callable") return {};
  auto tested = certain_value({call.file, file.operand(call.event, 1)}, frame, depth + 1);
  if (!tested) return {};
  if (!instance) {
    ValueKind kind = values_[*tested].kind;
    return kind == ValueKind::constant || kind == ValueKind::container ? std::optional(false) : kind == ValueKind::instance ? std::nullopt : std::optional(true);
  }
  Values types;
  for (ValueId type : Values(evaluate({call.file, file.operand(call.event, 2)}, frame)))
    if (values_[type].kind == ValueKind::container) add(types, elements(type));
    else add(types, type);
  bool all_known = !types.empty();
  for (ValueId type : types) {
    auto fits = is_instance(*tested, type);
    if (fits == true) return true;
    all_known &= fits.has_value();
  }
  return all_known ? std::optional(false) : std::nullopt;
}

// Whether a parameter was given what stands below a decorator, which is a function or class, whatever others made of it.
bool Evaluator::is_decorated(Site read, FrameId frame) {
  auto given = passed(read, frame);
  if (!given || given->site.event == none || given->star || given->double_star) return false;
  Op op = program_.file(given->site.file).event(given->site.event).op;
  return op == Op::function || op == Op::lambda || op == Op::class_ || op == Op::decorate;
}

// len() of a display that was handed over as it stands, so that nothing else can have changed it.
std::optional<ValueId> Evaluator::certain_length(Site of, FrameId frame) {
  auto given = passed(of, frame);
  Site display = given && !given->star && !given->double_star ? given->site : of;
  if (display.event == none) return {};
  const File& file = program_.file(display.file);
  const facts::Event& event = file.event(display.event);
  if (event.op != Op::list && event.op != Op::tuple) return {};
  for (uint32_t i = 0; i < event.operands_count; ++i)
    if (file.facts.operands_of(event)[i].keyword != facts::name_positional) return {};
  return make({.kind = ValueKind::constant, .index = uint32_t(Op::number), .symbol = intern(std::to_string(event.operands_count))});
}

// int(n), bool(flag), str(name) of what is certain.
std::optional<ValueId> Evaluator::certain_conversion(std::string_view type, Site of, FrameId frame, int depth) {
  if (type != "int" && type != "bool" && type != "str") return {};
  auto value = certain_value(of, frame, depth + 1);
  if (!value || values_[*value].kind != ValueKind::constant) return {};
  const Value it = values_[*value];
  const std::string text = symbols_[it.symbol];
  if (type == "bool") {
    if (!is_true(*value) && !is_false(*value)) return {};
    return make({.kind = ValueKind::constant, .index = uint32_t(Op::boolean), .symbol = intern(is_true(*value) ? "True" : "False")});
  }
  if (type == "str") return Op(it.index) == Op::string ? value : std::nullopt;
  auto number = number_of(Op(it.index) == Op::string ? Op::number : Op(it.index), text);
  if (!number || std::abs(*number) > 1e9) return {};
  return make({.kind = ValueKind::constant, .index = uint32_t(Op::number), .symbol = intern(std::to_string(long(*number)))});
}

// A variable that is counted up, or that a function inside assigns.
bool Evaluator::changes_by_itself(Site read) const {
  const File& file = program_.file(read.file);
  ScopeId scope = file.scope_of(read.event);
  NameId name = file.event(read.event).name;
  if (auto own = file.scopes[scope].names.find(name); own != file.scopes[scope].names.end())
    for (EventId binding : own->second.events)
      if (file.event(binding).op == Op::augment) return true;
  std::vector<ScopeId> inner(file.scopes[scope].children);
  for (size_t i = 0; i < inner.size(); ++i) {
    if (file.scopes[inner[i]].declared.contains(name)) return true;
    inner.insert(inner.end(), file.scopes[inner[i]].children.begin(), file.scopes[inner[i]].children.end());
  }
  return false;
}

// A display that no code but the call which is given it can change.
bool Evaluator::is_handed_over_once(const Value& display) const {
  const File& file = program_.file(display.file);
  const std::vector<facts::Event>& events = file.facts.events;
  constexpr EventId near = 6;
  for (EventId id = display.index + 1; id < events.size() && id <= display.index + near; ++id) {
    if (events[id].op == Op::set_attribute && file.operand(id, 1) == display.index) return false;
    if (events[id].op != Op::bind || file.operand(id, 0) != display.index) continue;
    const ScopeId home = file.scope_of(id);
    size_t reads = 0;
    for (EventId read = 0; read < events.size() && reads < 2; ++read)
      reads += events[read].op == Op::read && events[read].name == events[id].name && file.binding_scope(file.scope_of(read), events[read].name) == home;
    return reads < 2;
  }
  return true;
}

// The one value that an expression has: of variables, those of the frame's own function. Variables of modules are there to be
// changed. Nothing where it may have another.
std::optional<ValueId> Evaluator::certain_value(Site site, FrameId frame, int depth) {
  if (site.event == none || depth > deepest_test) return {};
  const File& file = program_.file(site.file);
  const facts::Event& event = file.event(site.event);
  auto known = [&](const Values& values) -> std::optional<ValueId> {
    if (values.size() != 1) return {};
    ValueKind kind = values_[values[0]].kind;
    bool certain = kind == ValueKind::constant || kind == ValueKind::function || kind == ValueKind::class_ || kind == ValueKind::bound || kind == ValueKind::container;
    return certain ? std::optional(values[0]) : std::nullopt;
  };
  switch (event.op) {
    case Op::string: case Op::number: case Op::boolean: case Op::null: return known(evaluate(site, frame));
    case Op::read: {
      const Frame it = frames_[frame];
      ScopeId scope = file.scope_of(site.event);
      if (frame == any_frame || it.file != site.file || scope != it.scope || !file.has_name(it.scope, event.name)) return {};
      if (changes_by_itself(site)) return {};
      if (is_decorated(site, frame)) {
        auto given = passed(site, frame);  // a stand-in for whatever it is: no constant, and true
        return make({.kind = ValueKind::function, .file = given->site.file, .index = given->site.event, .symbol = intern("decorated")});
      }
      if (auto value = known(evaluate(site, frame))) return value;
      auto bindings = reaching(site.file, scope, event.name, site.event);
      if (bindings.size() != 1 || file.event(bindings[0]).op != Op::bind || file.event(bindings[0]).region != none) return {};
      return certain_value({site.file, file.operand(bindings[0], 0)}, frame, depth + 1);
    }
    case Op::attribute: {  // self.jobs, that only one place sets
      for (ValueId base : Values(evaluate({site.file, file.operand(site.event, 0)}, frame))) {
        const Value it = values_[base];
        if (it.kind != ValueKind::instance || it.index == none || is_property(it.base, file.name(event.name))) return {};
        auto writes = attribute_writes(it.base, file.name(event.name));
        auto all = file.attribute_writes.find(event.name);
        if (writes.size() != 1 || (all != file.attribute_writes.end() && all->second.size() != 1)) return {};
      }
      auto value = known(evaluate(site, frame));
      auto counts = [&](const facts::Event& it) { return it.op == Op::augment_attribute && it.name == event.name; };
      return value && std::none_of(file.facts.events.begin(), file.facts.events.end(), counts) ? value : std::nullopt;
    }
    case Op::subscript: {  // options["detach"]
      EventId key = file.operand(site.event, 1);
      if (key == none || file.event(key).op != Op::string) return {};
      for (ValueId base : Values(evaluate({site.file, file.operand(site.event, 0)}, frame)))
        if (values_[base].kind != ValueKind::container || !is_handed_over_once(values_[base])) return {};
      return known(evaluate(site, frame));
    }
    case Op::call: {
      EventId callee = file.operand(site.event, 0);
      if (callee == none || file.event(callee).op != Op::read) return {};
      std::string_view name = file.name_of(callee);
      if (name == "len" && event.operands_count == 2) return certain_length({site.file, file.operand(site.event, 1)}, frame);
      if (event.operands_count == 2) return certain_conversion(name, {site.file, file.operand(site.event, 1)}, frame, depth);
      if ((name != "min" && name != "max") || event.operands_count < 3) return {};
      std::optional<ValueId> best;
      for (uint32_t i = 1; i < event.operands_count; ++i) {
        auto value = certain_value({site.file, file.operand(site.event, i)}, frame, depth + 1);
        auto number = value && values_[*value].kind == ValueKind::constant ? number_of(Op(values_[*value].index), symbols_[values_[*value].symbol]) : std::nullopt;
        if (!number) return {};
        auto before = best ? number_of(Op(values_[*best].index), symbols_[values_[*best].symbol]) : std::nullopt;
        if (!before || (name == "min" ? *number < *before : *number > *before)) best = value;
      }
      return best;
    }
    default: return {};
  }
}

bool Evaluator::never_runs(FileId file_id, RegionId region, FrameId frame) {
  if (frame == any_frame) return false;
  const File& file = program_.file(file_id);
  for (; region != none; region = file.facts.regions[region].parent) {
    const facts::Region& it = file.facts.regions[region];
    if (it.kind != facts::RegionKind::then_arm && it.kind != facts::RegionKind::else_arm) continue;
    auto truth = certain_truth({file_id, it.subject}, frame);
    if (truth && *truth != (it.kind == facts::RegionKind::then_arm)) return true;
  }
  return false;
}

}  // namespace forklint::model
