// Pickle sends a function as its module and its name. A lambda has no name to be found by, and a nested function lives
// only while the function around it runs: the sender fails before anything starts.
#include "rules/transfer/crossings.h"

namespace forklint::rules {
namespace {

using namespace model;

bool takes(const Sent& sent) {
  const PickleProblem& problem = sent.crossing.problem;
  return (problem.obstacle == Obstacle::lambda || problem.obstacle == Obstacle::nested_function) && !problem.through_self;
}

std::string message(const Sent& sent) {
  const PickleProblem& problem = sent.crossing.problem;
  return problem.what + " is sent to another process, which cannot find it by a name";
}

void check(const Model& model, engine::Report& report) {
  report_sent(model, report, takes, message, "pickled here; move the function to module level and send what it captures as arguments");
}

}  // namespace

extern const engine::Rule unpicklable_callable = {
    .code = "PSM201", .name = "unpicklable-callable", .family = "transfer",
    .summary = "A lambda or nested function is sent to another process", .severity = engine::Severity::error, .check = check};

}  // namespace forklint::rules
