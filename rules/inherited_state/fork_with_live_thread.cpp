// A forked child has only the thread that called fork. What the other threads were in the middle of stays so for ever:
// their locks taken, their streams half written, their imports half done.
#include <algorithm>

#include "analyzer/model/order.h"
#include "rules/inherited_state/native.h"
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

std::string started_here(const Model& model, const Trace& trace, const LiveThread& thread) {
  const Step& start = trace.steps[thread.step];
  if (start.kind == StepKind::api && start.row->thread == "import") return "importing this starts a thread";
  const knowledge::Api* owner = thread.object == unknown_value ? nullptr : model.evaluator().maker(thread.object);
  if (start.kind == StepKind::api && start.row->queue_put) return "the queue's feeder thread runs from the first item on";
  if (owner && owner->launch) return "its helper threads live as long as the pool";
  if (owner && owner->executor) return "its threads live until the pool is shut down";
  return "the thread that is started here may still run";
}

// Modules that the fork server imports before it forks.
std::vector<FileId> preloaded(const Model& model, const Trace& trace, uint32_t before) {
  Evaluator& evaluator = model.evaluator();
  std::vector<FileId> result;
  for (uint32_t i = 0; i < before; ++i) {
    const Step& step = trace.steps[i];
    if (step.kind != StepKind::api || !step.row->preload) continue;
    auto names = evaluator.argument(evaluator.arguments_of(step.site, step.frame), *step.row->preload);
    for (ValueId list : names ? evaluator.values_of(*names) : Values{})
      for (ValueId name : evaluator.elements(list))
        if (auto text = evaluator.constant_string({name})) {
          FileId file = model.program().find_module(*text, step.site.file);
          if (file != none) result.push_back(file);
        }
  }
  return result;
}

// The step that starts a thread while a preloaded module is imported, and which the server then has.
const Step* thread_of_server(const Model& model, const Trace& trace, uint32_t launch) {
  for (FileId file : preloaded(model, trace, launch)) {
    const Trace& module = model.body(file);
    if (module.steps.empty()) continue;
    for (const LiveThread& thread : live_threads(model.evaluator(), module, uint32_t(module.steps.size() - 1)))
      if (thread.step != none && module.steps[thread.step].condition.guard == Guard::none) return &module.steps[thread.step];
    const Step& last = module.steps.back();
    if (last.kind == StepKind::api && last.condition.guard == Guard::none && last.row->starts) return &last;
  }
  return nullptr;
}

// os.register_at_fork(before=…), in the module that starts the thread: it stops it for the time of the fork.
bool stopped_before_fork(const Model& model, const Trace& trace, const LiveThread& thread, uint32_t launch) {
  if (thread.step == none) return false;
  Evaluator& evaluator = model.evaluator();
  for (uint32_t i = 0; i < launch; ++i) {
    const Step& step = trace.steps[i];
    if (step.kind != StepKind::api || !step.row->at_fork || step.site.file != trace.steps[thread.step].site.file) continue;
    for (const ArgumentRef& argument : evaluator.arguments_of(step.site, step.frame))
      if (argument.keyword != 0 && evaluator.symbol(argument.keyword) == "before") return true;
  }
  return false;
}

// worker = Thread(…) if … else Process(…), or a method that one class writes so and another one so: a program that has
// chosen threads does not start processes in their place.
bool alternatives(const Model& model, ValueId thread, ValueId process) {
  if (thread == unknown_value || process == unknown_value) return false;
  const Value a = model.evaluator().value(thread), b = model.evaluator().value(process);
  if (a.index == none || b.index == none || a.file != b.file) return false;
  const File& file = model.file(a.file);
  ScopeId x = file.scope_of(a.index), y = file.scope_of(b.index);
  if (x == y) return x != 0 && !may_follow(model.evaluator(), a.file, std::min(a.index, b.index), std::max(a.index, b.index), a.frame, Rounds::several);
  const facts::Scope& one = file.facts.scopes[x];
  const facts::Scope& other = file.facts.scopes[y];
  auto is_method = [&](const facts::Scope& scope) { return scope.parent != none && file.facts.scopes[scope.parent].kind == facts::ScopeKind::class_; };
  return one.name == other.name && one.parent != other.parent && is_method(one) && is_method(other);
}

void check(const Model& model, engine::Report& report) {
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    const Trace& trace = model.trace_of(launch);
    if (launch.site.event == none || launch.row->launch->executes || launch.method.by == ChosenBy::unknown) continue;
    StartMethods possible = launch.method.methods & (StartMethod::fork | StartMethod::forkserver);
    if (possible.empty()) continue;
    std::vector<LiveThread> alive = live_threads(model.evaluator(), trace, launch.step);
    StartMethods methods;
    const LiveThread* first = nullptr;
    for (const LiveThread& thread : alive) {
      // Another thing that the same call may mean, or helpers of what is started here.
      bool own = thread.object != unknown_value && launch.object != unknown_value && same_object(model.evaluator(), thread.object, launch.object);
      bool same_call = thread.step != none && trace.steps[thread.step].site == launch.site && trace.steps[thread.step].frame == launch.frame;
      // The loop over a loader iterates, but starts it once.
      bool once = !launch.condition.repeated || launch.row->launch->starts == knowledge::Starts::iterate;
      if ((own || same_call) && once) continue;
      if (stopped_before_fork(model, trace, thread, launch.step) || alternatives(model, thread.object, launch.object)) continue;
      if (thread.step != none && trace.steps[thread.step].condition.platforms == platform_windows) continue;  // nothing is forked there
      // The fork server imports main before it forks, from 3.13.8 and 3.14.1 on: it then has such a thread as well.
      bool server = thread.at_import && server_runs_main(model, launch);
      StartMethods here = server ? possible : possible & StartMethod::fork;
      methods |= here;
      if (!here.empty() && (!first || (thread.certain && !first->certain))) first = &thread;
    }
    const Step* server = possible.has(StartMethod::forkserver) ? thread_of_server(model, trace, launch.step) : nullptr;
    if (server && (!first || !methods.has(StartMethod::forkserver))) {
      report.finding(launch.site, "Forks from a server in which a preloaded module has started a thread")
          .under(StartMethod::forkserver, "hangs")
          .label(server->site, "the server starts this thread when it imports the module; its children do not have it")
          .confidence(server->condition.certain() && launch.condition.certain() ? Confidence::likely : Confidence::possible)
          .launch(i);
    }
    if (!first) continue;
    engine::Draft draft = report.finding(launch.site, first->step == none ? "Forks in a thread, beside the main thread" : "Forks while another thread may be running");
    draft.under(methods, "hangs").launch(i).confidence(first->certain && launch.condition.certain() ? Confidence::likely : Confidence::possible);
    if (first->step != none) draft.path(trace, first->step).label(trace.steps[first->step].site, started_here(model, trace, *first));
    else draft.label(trace.steps[trace.steps[launch.step].thread].site, "this thread forks while the main thread goes on");
    draft.label(launch.site, "the child has no other thread, and every lock as it was; start processes before threads, or use spawn");
  }
  fork_with_live_thread_native(model, report);
}

}  // namespace

extern const engine::Rule fork_with_live_thread = {
    .code = "PSM401", .name = "fork-with-live-thread", .family = "inherited_state",
    .summary = "A process is forked while another thread may be running", .severity = engine::Severity::warning, .languages = "py c", .check = check};

}  // namespace forklint::rules
