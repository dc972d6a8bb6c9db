// A program may ask for fork by name, and then it should know what that risks: what other rules have found under fork
// alone, and what macOS does to forked children.
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

// Something bites under fork, and would not under the other methods.
const engine::Finding* risk_of(const engine::Report& report, int row) {
  for (const engine::Finding& finding : report.findings())
    if (finding.launch == row && finding.severity != Severity::info && finding.outcomes.size() == 1 && finding.outcomes[0].method == StartMethod::fork)
      return &finding;
  return nullptr;
}

void check(const Model& model, engine::Report& report) {
  bool macos = model.options().platforms_given && model.options().platforms & platform_macos;
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    int row = report.row_of(i);
    if (launch.method.by != ChosenBy::explicit_ || launch.method.methods != StartMethods(StartMethod::fork) || launch.method.chosen_at.event == none || row < 0) continue;
    const engine::Finding* risk = risk_of(report, row);
    bool on_macos = macos && launch.condition.platforms & platform_macos;
    if (!risk && !on_macos) continue;
    std::string message = risk ? "fork is chosen here, and " + std::string(risk->name) + " comes with it" : "fork is chosen here, and system libraries of macOS may crash in forked children";
    auto draft = report.finding(launch.method.chosen_at, std::move(message));
    if (risk) draft.label_at(risk->place, "this bites under fork only");
    draft.label(launch.site, "started here").under(StartMethod::fork, risk ? risk->outcomes[0].outcome : "crashes:SIGSEGV").confidence(risk ? Confidence::likely : Confidence::possible).launch(i);
  }
}

}  // namespace

extern const engine::Rule fork_chosen = {
    .code = "PSM508", .name = "fork-chosen", .family = "method_choice",
    .summary = "fork is asked for by name, with what it risks here", .severity = Severity::info, .check = check};

}  // namespace forklint::rules
