#include "analyzer/model/exceptions.h"

#include <algorithm>

namespace forklint::model {
namespace {

using facts::RegionKind;

constexpr int deepest = 6;

bool is_kind_of(Evaluator& evaluator, ValueId class_value, ValueId type) {
  const Value it = evaluator.value(type);
  if (it.kind == ValueKind::external) {
    const std::string& name = evaluator.symbol(it.symbol);
    if (name == "builtins.Exception" || name == "builtins.BaseException") return true;
  }
  auto bases = evaluator.linearised(class_value);
  return std::find(bases.begin(), bases.end(), type) != bases.end();
}

bool arm_catches(Evaluator& evaluator, FileId file_id, const facts::Region& arm, FrameId frame, ValueId class_value) {
  const File& file = evaluator.program().file(file_id);
  if (arm.subject == none) return true;
  std::vector<EventId> types{arm.subject};
  if (file.event(arm.subject).op == Op::tuple) {
    types.clear();
    for (uint32_t i = 0; i < file.event(arm.subject).operands_count; ++i) types.push_back(file.operand(arm.subject, i));
  }
  for (EventId type : types)
    for (ValueId value : Values(evaluator.evaluate({file_id, type}, frame)))
      if (value == unknown_value || is_kind_of(evaluator, class_value, value)) return true;
  return false;
}

// `raise` alone, in the arm: what was caught goes on.
bool arm_raises_again(const File& file, const facts::Region& arm) {
  for (EventId id = arm.events.begin; id < arm.events.end; ++id)
    if (file.event(id).op == Op::raise && file.operand(id, 0) == none) return true;
  return false;
}

bool caught_at(Evaluator& evaluator, Site site, FrameId frame, ValueId class_value) {
  const File& file = evaluator.program().file(site.file);
  for (RegionId region = file.event(site.event).region; region != none; region = file.facts.regions[region].parent) {
    const facts::Region& body = file.facts.regions[region];
    if (body.kind != RegionKind::try_body) continue;
    for (const facts::Region& arm : file.facts.regions) {
      if (arm.statement != body.statement || arm.kind != RegionKind::except_arm || !arm_catches(evaluator, site.file, arm, frame, class_value)) continue;
      if (!arm_raises_again(file, arm)) return true;
      break;
    }
  }
  return false;
}

// The arguments that a call gives by position; null when a star hides their number.
std::optional<std::vector<ArgumentRef>> by_position(const llvm::SmallVector<ArgumentRef, 4>& arguments) {
  std::vector<ArgumentRef> result;
  for (const ArgumentRef& argument : arguments) {
    if (argument.star || argument.double_star) return {};
    if (argument.keyword == 0) result.push_back(argument);
  }
  return result;
}

// The number of `args` once the constructors of the bases from `position` on have run with `given` positional arguments.
std::optional<size_t> kept_arguments(Evaluator& evaluator, const llvm::SmallVector<ValueId, 4>& bases, size_t position, size_t given, int depth = 0) {
  for (; position < bases.size(); ++position) {
    const Value it = evaluator.value(bases[position]);
    if (it.kind == ValueKind::external) return evaluator.symbol(it.symbol).starts_with("builtins.") ? std::optional<size_t>(given) : std::nullopt;
    if (it.kind != ValueKind::class_ || depth > deepest) return {};
    const File& file = evaluator.program().file(it.file);
    const ScopeIndex& members = file.scopes[it.index];
    NameId init = file.find_name("__init__");
    if (NameId made = file.find_name("__new__"); made != none && members.names.contains(made)) return {};
    if (init == none || !members.names.contains(init)) continue;
    const Value method = evaluator.value(evaluator.method_of(bases[position], "__init__"));
    if (method.kind != ValueKind::function || method.file != it.file) return {};
    const facts::Scope& scope = file.facts.scopes[method.index];
    for (EventId id = scope.events.begin; id < scope.events.end; ++id) {
      if (file.event(id).op == Op::set_attribute && file.name_of(id) == "args") return {};
      if (file.event(id).op != Op::call) continue;
      EventId callee = file.operand(id, 0);
      if (callee == none || file.event(callee).op != Op::attribute || file.name_of(callee) != "__init__") continue;
      if (file.event(id).region != none) return {};
      auto arguments = by_position(evaluator.arguments_of({it.file, id}, any_frame));
      if (!arguments) return {};
      // super().__init__(…), or Base.__init__(self, …)
      EventId base = file.operand(callee, 0);
      bool names_receiver = file.event(base).op != Op::call;
      if (names_receiver && arguments->empty()) return {};
      return kept_arguments(evaluator, bases, position + 1, arguments->size() - (names_receiver ? 1 : 0), depth + 1);
    }
    return given;  // BaseException.__new__ keeps what the class was called with
  }
  return {};
}

// What a constructor wants: at least and at most so many positional arguments, and keywords without default.
struct Wanted {
  size_t least = 0, most = 0;
  bool keywords = false;
};

Wanted wanted_by(const File& file, const facts::Scope& scope) {
  Wanted result;
  for (uint32_t i = scope.parameters.begin + 1; i < scope.parameters.end; ++i) {
    const facts::Parameter& it = file.facts.parameters[i];
    if (it.kind == facts::ParameterKind::variadic) result.most = SIZE_MAX;
    if (it.kind == facts::ParameterKind::keyword_only) result.keywords |= it.default_value == none;
    if (it.kind != facts::ParameterKind::positional && it.kind != facts::ParameterKind::positional_only) continue;
    if (result.most != SIZE_MAX) ++result.most;
    if (it.default_value == none) ++result.least;
  }
  return result;
}

// The constructor that a dataclass gets: its annotated fields, in order.
std::optional<Wanted> wanted_by_dataclass(Evaluator& evaluator, const Value& class_value) {
  const File& file = evaluator.program().file(class_value.file);
  if (!evaluator.generates_fields(class_value)) return {};
  Wanted result;
  for (EventId id = file.facts.scopes[class_value.index].events.begin; id < file.facts.scopes[class_value.index].events.end; ++id) {
    if (file.event(id).op != Op::declare || file.scope_of(id) != class_value.index) continue;
    const auto& bindings = file.scopes[class_value.index].names.at(file.event(id).name).events;
    bool has_default = std::any_of(bindings.begin(), bindings.end(), [&](EventId binding) { return file.event(binding).op == Op::bind; });
    ++result.most;
    if (!has_default) ++result.least;
  }
  return result;
}

std::string count(size_t number) { return std::to_string(number) + (number == 1 ? " argument" : " arguments"); }

}  // namespace

bool caught(Evaluator& evaluator, const Trace& trace, uint32_t step, ValueId class_value) {
  for (; step != none; step = trace.steps[step].parent)
    if (caught_at(evaluator, trace.steps[step].site, trace.steps[step].frame, class_value)) return true;
  return false;
}

std::optional<std::string> cannot_be_made_again(Evaluator& evaluator, ValueId instance) {
  const Value it = evaluator.value(instance);
  ValueId class_value = evaluator.class_of(instance);
  const Value owner = evaluator.value(class_value);
  if (owner.kind != ValueKind::class_) return {};
  for (std::string_view name : {"__reduce__", "__reduce_ex__", "__new__", "__setstate__"})
    if (evaluator.method_of(class_value, name) != unknown_value) return {};
  auto bases = evaluator.linearised(class_value);
  if (!std::all_of(bases.begin(), bases.end(), [&](ValueId base) {
        const Value& b = evaluator.value(base);
        return b.kind == ValueKind::class_ || (b.kind == ValueKind::external && evaluator.symbol(b.symbol).starts_with("builtins."));
      }))
    return {};
  std::optional<Wanted> wanted;
  ValueId constructor = evaluator.method_of(class_value, "__init__");
  if (constructor != unknown_value) {
    const Value f = evaluator.value(constructor);
    const File& file = evaluator.program().file(f.file);
    wanted = wanted_by(file, file.facts.scopes[f.index]);
  } else {
    wanted = wanted_by_dataclass(evaluator, owner);
  }
  if (!wanted) return {};
  size_t given = 0;
  if (it.index != none) {
    auto arguments = by_position(evaluator.arguments_of(it.site(), it.frame));
    if (!arguments) return {};
    given = arguments->size();
  }
  auto kept = kept_arguments(evaluator, bases, 0, given);
  if (!kept) return {};
  if (wanted->keywords) return "its class wants a keyword argument, which is not among its args";
  if (*kept < wanted->least) return "its class wants " + count(wanted->least) + ", but its args hold " + std::to_string(*kept);
  if (*kept > wanted->most) return "its class takes " + count(wanted->most) + ", but its args hold " + std::to_string(*kept);
  return {};
}

}  // namespace forklint::model
