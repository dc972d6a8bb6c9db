// A function that the parent has replaced in a module or class is replaced in its memory only: a fresh child imports the
// original again.
#include <algorithm>

#include "analyzer/model/globals.h"
#include "analyzer/model/patches.h"
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

bool writes(const Model& model, const Step& step, const PatchTarget& target) {
  if (step.kind == StepKind::write_global && target.file != none) return step.file == target.file && model.file(step.file).name(step.name) == target.name;
  return step.kind == StepKind::write_attribute && step.subject == target.owner && model.file(step.site.file).name(step.name) == target.name;
}

// owner.name = saved, where saved = owner.name: what was there before is there again.
bool puts_back(const Model& model, const Step& write, const PatchTarget& target) {
  const File& file = model.file(write.site.file);
  EventId value = file.operand(write.site.event, 1);
  if (value == none || file.event(value).op != Op::read) return false;
  for (EventId binding : model.evaluator().reaching(write.site.file, file.scope_of(value), file.event(value).name, value)) {
    EventId saved = file.operand(binding, 0);
    if (saved != none && file.event(saved).op == Op::attribute && file.name_of(saved) == target.name) return true;
  }
  return false;
}

// Whether a later step before the launch writes the same attribute: that one counts.
bool written_again(const Model& model, const Trace& trace, uint32_t at, uint32_t launch, const PatchTarget& target) {
  for (uint32_t later = at + 1; later < launch; ++later)
    if (writes(model, trace.steps[later], target)) return true;
  return false;
}

// The first place where a worker uses what the patch replaces; null when none does, or when it patches too.
const Step* used_in_child(const Model& model, size_t i, const PatchTarget& target) {
  Evaluator& evaluator = model.evaluator();
  for (const WorkerTrace& worker : model.workers(i))
    for (const Step& step : worker.trace.steps)
      if (writes(model, step, target)) return nullptr;
  for (const WorkerTrace& worker : model.workers(i))
    for (const Step& step : worker.trace.steps) {
      if ((step.kind == StepKind::api || step.kind == StepKind::with_enter) && step.row && step.row->patches) return nullptr;
      if (step.kind == StepKind::read_global && step.file == target.file && model.file(step.file).name(step.name) == target.name) return &step;
      if (step.kind == StepKind::read_attribute && target.owner != unknown_value && model.file(step.site.file).name(step.name) == target.name) {
        auto classes = evaluator.value(step.subject).kind == ValueKind::instance ? evaluator.linearised(evaluator.class_of(step.subject)) : llvm::SmallVector<ValueId, 4>{step.subject};
        if (std::find(classes.begin(), classes.end(), target.owner) != classes.end()) return &step;
      }
    }
  return nullptr;
}

void check(const Model& model, engine::Report& report) {
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    StartMethods fresh = reimporting_methods(launch);
    if (fresh.empty()) continue;
    const Trace& trace = model.trace_of(launch);
    auto tell = [&](Site site, const Condition& condition, Site used, const Condition& use) {
      report.finding(site, "Worker code uses what is replaced here, in the parent only")
          .under(fresh & condition.methods & use.methods, "wrong")
          .label(used, "a fresh child uses the original here")
          .label(launch.site, "the child starts here; patch in the child, or pass the function that it is to use")
          .confidence(condition.certain() && use.certain() ? Confidence::certain : Confidence::likely)
          .launch(i);
    };
    for (const LostGlobal& lost : model.lost_globals(i))
      if (lost.patch) tell(lost.write, lost.condition, lost.read.site, model.workers(i)[lost.read.worker].trace.steps[lost.read.step].condition);
    for (const Patch& patch : patch_decorators(model.evaluator(), trace, launch.step))
      for (const PatchTarget& target : patch_targets(model.evaluator(), patch.call, patch.frame))
        if (const Step* used = used_in_child(model, i, target)) tell(patch.call, launch.condition, used->site, used->condition);
    for (uint32_t at = 0; at < launch.step; ++at) {
      const Step& step = trace.steps[at];
      if (in_import(trace, at) || (trace.entry == Entry::main && step.condition.guard == Guard::none)) continue;
      if (step.kind == StepKind::write_attribute && model.evaluator().value(step.subject).kind == ValueKind::external) {
        PatchTarget target{.owner = step.subject, .name = std::string(model.file(step.site.file).name(step.name))};
        const knowledge::Api* row = model.program().knowledge().find(model.evaluator().type_name(step.subject) + "." + target.name);
        if (row && row->survives_start) continue;
        if (puts_back(model, step, target) || written_again(model, trace, at, launch.step, target)) continue;
        if (const Step* used = used_in_child(model, i, target)) tell(step.site, step.condition, used->site, used->condition);
        continue;
      }
      Patch patch = patch_made_at(model.evaluator(), step);
      if (patch.call.event == none) continue;
      bool undone = std::any_of(trace.steps.begin() + at, trace.steps.begin() + launch.step, [&](const Step& later) { return takes_back(model.evaluator(), step, later); });
      if (undone) continue;
      for (const PatchTarget& target : patch_targets(model.evaluator(), patch.call, patch.frame))
        if (const Step* used = used_in_child(model, i, target)) tell(step.site, step.condition, used->site, used->condition);
    }
  }
}

}  // namespace

extern const engine::Rule lost_patch = {
    .code = "PSM304", .name = "lost-patch", .family = "fresh_start",
    .summary = "Worker code uses what the parent has replaced in a module or class", .severity = engine::Severity::warning, .check = check};

}  // namespace forklint::rules
