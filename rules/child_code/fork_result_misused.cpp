// fork() gives -1 when it fails. A test that takes that for the child runs the child's code in the parent; kill() given -1
// signals every process.
#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

void check(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  const Program& code = program.program();
  for (const ForkSite& site : program.forks().sites()) {
    if (site.heir || !site.tested) continue;
    bool told = false;
    for (const Call& call : code.function(site.function).calls) {
      uint8_t sides = program.forks().sides_at(site, call.event);
      if (told || !(sides & side_failed) || (sides & side_before)) continue;
      if ((sides & side_child) && !(sides & side_parent)) {
        told = true;
        report.finding(code.site(site.function, call.event), "The parent runs the code of the child when fork() fails")
            .under(StartMethod::fork, "wrong")
            .label(site.origin, "gives -1 when it fails; only 0 is the child")
            .confidence(Confidence::likely)
            .launch_at(site.origin);
      }
      EventId target = call.api && call.api->kills ? code.argument(site.function, call.event, *call.api->kills) : none;
      if (target == none || program.forks().value(site, target, 0) != -1) continue;
      told = true;
      report.finding(code.site(site.function, call.event), "When fork() failed, this signals every process that it may")
          .under(StartMethod::fork, "wrong")
          .label(site.origin, "gives -1 when it fails, and nothing tests for that")
          .confidence(Confidence::likely)
          .launch_at(site.origin);
    }
  }
}

}  // namespace

extern const engine::Rule fork_result_misused = {
    .code = "PSM611", .name = "fork-result-misused", .family = "child_code",
    .summary = "The failure of a fork is taken for something else", .severity = engine::Severity::error, .languages = "c", .check = check};

}  // namespace forklint::rules
