// An import under the guard, or in a function of the main program that makes the name global, happens in the parent
// only; worker code that uses the name finds nothing in a fresh child.
#include "analyzer/model/globals.h"
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

void check(const Model& model, engine::Report& report) {
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    StartMethods fresh = reimporting_methods(launch);
    if (fresh.empty()) continue;
    for (const LostGlobal& lost : model.lost_globals(i)) {
      if (!lost.import) continue;
      const Step& read = model.workers(i)[lost.read.worker].trace.steps[lost.read.step];
      report.finding(lost.write, "Worker code uses " + lost.name + ", and this import does not happen in a fresh child")
          .under(fresh & lost.condition.methods & read.condition.methods, lost.undefined ? "raises:NameError" : "raises:AttributeError")
          .label(lost.read.site, "the child uses it here")
          .label(launch.site, "the child starts here; import it at the top of the module, or in the function that the child runs")
          .confidence(read.condition.certain() ? Confidence::certain : Confidence::likely)
          .launch(i);
    }
  }
}

}  // namespace

extern const engine::Rule lost_import = {
    .code = "PSM302", .name = "lost-import", .family = "fresh_start",
    .summary = "Worker code uses what only the parent imports", .severity = engine::Severity::error, .check = check};

}  // namespace forklint::rules
