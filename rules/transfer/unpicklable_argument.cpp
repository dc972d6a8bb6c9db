// Files, locks, connections, generators and the like stand for something in one process: a descriptor, a lock in its
// memory, a frame that is being executed. Pickle refuses them, and so every object that holds one.
#include "rules/transfer/crossings.h"

namespace forklint::rules {
namespace {

using namespace model;

bool takes(const Sent& sent) {
  if (sent.drags_self()) return false;
  const PickleProblem& problem = sent.crossing.problem;
  switch (problem.obstacle) {
    case Obstacle::object: case Obstacle::process_or_pool: return true;
    case Obstacle::lambda: case Obstacle::nested_function: return problem.through_self;
    default: return false;
  }
}

std::string message(const Sent& sent) {
  const PickleProblem& problem = sent.crossing.problem;
  if (problem.through_self) return "the " + std::string(sent.role()) + " keeps " + problem.what + " in its attribute " + problem.attribute + ", which cannot be sent to another process";
  return problem.what + " cannot be sent to another process";
}

void check(const Model& model, engine::Report& report) {
  report_sent(model, report, takes, message, "pickled here; send what it is made from, and make it in the child");
}

}  // namespace

extern const engine::Rule unpicklable_argument = {
    .code = "PSM202", .name = "unpicklable-argument", .family = "transfer",
    .summary = "A value that cannot be pickled is sent to another process", .severity = engine::Severity::error, .check = check};

}  // namespace forklint::rules
