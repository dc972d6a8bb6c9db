// Locks, queues, events and shared values are handles that can be handed over only while a process is being started. The
// workers of a pool already run when a task is sent to them.
#include "rules/transfer/crossings.h"

namespace forklint::rules {
namespace {

using namespace model;

std::string message(const Sent& sent) {
  return sent.crossing.problem.what + sent.where_held() + " is sent with a task, but can be handed over only while a process is being started";
}

void check(const Model& model, engine::Report& report) {
  report_sent(model, report, takes_obstacle(Obstacle::primitive), message, "sent to running workers here; hand it over with initializer and initargs, or use a manager's proxy");
}

}  // namespace

extern const engine::Rule primitive_in_task = {
    .code = "PSM206", .name = "primitive-in-task", .family = "transfer",
    .summary = "A lock, queue or shared value of multiprocessing is sent with a pool's task", .severity = engine::Severity::error, .check = check};

}  // namespace forklint::rules
