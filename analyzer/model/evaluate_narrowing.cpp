// Arms of isinstance(): what a variable cannot hold in them.
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

// Takes out what a test of the name's type rules out.
void Evaluator::narrow_by(Site test, bool holds, NameId name, FrameId frame, Values& values) {
  const File& file = program_.file(test.file);
  const facts::Event* event = &file.event(test.event);
  for (; event->op == Op::unary && file.name(event->name) == "not"; event = &file.event(test.event)) {
    test.event = file.operand(test.event, 0);
    holds = !holds;
  }
  if (event->op == Op::boolean_operation && (file.name(event->name) == "and") == holds) {
    for (uint32_t i = 0; i < event->operands_count; ++i)
      if (file.event(file.operand(test.event, i)).op == Op::call) narrow_by({test.file, file.operand(test.event, i)}, holds, name, frame, values);
    return;
  }
  if (event->op != Op::call || event->operands_count != 3) return;
  const facts::Event &callee = file.event(file.operand(test.event, 0)), &tested = file.event(file.operand(test.event, 1));
  if (callee.op != Op::read || file.name(callee.name) != "isinstance" || tested.op != Op::read || tested.name != name) return;
  Values types;
  for (ValueId type : Values(evaluate({test.file, file.operand(test.event, 2)}, frame)))
    if (values_[type].kind == ValueKind::container) add(types, elements(type));
    else add(types, type);
  auto ruled_out = [&](ValueId id) {
    bool none_fits = true;
    for (ValueId type : types) {
      auto fits = is_instance(id, type);
      if (fits == true) return !holds;
      none_fits &= fits == false;
    }
    return holds && none_fits;
  };
  values.erase(std::remove_if(values.begin(), values.end(), ruled_out), values.end());
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
    if (op != Op::call && op != Op::unary && op != Op::boolean_operation) continue;
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
