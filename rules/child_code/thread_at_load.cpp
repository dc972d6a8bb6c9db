// A library that starts a thread when it is loaded makes every later fork of its host a fork with threads, and the host's own
// count of threads does not show it.
#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

void check(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  auto tell = [&](FunctionId root, std::string message) {
    const Step* step = program.effects().of(root, Effect::starts_thread);
    if (!step) return;
    std::vector<Place> way = program.effects().way(root, *step, Effect::starts_thread);
    auto draft = report.finding(program.site(way.front()), std::move(message));
    draft.under(StartMethod::fork, "hangs").confidence(step->sure ? Confidence::likely : Confidence::possible);
    label_way(draft, program, way, "the thread is started here; start it when it is first needed");
  };
  for (FunctionId root : program.python_roots()) tell(root, "Importing this module starts a thread, which no forked child has");
  bool library = program.program().defined("main").empty();
  if (!library && program.forks().sites().empty()) return;
  for (FunctionId root : program.load_roots()) tell(root, library ? "Loading this library starts a thread, which no forked child has" : "A thread starts before main(), and no forked child has it");
}

}  // namespace

extern const engine::Rule thread_at_load = {
    .code = "PSM604", .name = "thread-at-load", .family = "child_code",
    .summary = "Loading a library or importing a module starts a thread", .severity = engine::Severity::warning, .languages = "c", .check = check};

}  // namespace forklint::rules
