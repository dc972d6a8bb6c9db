// A library that starts a thread when it is loaded makes every later fork of its host a fork with threads, and the host's own
// count of threads does not show it. Where the host is Python and here, its import is the place; else the library is.
#include <set>

#include "analyzer/model/liveness.h"
#include "analyzer/model/native/extensions.h"
#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

constexpr std::string_view advice = "the thread is started here; start it when it is first needed";

// The module in C or C++ whose import a step is; null when it is none.
const ExtensionModule* imported(const model::Model& model, const model::Step& step) {
  if (step.kind != model::StepKind::api || step.row->thread != "import" || step.subject == model::unknown_value) return nullptr;
  const model::Value& module = model.evaluator().value(step.subject);
  return module.kind == model::ValueKind::external ? model.program().extension(model.evaluator().symbol(module.symbol)) : nullptr;
}

// Imports that stand before a fork. Returns the modules that programs which start processes import: these are judged.
std::set<const ExtensionModule*> check_imports(const model::Model& model, engine::Report& report) {
  std::set<const ExtensionModule*> judged;
  std::set<uint32_t> seen;
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const model::Launch& launch = model.launches()[i];
    const model::Trace& trace = model.trace_of(launch);
    if (seen.insert(launch.trace).second)
      for (const model::Step& step : trace.steps)
        if (const ExtensionModule* module = imported(model, step)) judged.insert(module);
    if (launch.site.event == facts::none || launch.row->launch->executes || launch.method.by == model::ChosenBy::unknown || !launch.method.methods.has(StartMethod::fork)) continue;
    for (const model::LiveThread& thread : model::live_threads(model.evaluator(), trace, launch.step)) {
      const ExtensionModule* module = thread.step == facts::none ? nullptr : imported(model, trace.steps[thread.step]);
      if (!module) continue;
      auto draft = report.finding(trace.steps[thread.step].site, "Importing " + module->name + " starts a thread, and a process is forked later");
      draft.under(StartMethod::fork, "hangs").launch(i).confidence(thread.certain && launch.condition.certain() ? Confidence::likely : Confidence::possible);
      draft.path(trace, thread.step);
      label_way(draft, model.native(), module->thread, std::string(advice));
      draft.label(launch.site, "forks here; the child does not have that thread, and every lock is as it was");
    }
  }
  return judged;
}

void tell(const model::Model& model, engine::Report& report, const std::vector<Place>& way, bool sure, std::string message) {
  auto draft = report.finding(model.native().site(way.front()), std::move(message));
  draft.under(StartMethod::fork, "hangs").confidence(sure ? Confidence::likely : Confidence::possible);
  label_way(draft, model.native(), way, std::string(advice));
}

void check(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  std::set<const ExtensionModule*> judged = check_imports(model, report);
  std::set<FunctionId> told;  // roots that a module's way begins in
  for (const ExtensionModule& module : model.program().extensions()) {
    if (module.thread.empty()) continue;
    told.insert(module.thread.front().function);
    if (!judged.contains(&module)) tell(model, report, module.thread, module.sure, "Importing this module starts a thread, which no forked child has");
  }
  bool library = program.program().defined("main").empty();
  if (!library && program.forks().sites().empty()) return;
  for (FunctionId root : program.load_roots())
    if (const Step* step = program.effects().of(root, Effect::starts_thread); step && !told.contains(root))
      tell(model, report, program.effects().way(root, *step, Effect::starts_thread), step->sure, library ? "Loading this library starts a thread, which no forked child has" : "A thread starts before main(), and no forked child has it");
}

}  // namespace

extern const engine::Rule thread_at_load = {
    .code = "PSM604", .name = "thread-at-load", .family = "child_code",
    .summary = "Loading a library or importing a module starts a thread", .severity = engine::Severity::warning, .languages = "py c", .check = check};

}  // namespace forklint::rules
