// The default start method belongs to the program. A module that others import leaves it alone and uses a context.
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

// A helper that sets what the program tells it to.
bool chosen_by_main(const Model& model, const Trace& trace, const Step& step) {
  auto argument = method_argument(model.evaluator(), *step.row, step.site, step.frame);
  return argument && argument->site.event != none && written_by_caller(model.evaluator(), argument->site, step.frame).site.file == trace.file;
}

// Whether the module itself calls a function of its own under its main guard.
bool called_under_guard(const Model& model, FileId file_id, NameId function) {
  const File& file = model.file(file_id);
  for (EventId id = file.facts.scopes[0].events.begin; id < file.facts.scopes[0].events.end; ++id) {
    EventId callee = file.event(id).op == Op::call ? file.operand(id, 0) : none;
    bool calls = callee != none && file.event(callee).op == Op::read && file.event(callee).name == function && file.scope_of(id) == 0;
    for (RegionId region = calls ? file.event(id).region : none; region != none; region = file.facts.regions[region].parent) {
      const facts::Region& it = file.facts.regions[region];
      if (it.kind == facts::RegionKind::then_arm && implied(model.evaluator(), {file_id, it.subject}, any_frame, true, Role::main).guard == Guard::main_only) return true;
    }
  }
  return false;
}

// def main(), or what the module calls where it is run itself, and which a console script or a program of two lines calls as
// well: that is the program.
bool in_main_function(const Model& model, const Step& step) {
  const File& file = model.file(step.site.file);
  const facts::Scope& scope = file.facts.scopes[file.scope_of(step.site.event)];
  if (scope.kind != facts::ScopeKind::function || scope.parent != 0) return false;
  return file.name(scope.name) == "main" || called_under_guard(model, step.site.file, scope.name);
}

void check(const Model& model, engine::Report& report) {
  for (const Trace& trace : model.traces()) {
    if (trace.entry != Entry::main) continue;
    for (uint32_t i = 0; i < trace.steps.size(); ++i) {
      const Step& step = trace.steps[i];
      if (step.kind != StepKind::api || step.row->method_effect != knowledge::MethodEffect::sets) continue;
      // Reached from another file: that file is a library here.
      if (step.site.file == trace.file || step.condition.handled || step.condition.flagged || chosen_by_main(model, trace, step) || in_main_function(model, step)) continue;
      report.finding(step.site, "a module that other programs import sets the start method of the whole program")
          .path(trace, i)
          .confidence(Confidence::likely);
    }
  }
}

}  // namespace

extern const engine::Rule method_set_by_library = {
    .code = "PSM503", .name = "method-set-by-library", .family = "method_choice",
    .summary = "The start method is set outside a main program", .severity = Severity::warning, .check = check};

}  // namespace forklint::rules
