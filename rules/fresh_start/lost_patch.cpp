// A function that the parent has replaced in a module or class is replaced in its memory only: a fresh child imports the
// original again.
#include <algorithm>

#include "analyzer/model/globals.h"
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

// What is patched: a variable of one of our modules, or an attribute.
struct Target {
  FileId file = none;
  ValueId owner = unknown_value;
  std::string name;
};

// patch("module.name"), patch.object(owner, "name"), setattr(owner, "name", …)
std::vector<Target> targets(const Model& model, Site call, FrameId frame) {
  Evaluator& evaluator = model.evaluator();
  std::vector<Target> result;
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
    if (FileId file = model.program().find_module(module, call.file); file != none) result.push_back({.file = file, .name = name});
    else add(evaluator.external(module), name);
    return result;
  }
  if (std::string name = text(1); !name.empty())
    for (ValueId owner : evaluator.values_of(arguments[0])) add(owner, name);
  return result;
}

bool writes(const Model& model, const Step& step, const Target& target) {
  return step.kind == StepKind::write_attribute && step.subject == target.owner && model.file(step.site.file).name(step.name) == target.name;
}

// owner.name = saved, where saved = owner.name: what was there before is there again.
bool puts_back(const Model& model, const Step& write, const Target& target) {
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
bool written_again(const Model& model, const Trace& trace, uint32_t at, uint32_t launch, const Target& target) {
  for (uint32_t later = at + 1; later < launch; ++later)
    if (writes(model, trace.steps[later], target)) return true;
  return false;
}

// The first place where a worker uses what the patch replaces; null when none does, or when it patches too.
const Step* used_in_child(const Model& model, size_t i, const Target& target) {
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

// The patch that a step makes, and the call that describes it: setattr at once, a patcher when entered or started.
Site patching(const Model& model, const Step& step, FrameId& frame) {
  Evaluator& evaluator = model.evaluator();
  frame = step.frame;
  ValueId patcher = step.kind == StepKind::with_enter ? step.subject : step.kind == StepKind::api && step.row->starts ? evaluator.value(step.subject).base : unknown_value;
  if (patcher != unknown_value) {
    const knowledge::Api* maker = evaluator.maker(patcher);
    const Value it = evaluator.value(patcher);
    if (!maker || !maker->patches || it.index == none) return {};
    frame = it.frame;
    return it.site();
  }
  bool at_once = step.kind == StepKind::api && step.row->patches && !model.program().knowledge().find(step.row->names[0] + ".__enter__");
  return at_once ? step.site : Site{};
}

// @patch.object(…) on a function through which the launch is reached: the calls that describe the patches.
std::vector<Site> decorators(const Model& model, const Trace& trace, uint32_t step) {
  std::vector<Site> result;
  for (uint32_t up = trace.steps[step].parent; up != none; up = trace.steps[up].parent) {
    if (trace.steps[up].kind != StepKind::enter_function) continue;
    const Value it = model.evaluator().value(trace.steps[up].subject);
    const File& file = model.file(it.file);
    EventId decorated = file.facts.scopes[it.index].definition;
    for (EventId id = decorated + 1; id < file.facts.events.size() && id < decorated + 16; ++id) {
      if (file.event(id).op != Op::decorate || file.operand(id, 1) != decorated) continue;
      decorated = id;
      for (ValueId decorator : Values(model.evaluator().evaluate({it.file, file.operand(id, 0)}, any_frame)))
        if (const knowledge::Api* maker = model.evaluator().maker(decorator); maker && maker->patches) result.push_back({it.file, file.operand(id, 0)});
    }
  }
  return result;
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
    for (Site call : decorators(model, trace, launch.step))
      for (const Target& target : targets(model, call, any_frame))
        if (const Step* used = used_in_child(model, i, target)) tell(call, launch.condition, used->site, used->condition);
    for (uint32_t at = 0; at < launch.step; ++at) {
      const Step& step = trace.steps[at];
      if (in_import(trace, at) || (trace.entry == Entry::main && step.condition.guard == Guard::none)) continue;
      if (step.kind == StepKind::write_attribute && model.evaluator().value(step.subject).kind == ValueKind::external) {
        Target target{.owner = step.subject, .name = std::string(model.file(step.site.file).name(step.name))};
        if (puts_back(model, step, target) || written_again(model, trace, at, launch.step, target)) continue;
        if (const Step* used = used_in_child(model, i, target)) tell(step.site, step.condition, used->site, used->condition);
        continue;
      }
      FrameId frame = any_frame;
      Site call = patching(model, step, frame);
      if (call.event == none) continue;
      bool undone = std::any_of(trace.steps.begin() + at, trace.steps.begin() + launch.step, [&](const Step& later) {
        if (step.kind == StepKind::with_enter) return later.kind == StepKind::with_leave && later.subject == step.subject;
        return later.kind == StepKind::api && later.row->closes && model.evaluator().value(later.subject).base == model.evaluator().value(step.subject).base && step.row->starts;
      });
      if (undone) continue;
      for (const Target& target : targets(model, call, frame))
        if (const Step* used = used_in_child(model, i, target)) tell(step.site, step.condition, used->site, used->condition);
    }
  }
}

}  // namespace

extern const engine::Rule lost_patch = {
    .code = "PSM304", .name = "lost-patch", .family = "fresh_start",
    .summary = "Worker code uses what the parent has replaced in a module or class", .severity = engine::Severity::warning, .check = check};

}  // namespace forklint::rules
