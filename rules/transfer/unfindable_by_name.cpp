// Functions and classes are sent by name. Where the name finds nothing, or something else, either the sender notices
// (pickle compares what it finds) or the child, which lacks what only the parent's main program defined.
#include "rules/transfer/crossings.h"

namespace forklint::rules {
namespace {

using namespace model;

std::string message(const Sent& sent) {
  const PickleProblem& problem = sent.crossing.problem;
  if (problem.in_child) return problem.what + ", is sent by a name that the child does not have";
  return problem.what + ", is sent by a name that does not lead back to it";
}

void check(const Model& model, engine::Report& report) {
  report_sent(model, report, takes_obstacle(Obstacle::unfindable), message, "sent by name here; define it at module level, under the name that it carries");
}

}  // namespace

extern const engine::Rule unfindable_by_name = {
    .code = "PSM205", .name = "unfindable-by-name", .family = "transfer",
    .summary = "A function or class is sent by a name that does not lead to it", .severity = engine::Severity::error, .check = check};

}  // namespace forklint::rules
