// A fresh child imports the modules again and so has their variables as they are after import. What the parent set or
// changed since, under the guard or in a function, it does not have.
#include "analyzer/model/globals.h"
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

void check(const Model& model, engine::Report& report) {
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
