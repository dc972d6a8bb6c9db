// A preexec function runs Python code in a forked child before the command replaces it. In a program with threads that
// child has their locks and not them; the parent waits for it, so that both may stop for ever.
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

void check(const Model& model, engine::Report& report) {
  Evaluator& evaluator = model.evaluator();
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    if (!launch.row->launch->before_exec || launch.construction.event == none) continue;
    const Trace& trace = model.trace_of(launch);
    auto arguments = evaluator.arguments_of(launch.construction, launch.construction_frame);
    // subprocess.run may be called through a partial, which holds the argument.
    if (trace.steps[launch.step].kind != StepKind::api) continue;
    auto argument = evaluator.argument(arguments, *launch.row->launch->before_exec);
    if (!argument) continue;
    Values functions = evaluator.values_of(*argument);
    bool given = false;
    for (ValueId function : functions) {
      ValueKind kind = evaluator.value(function).kind;
      given |= kind != ValueKind::unknown && kind != ValueKind::constant && kind != ValueKind::parameter;
    }
    std::vector<LiveThread> alive = live_threads(evaluator, trace, launch.step);
    if (!given || alive.empty()) continue;
    const LiveThread& first = alive.front();
    engine::Draft draft = report.finding(launch.site, "Runs a preexec function while another thread may be running");
    draft.launch(i).confidence(first.certain && launch.condition.certain() ? Confidence::likely : Confidence::possible);
    draft.label(argument->site, "Python code that runs in the child, without the other threads and with their locks");
    if (first.step != none) draft.label(trace.steps[first.step].site, "the thread that is started here may still run");
    draft.label(launch.site, "use start_new_session, process_group, user or a wrapper command instead");
  }
}

}  // namespace

extern const engine::Rule preexec_function = {
    .code = "PSM409", .name = "preexec-function", .family = "inherited_state",
    .summary = "A preexec function runs in a program with threads", .severity = engine::Severity::warning, .check = check};

}  // namespace forklint::rules
