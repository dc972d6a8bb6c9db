// A lock, queue, value or event of multiprocessing that a module makes on import is made again by every fresh child: each
// process has one of its own, and they never meet.
#include "analyzer/model/globals.h"
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

// Made while a module is imported, not by a function that runs later.
bool made_on_import(const Model& model, const Value& made) {
  if (made.index == none || made.frame != any_frame) return false;
  const File& file = model.file(made.file);
  ScopeId scope = file.scope_of(made.index);
  while (scope != 0 && file.facts.scopes[scope].kind == facts::ScopeKind::class_) scope = file.facts.scopes[scope].parent;
  return scope == 0;
}

void check(const Model& model, engine::Report& report) {
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    StartMethods fresh = reimporting_methods(launch);
    if (fresh.empty()) continue;
    for (const InheritedRead& read : inherited_reads(model, i)) {
      for (ValueId value : after_import(model, read)) {
        const Value made = model.evaluator().value(value);
        const knowledge::Api* maker = model.evaluator().maker(value);
        // An attribute of an object that the module makes is made along with it.
        const Value owner = model.evaluator().value(read.owner);
        if (!maker || !maker->mp_primitive || made.index == none || !made_on_import(model, owner.kind == ValueKind::instance ? owner : made)) continue;
        const Condition& condition = model.workers(i)[read.read.worker].trace.steps[read.read.step].condition;
        const knowledge::Api* get = model.program().knowledge().find(model.evaluator().type_name(value) + ".get");
        bool waits = get && get->queue_get;
        report.finding(made.site(), "Every fresh child makes a " + std::string(short_name(maker->names[0])) + " of its own here")
            .under(fresh & condition.methods, waits ? "hangs" : "wrong")
            .label(read.read.site, "the child uses it here, and it is not the parent's")
            .label(launch.site, "the child starts here; send it along, as an argument or through an initializer")
            .confidence(condition.certain() ? Confidence::certain : Confidence::likely)
            .launch(i);
      }
    }
  }
}

}  // namespace

extern const engine::Rule recreated_primitive = {
    .code = "PSM303", .name = "recreated-primitive", .family = "fresh_start",
    .summary = "A primitive of multiprocessing made at import is used by worker code", .severity = engine::Severity::error, .check = check};

}  // namespace forklint::rules
