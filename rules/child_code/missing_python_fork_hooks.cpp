// Python keeps its own account of threads and locks, and sets it right around os.fork(). A fork in C does not tell it: the child
// goes on with the parent's account.
#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

void check(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  const Program& code = program.program();
  std::vector<bool> speaks_python(code.units().size());
  for (FunctionId id = 0; id < code.functions().size(); ++id)
    for (const Call& call : code.function(id).calls)
      if (call.api && call.api->python) speaks_python[code.function(id).unit] = true;
  for (const ForkSite& site : program.forks().sites()) {
    if (!speaks_python[code.function(site.function).unit] || site.through != none || site.api->forks == knowledge::Forks::vfork) continue;
    bool told = false;
    for (const Call& call : code.function(site.function).calls) told |= call.api && call.api->python_hook == knowledge::PythonHook::child;
    if (told) continue;
    // A child that ends in exec or _exit without a word of Python needs nothing of it.
    bool goes_on = site.leaves_by(Way::returns) || site.leaves_by(Way::shared);
    for (const Call* call : program.child_calls(site)) goes_on |= program.effects().of_call(site.function, *call, Effect::python).has_value();
    if (!goes_on) continue;
    report.finding(site.origin, "Forks without telling Python: its child goes on with threads and locks that it does not have")
        .under(StartMethod::fork, "wrong")
        .label(site.origin, "PyOS_BeforeFork() belongs before this, PyOS_AfterFork_Child() and PyOS_AfterFork_Parent() behind it")
        .confidence(Confidence::likely)
        .launch_at(site.origin);
  }
}

}  // namespace

extern const engine::Rule missing_python_fork_hooks = {
    .code = "PSM605", .name = "missing-python-fork-hooks", .family = "child_code",
    .summary = "An extension forks without telling the interpreter", .severity = engine::Severity::error, .languages = "c", .check = check};

}  // namespace forklint::rules
