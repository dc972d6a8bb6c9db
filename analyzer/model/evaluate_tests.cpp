// Tests that the constants which a function was given decide: what they rule out does not run, and binds nothing.
#include "analyzer/model/evaluator.h"

namespace forklint::model {
namespace {

constexpr int deepest_test = 8;

}  // namespace

std::optional<bool> Evaluator::certain_truth(Site test, FrameId frame) { return certain_truth(test, frame, 0); }

std::optional<bool> Evaluator::certain_truth(Site test, FrameId frame, int depth) {
  if (frame == any_frame || test.event == none || depth > deepest_test) return {};
  const File& file = program_.file(test.file);
  const facts::Event& event = file.event(test.event);
  auto operand = [&](uint32_t i) { return Site{test.file, file.operand(test.event, i)}; };
  switch (event.op) {
    case Op::read: {
      const Value* value = certain_value(test, frame);
      if (!value || value->kind != ValueKind::constant) return {};
      ValueId id = make(*value);
      return is_false(id) ? std::optional(false) : is_true(id) ? std::optional(true) : std::nullopt;
    }
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
    case Op::compare: {  // x is None
      std::string_view operation = file.name(event.name);
      bool same = operation == "is" || operation == "==";
      if (event.operands_count != 2 || (!same && operation != "is not" && operation != "!=")) return {};
      if (file.event(operand(0).event).op != Op::read || file.event(operand(1).event).op != Op::null) return {};
      const Value* value = certain_value(operand(0), frame);
      if (!value) return {};
      bool null = value->kind == ValueKind::constant && Op(value->index) == Op::null;
      return null == same;
    }
    default: return {};
  }
}

// The one value that a variable of the frame's own function has there; null when it may have another.
const Value* Evaluator::certain_value(Site read, FrameId frame) {
  const File& file = program_.file(read.file);
  const Frame& it = frames_[frame];
  if (it.file != read.file || file.scope_of(read.event) != it.scope || !file.has_name(it.scope, file.event(read.event).name)) return nullptr;
  const Values& values = evaluate(read, frame);
  if (values.size() != 1) return nullptr;
  const Value& value = values_[values[0]];
  bool known = value.kind == ValueKind::constant || value.kind == ValueKind::function || value.kind == ValueKind::class_ || value.kind == ValueKind::bound || value.kind == ValueKind::container;
  return known ? &value : nullptr;
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
