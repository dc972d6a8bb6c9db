// A child that has ended stays in the table of processes until its parent waits for it. A program that forks again and again and
// never waits fills the table.
#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

void check(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  const Program& code = program.program();
  if (code.defined("main").empty()) return;  // whoever uses the library may wait
  for (const Unit& unit : code.units())
    if (!unit.facts->problems.empty()) return;  // what is missing there may wait
  // Also where the program has a function of that name, which stands between it and the C library.
  for (FunctionId id = 0; id < code.functions().size(); ++id)
    for (const Call& call : code.function(id).calls) {
      const knowledge::NativeApi* row = code.row(call);
      if (program.effects().does(id, call, Effect::waits) || (row && row->waits)) return;
    }
  for (const ForkSite& site : program.forks().sites()) {
    if (site.heir || site.through != none) continue;
    bool again = loop_around(code, site.function, site.event) != none;
    for (const Program::Caller& caller : code.callers(site.function)) again |= loop_around(code, caller.function, code.function(caller.function).calls[caller.call].event) != none;
    if (!again) continue;
    report.finding(site.origin, "Nothing in this program waits for its children: each stays a zombie")
        .under(StartMethod::fork, "wrong")
        .label(site.origin, "forked again and again; waitpid() it, or signal(SIGCHLD, SIG_IGN)")
        .confidence(Confidence::likely)
        .launch_at(site.origin);
  }
}

}  // namespace

extern const engine::Rule unwaited_child = {
    .code = "PSM713", .name = "unwaited-child", .family = "protocol",
    .summary = "Nobody waits for the children that a loop forks", .severity = engine::Severity::warning, .languages = "c", .check = check};

}  // namespace forklint::rules
