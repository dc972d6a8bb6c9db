// A bound method is sent as its object and a name, a Process object is itself what is sent: the whole object travels, with
// the lock, file, pool or process that it keeps in an attribute.
#include "rules/transfer/crossings.h"

namespace forklint::rules {
namespace {

using namespace model;

bool takes(const Sent& sent) {
  if (!sent.drags_self()) return false;
  switch (sent.crossing.problem.obstacle) {
    case Obstacle::object: case Obstacle::process_or_pool: return true;
    case Obstacle::lambda: case Obstacle::nested_function: return sent.crossing.problem.through_self;
    default: return false;
  }
}

std::string message(const Sent& sent) {
  const PickleProblem& problem = sent.crossing.problem;
  std::string whole = sent.item.kind == PayloadKind::self ? "the process object is sent whole" : "the " + std::string(sent.role()) + " drags its whole object along";
  if (!problem.through_self) return whole + ", which is " + problem.what;
  return whole + ", and its attribute " + problem.attribute + " holds " + problem.what;
}

void check(const Model& model, engine::Report& report) {
  report_sent(model, report, takes, message, "pickled here; leave the attribute out in __getstate__, make it in the child, or send a function instead");
}

}  // namespace

extern const engine::Rule unpicklable_self = {
    .code = "PSM204", .name = "unpicklable-self", .family = "transfer",
    .summary = "A method or process drags along an attribute that cannot be sent", .severity = engine::Severity::error, .check = check};

}  // namespace forklint::rules
