// A fresh child imports the modules again and so has their variables as they are after import. What the parent set or
// changed since, under the guard or in a function, it does not have.
#include <unordered_set>

#include "analyzer/model/globals.h"
#include "rules/launch/import_failure.h"
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

// What the child's first use of the variable meets.
std::string outcome(const Model& model, const LostGlobal& lost) {
  if (lost.undefined && !lost.in_place) return "raises:NameError";
  bool item = model.file(lost.use.file).event(lost.use.event).op == Op::subscript;
  if (item && lost.empty_dict_after_import) return "raises:KeyError";
  if (item && lost.empty_list_after_import) return "raises:IndexError";
  if (!lost.none_after_import) return "wrong";
  switch (model.file(lost.use.file).event(lost.use.event).op) {
    case Op::attribute: return "raises:AttributeError";
    case Op::subscript: case Op::call: return "raises:TypeError";
    default: return "wrong";
  }
}

// The read in the body of a program at which its fresh children end: of a name that exists only under the guard.
EventId end_of_child(const Model& model, FileId program) {
  const File& file = model.file(program);
  const facts::Range events = file.facts.scopes[0].events;
  for (EventId id = events.begin; id < events.end; ++id)
    if (file.event(id).op == Op::read && file.event(id).region == none && file.scope_of(id) == 0 && ends_child(model.evaluator(), program, id)) return id;
  return none;
}

// Once for each program that starts processes.
void check_imports(const Model& model, engine::Report& report) {
  std::unordered_set<FileId> told;
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    const Trace& trace = model.trace_of(launch);
    const StartMethods fresh = reimporting_methods(launch);
    if (trace.entry != Entry::main || fresh.empty() || launch.site.event == none || !reimported(model, trace) || !told.insert(trace.file).second) continue;
    const EventId end = end_of_child(model, trace.file);
    if (end == none) continue;
    const std::string name(model.file(trace.file).name_of(end));
    auto draft = report.finding({trace.file, end}, "A child that imports the program ends here: " + name + " exists only under the guard");
    for (StartMethod method : {StartMethod::spawn, StartMethod::forkserver})
      if (!(fresh & method).empty()) draft.under(method, failed_import(model, launch, "raises:NameError", method));
    draft.label(launch.site, "the child starts here").confidence(launch.condition.certain() ? Confidence::certain : Confidence::likely).launch(i);
  }
}

void check(const Model& model, engine::Report& report) {
  check_imports(model, report);
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    StartMethods fresh = reimporting_methods(launch);
    if (fresh.empty()) continue;
    for (const LostGlobal& lost : model.lost_globals(i)) {
      if (lost.import || lost.patch) continue;
      const Step& read = model.workers(i)[lost.read.worker].trace.steps[lost.read.step];
      StartMethods methods = fresh & lost.condition.methods & read.condition.methods;
      report.finding(lost.write, lost.in_place ? "Worker code reads " + lost.name + ", and this change is not made in a fresh child" : "Worker code reads " + lost.name + ", and this value is not set in a fresh child")
          .under(methods, outcome(model, lost))
          .label(lost.read.site, lost.undefined ? "the child reads it here, where it does not exist" : "the child reads it here, as it is after import")
          .label(launch.site, "the child starts here")
          .confidence(lost.condition.certain() && read.condition.certain() ? Confidence::certain : Confidence::likely)
          .launch(i);
    }
  }
}

}  // namespace

extern const engine::Rule lost_global = {
    .code = "PSM301", .name = "lost-global", .family = "fresh_start",
    .summary = "Worker code reads what the parent set or changed after import", .severity = engine::Severity::error, .check = check};

}  // namespace forklint::rules
