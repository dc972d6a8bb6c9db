// A program that chooses no method gets another one on another platform, or with another Python. That matters where the
// methods make a difference, which is what the other rules have found.
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

void check(const Model& model, engine::Report& report) {
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    int row = report.row_of(i);
    if (launch.method.by != ChosenBy::standard || launch.site.event == none || row < 0) continue;
    const engine::Finding* difference = nullptr;
    for (const engine::Finding& finding : report.findings()) {
      if (finding.launch != row || finding.outcomes.empty() || finding.severity == Severity::info) continue;
      StartMethods bites;
      for (const engine::MethodOutcome& outcome : finding.outcomes) bites |= outcome.method;
      if ((launch.method.methods - bites).empty() || (launch.method.methods & bites).empty()) continue;
      difference = &finding;
      break;
    }
    if (!difference) continue;
    // The label is made before the draft adds to what is read here.
    std::string told = std::string(difference->name) + " says what differs; choose the method with get_context()";
    report.finding(launch.site, "the start method is left to the default, and the program differs with it")
        .label_at(difference->place, std::move(told))
        .launch(i);
  }
}

}  // namespace

extern const engine::Rule implicit_method = {
    .code = "PSM507", .name = "implicit-method", .family = "method_choice",
    .summary = "The behaviour depends on the default start method", .severity = Severity::info, .check = check};

}  // namespace forklint::rules
