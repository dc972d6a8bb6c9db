// Python cannot see what an object of a type in C or C++ holds. Such a type must say itself how it is pickled.
#include "rules/transfer/crossings.h"

namespace forklint::rules {
namespace {

using namespace model;

std::string message(const Sent& sent) {
  return "the " + std::string(sent.role()) + sent.where_held() + " is " + sent.crossing.problem.what + ", a type in C or C++ without pickle support";
}

void check(const Model& model, engine::Report& report) {
  report_sent(model, report, takes_obstacle(Obstacle::extension_type), message, "pickled here", "is bound here, without a way to pickle it");
}

}  // namespace

extern const engine::Rule unpicklable_extension_type = {
    .code = "PSM211", .name = "unpicklable-extension-type", .family = "transfer",
    .summary = "An object of a C or C++ type without pickle support is sent to another process", .severity = engine::Severity::error, .check = check};

}  // namespace forklint::rules
