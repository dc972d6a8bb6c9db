// An instance is sent as the name of its class and its attributes. A class that is defined in a function has a name that
// leads nowhere: main.<locals>.Settings.
#include "rules/transfer/crossings.h"

namespace forklint::rules {
namespace {

using namespace model;

std::string message(const Sent& sent) {
  return sent.crossing.problem.what + sent.where_held() + " is sent to another process, which cannot find the class by a name";
}

void check(const Model& model, engine::Report& report) {
  report_sent(model, report, takes_obstacle(Obstacle::local_class), message, "pickled here; define the class at module level");
}

}  // namespace

extern const engine::Rule local_class_instance = {
    .code = "PSM203", .name = "local-class-instance", .family = "transfer",
    .summary = "An instance of a class defined in a function is sent to another process", .severity = engine::Severity::error, .check = check};

}  // namespace forklint::rules
