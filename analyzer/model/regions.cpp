#include "analyzer/model/regions.h"

namespace forklint::model {
namespace {

using facts::RegionKind;

// Whether an exception type includes what a repeated launch raises.
bool catches_refusal(const File& file, EventId type) {
  Op op = file.event(type).op;
  std::string_view name = op == Op::read || op == Op::attribute ? file.name_of(type) : std::string_view();
  return name == "RuntimeError" || name == "Exception" || name == "BaseException";
}

// The arm of an except: bare, of one type, or of a tuple of types.
bool arm_catches_refusal(const File& file, const facts::Region& arm) {
  if (arm.subject == none) return true;
  if (file.event(arm.subject).op != Op::tuple) return catches_refusal(file, arm.subject);
  for (uint32_t i = 0; i < file.event(arm.subject).operands_count; ++i)
    if (catches_refusal(file, file.operand(arm.subject, i))) return true;
  return false;
}

// Whether what a repeated launch raises in a child is caught by an arm of this try.
bool try_handles(const File& file, RegionId region) {
  const std::vector<facts::Region>& regions = file.facts.regions;
  const facts::Region& body = regions[region];
  for (RegionId other = region + 1; other < regions.size() && regions[other].events.begin >= body.events.begin; ++other) {
    const facts::Region& arm = regions[other];
    if (arm.parent == body.parent && arm.statement != body.statement) break;
    if (arm.statement == body.statement && arm.kind == RegionKind::except_arm && arm_catches_refusal(file, arm)) return true;
  }
  return false;
}

// with suppress(RuntimeError):
bool with_handles(Evaluator& evaluator, FileId file_id, EventId enter, FrameId frame) {
  const File& file = evaluator.program().file(file_id);
  EventId manager = enter == none ? none : file.operand(enter, 0);
  if (manager == none || file.event(manager).op != Op::call) return false;
  for (ValueId value : Values(evaluator.evaluate({file_id, manager}, frame))) {
    const knowledge::Api* row = evaluator.maker(value);
    if (!row || !row->suppresses) continue;
    for (uint32_t i = 1; i < file.event(manager).operands_count; ++i)
      if (catches_refusal(file, file.operand(manager, i))) return true;
  }
  return false;
}

}  // namespace

Condition region_condition(Evaluator& evaluator, FileId file_id, RegionId region, FrameId frame, Role role, MemberSource members) {
  const File& file = evaluator.program().file(file_id);
  const facts::Region& it = file.facts.regions[region];
  switch (it.kind) {
    case RegionKind::then_arm: return implied(evaluator, {file_id, it.subject}, frame, true, role, members);
    case RegionKind::else_arm: return implied(evaluator, {file_id, it.subject}, frame, false, role, members);
    case RegionKind::loop: {
      Condition condition{.repeated = true};
      if (it.subject == none || !it.events.contains(it.subject)) return condition;  // a while has its test inside
      Condition test = implied(evaluator, {file_id, it.subject}, frame, true, role, members);
      test.uncertain = false;
      return condition & test;
    }
    case RegionKind::except_arm: return {.uncertain = true};
    case RegionKind::try_body: return {.handled = try_handles(file, region)};
    case RegionKind::with: return {.handled = with_handles(evaluator, file_id, it.subject, frame)};
    case RegionKind::annotation: return {.guard = Guard::never};
    default: return {};
  }
}

bool ends_by_leaving(Evaluator& evaluator, FileId file_id, RegionId region, FrameId frame) {
  const File& file = evaluator.program().file(file_id);
  const facts::Region& it = file.facts.regions[region];
  if (it.events.size() == 0) return false;
  EventId last = it.events.end - 1;
  for (RegionId inner = file.event(last).region; inner != region; inner = file.facts.regions[inner].parent)
    if (inner == none || file.facts.regions[inner].kind != RegionKind::with) return false;
  switch (file.event(last).op) {
    case Op::return_: case Op::raise: case Op::break_: case Op::continue_: return true;
    case Op::call:
      for (ValueId callee : Values(evaluator.evaluate({file_id, file.operand(last, 0)}, frame)))
        if (const knowledge::Api* row = evaluator.api(callee); row && (row->exits || row->exits_now)) return true;
      return false;
    default: return false;
  }
}

}  // namespace forklint::model
