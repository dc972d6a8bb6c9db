// Arms of tests of a variable: what it cannot hold in them.
#include <algorithm>
#include <string_view>

#include "analyzer/model/evaluator.h"

namespace forklint::model {
namespace {

// Builtin types that a library's objects do not derive from.
constexpr std::string_view scalar_types[] = {"builtins.bool", "builtins.bytes", "builtins.int", "builtins.str"};

// The builtin type of a literal or display; empty where there may be several.
std::string_view type_of_display(Op op, std::string_view text) {
  switch (op) {
    case Op::string: return "builtins.str";
    case Op::bytes: return "builtins.bytes";
    case Op::boolean: return "builtins.bool";
    case Op::number: return text.find_first_of(".eEjJ") == std::string_view::npos || text.starts_with("0x") ? "builtins.int" : "";
    case Op::list: return "builtins.list";
    case Op::tuple: return "builtins.tuple";
    case Op::dict: return "builtins.dict";
    case Op::set: return "builtins.set";
    default: return "";
  }
}

bool is_builtin(std::string_view type) { return type.starts_with("builtins."); }
bool is_scalar(std::string_view type) { return std::find(std::begin(scalar_types), std::end(scalar_types), type) != std::end(scalar_types); }

}  // namespace

// Whether a value is an instance of a type; nothing where that is not known.
std::optional<bool> Evaluator::is_instance(ValueId id, ValueId type_id) {
  const Value it = values_[id], type = values_[type_id];
  if (type.kind == ValueKind::class_) {
    if (it.kind == ValueKind::instance) {
      auto line = linearised(it.base);
      return std::find(line.begin(), line.end(), type_id) != line.end() ? std::optional(true) : std::nullopt;
    }
    return it.kind == ValueKind::constant || it.kind == ValueKind::container || it.kind == ValueKind::function ? std::optional(false) : std::nullopt;
  }
  if (type.kind != ValueKind::external) return {};
  const std::string& wanted = symbols_[type.symbol];
  switch (it.kind) {
    case ValueKind::constant: {
      if (Op(it.index) == Op::null) return false;
      std::string_view own = type_of_display(Op(it.index), symbols_[it.symbol]);
      if (own == wanted || (own == "builtins.bool" && wanted == "builtins.int")) return true;
      return !own.empty() && is_builtin(wanted) && wanted != "builtins.object" ? std::optional(false) : std::nullopt;
    }
    case ValueKind::container: {
      std::string_view own = type_of_display(program_.file(it.file).event(it.index).op, "");
      if (own == wanted) return true;
      return !own.empty() && is_builtin(wanted) && wanted != "builtins.object" ? std::optional(false) : std::nullopt;
    }
    case ValueKind::object: {
      const std::string& own = symbols_[it.symbol];
      if (own == wanted) return true;
      return is_scalar(wanted) && !is_builtin(own) && program_.knowledge().find(own) ? std::optional(false) : std::nullopt;
    }
    case ValueKind::function: case ValueKind::bound: case ValueKind::module: case ValueKind::class_:
      return is_scalar(wanted) ? std::optional(false) : std::nullopt;
    default: return {};
  }
}

// Whether a test of a variable comes out true for one thing that it may hold: isinstance(x, T), callable(x), x is None, x
// itself. Nothing where that is not known, or where the test is of something else.
std::optional<bool> Evaluator::passes(ValueId id, Site test, NameId name, FrameId frame) {
  const File& file = program_.file(test.file);
  const facts::Event& event = file.event(test.event);
  const Value it = values_[id];
  auto is_name = [&](EventId operand) { return operand != none && file.event(operand).op == Op::read && file.event(operand).name == name; };
  if (event.op == Op::read) return event.name != name ? std::nullopt : is_false(id) ? std::optional(false) : is_true(id) ? std::optional(true) : std::nullopt;
  if (event.op == Op::compare && event.operands_count == 2 && is_name(file.operand(test.event, 0)) && file.event(file.operand(test.event, 1)).op == Op::null) {
    std::string_view operation = file.name(event.name);
    if (operation != "is" && operation != "is not") return {};
    const bool null = it.kind == ValueKind::constant && Op(it.index) == Op::null;
    if (!null && it.kind != ValueKind::constant && it.kind != ValueKind::container && it.kind != ValueKind::function && it.kind != ValueKind::class_ && !is_true(id)) return {};
    return null == (operation == "is");
  }
  if (event.op != Op::call || event.operands_count < 2 || !is_name(file.operand(test.event, 1)) || file.event(file.operand(test.event, 0)).op != Op::read) return {};
  std::string_view callee = file.name_of(file.operand(test.event, 0));
  if (callee == "callable") {
    if (it.kind == ValueKind::constant || it.kind == ValueKind::container) return false;
    return it.kind == ValueKind::function || it.kind == ValueKind::class_ || it.kind == ValueKind::bound ? std::optional(true) : std::nullopt;
  }
  if (callee != "isinstance" || event.operands_count != 3) return {};
  bool all_known = true;
  Values types;
  for (ValueId type : Values(evaluate({test.file, file.operand(test.event, 2)}, frame)))
    if (values_[type].kind == ValueKind::container) add(types, elements(type));
    else add(types, type);
  for (ValueId type : types) {
    auto fits = is_instance(id, type);
    if (fits == true) return true;
    all_known &= fits == false;
  }
  return all_known && !types.empty() ? std::optional(false) : std::nullopt;
}

// Takes out what a test of the variable rules out.
void Evaluator::narrow_by(Site test, bool holds, NameId name, FrameId frame, Values& values) {
  const File& file = program_.file(test.file);
  const facts::Event* event = &file.event(test.event);
  for (; event->op == Op::unary && file.name(event->name) == "not"; event = &file.event(test.event)) {
    test.event = file.operand(test.event, 0);
    holds = !holds;
  }
  if (event->op == Op::boolean_operation && (file.name(event->name) == "and") == holds) {
    for (uint32_t i = 0; i < event->operands_count; ++i)
      if (Op op = file.event(file.operand(test.event, i)).op; op != Op::boolean_operation) narrow_by({test.file, file.operand(test.event, i)}, holds, name, frame, values);
    return;
  }
  values.erase(std::remove_if(values.begin(), values.end(), [&](ValueId id) { return passes(id, test, name, frame) == !holds; }), values.end());
}

// What a variable may hold in the arms that a read stands in, where nothing binds it anew between the test and the read.
void Evaluator::narrow(Site read, FrameId frame, Values& values) {
  const File& file = program_.file(read.file);
  const facts::FileFacts& f = file.facts;
  NameId name = file.event(read.event).name;
  for (RegionId region = file.event(read.event).region; region != none; region = f.regions[region].parent) {
    const facts::Region& it = f.regions[region];
    bool then = it.kind == facts::RegionKind::then_arm;
    if ((!then && it.kind != facts::RegionKind::else_arm) || it.subject == none) continue;
    Op op = file.event(it.subject).op;
    if (op != Op::call && op != Op::unary && op != Op::boolean_operation && op != Op::compare && op != Op::read) continue;
    auto& names = file.scopes[file.scope_of(read.event)].names;
    if (auto bindings = names.find(name); bindings != names.end()) {
      const std::vector<EventId>& all = bindings->second.events;
      // x += 1 leaves it of its type
      auto binds_anew = [&](EventId binding) { return binding > it.subject && binding < read.event && file.event(binding).op != Op::augment; };
      if (std::any_of(all.begin(), all.end(), binds_anew)) return;
    }
    narrow_by({read.file, it.subject}, then, name, frame, values);
  }
}

}  // namespace forklint::model
