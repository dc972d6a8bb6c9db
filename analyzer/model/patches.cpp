#include "analyzer/model/patches.h"

#include <algorithm>

namespace forklint::model {

namespace {

bool is_instance_of(Evaluator& evaluator, ValueId object, ValueId class_value) {
  if (evaluator.value(object).kind != ValueKind::instance || class_value == unknown_value) return false;
  auto bases = evaluator.linearised(evaluator.class_of(object));
  return std::find(bases.begin(), bases.end(), class_value) != bases.end();
}

// Of a program, as its own code names it: "__main__" is the file that speaks.
FileId module_named(Evaluator& evaluator, std::string_view dotted, FileId from) { return dotted == "__main__" ? from : evaluator.program().find_module(dotted, from); }

// "module.Class"
ValueId class_named(Evaluator& evaluator, std::string_view dotted, FileId from) {
  const size_t dot = dotted.rfind('.');
  const FileId home = dot == std::string_view::npos ? none : module_named(evaluator, dotted.substr(0, dot), from);
  if (home != none)
    for (ValueId value : evaluator.module_member(home, dotted.substr(dot + 1)))
      if (evaluator.value(value).kind == ValueKind::class_) return value;
  return unknown_value;
}

}  // namespace

std::vector<PatchTarget> patch_targets(Evaluator& evaluator, Site call, FrameId frame) {
  std::vector<PatchTarget> result;
  auto arguments = evaluator.arguments_of(call, frame);
  if (arguments.empty()) return result;
  auto text = [&](size_t at) -> std::string {
    if (at >= arguments.size() || arguments[at].star) return {};
    auto found = evaluator.constant_string(evaluator.values_of(arguments[at]));
    return found ? std::string(*found) : std::string();
  };
  auto add = [&](ValueId owner, std::string name) {
    const Value it = evaluator.value(owner);
    if (it.kind == ValueKind::module) result.push_back({.file = it.file, .name = std::move(name)});
    else if (it.kind == ValueKind::class_ || it.kind == ValueKind::external) result.push_back({.owner = owner, .name = std::move(name)});
  };
  if (std::string dotted = text(0); !dotted.empty()) {
    size_t dot = dotted.rfind('.');
    if (dot == std::string::npos) return result;
    std::string module = dotted.substr(0, dot), name = dotted.substr(dot + 1);
    if (FileId file = module_named(evaluator, module, call.file); file != none) result.push_back({.file = file, .name = name});
    else if (ValueId owner = class_named(evaluator, module, call.file); owner != unknown_value) add(owner, name);
    else add(evaluator.external(module), name);
    return result;
  }
  if (std::string name = text(1); !name.empty())
    for (ValueId owner : evaluator.values_of(arguments[0])) add(owner, name);
  return result;
}

Patch patch_made_at(Evaluator& evaluator, const Step& step) {
  ValueId patcher = step.kind == StepKind::with_enter ? step.subject : step.kind == StepKind::api && step.row->starts ? evaluator.value(step.subject).base : unknown_value;
  if (patcher != unknown_value) {
    const knowledge::Api* maker = evaluator.maker(patcher);
    const Value it = evaluator.value(patcher);
    if (!maker || !maker->patches || it.index == none) return {};
    return {it.site(), it.frame};
  }
  bool at_once = step.kind == StepKind::api && step.row->patches && !evaluator.program().knowledge().find(step.row->names[0] + ".__enter__");
  return at_once ? Patch{step.site, step.frame} : Patch{};
}

bool takes_back(Evaluator& evaluator, const Step& patch, const Step& later) {
  if (patch.kind == StepKind::with_enter) return later.kind == StepKind::with_leave && later.subject == patch.subject;
  return patch.row->starts && later.kind == StepKind::api && later.row->closes && evaluator.value(later.subject).base == evaluator.value(patch.subject).base;
}

std::vector<Patch> patch_decorators(Evaluator& evaluator, const Trace& trace, uint32_t step) {
  std::vector<Patch> result;
  auto look = [&](FileId file_id, ScopeId scope) {
    const File& file = evaluator.program().file(file_id);
    for (EventId decoration : file.decorations(scope))
      for (ValueId decorator : Values(evaluator.evaluate({file_id, file.operand(decoration, 0)}, any_frame)))
        if (const knowledge::Api* maker = evaluator.maker(decorator); maker && maker->patches) result.push_back({{file_id, file.operand(decoration, 0)}, any_frame});
  };
  for (uint32_t up = trace.steps[step].parent; up != none; up = trace.steps[up].parent)
    if (trace.steps[up].kind == StepKind::enter_function) look(evaluator.value(trace.steps[up].subject).file, evaluator.value(trace.steps[up].subject).index);
  if (trace.scope != 0) look(trace.file, trace.scope);
  return result;
}

bool is_patched(Evaluator& evaluator, const Trace& trace, uint32_t step, Site call) {
  const File& file = evaluator.program().file(call.file);
  EventId callee = file.event(call.event).op == Op::call ? file.operand(call.event, 0) : none;
  if (callee == none || (file.event(callee).op != Op::read && file.event(callee).op != Op::attribute)) return false;
  auto is_target = [&](const PatchTarget& target) {
    if (file.name_of(callee) != target.name) return false;
    if (file.event(callee).op == Op::read) return target.file == call.file && evaluator.binding_scope(call.file, file.scope_of(callee), file.event(callee).name) == 0;
    const Values& owners = evaluator.evaluate({call.file, file.operand(callee, 0)}, trace.steps[step].frame);
    return std::any_of(owners.begin(), owners.end(), [&](ValueId owner) { return owner == target.owner || is_instance_of(evaluator, owner, target.owner) || (evaluator.value(owner).kind == ValueKind::module && evaluator.value(owner).file == target.file); });
  };
  auto replaces = [&](const Patch& patch) {
    if (patch.call.event == none) return false;
    std::vector<PatchTarget> targets = patch_targets(evaluator, patch.call, patch.frame);
    return std::any_of(targets.begin(), targets.end(), is_target);
  };
  std::vector<Patch> decorators = patch_decorators(evaluator, trace, step);
  if (std::any_of(decorators.begin(), decorators.end(), replaces)) return true;
  for (uint32_t at = 0; at < step; ++at) {
    const Step& it = trace.steps[at];
    if (!replaces(patch_made_at(evaluator, it))) continue;
    bool undone = std::any_of(trace.steps.begin() + at, trace.steps.begin() + step, [&](const Step& later) { return takes_back(evaluator, it, later); });
    if (!undone) return true;
  }
  return false;
}

}  // namespace forklint::model
