// A forked child has every lock as it was at the fork. One that the forking thread, or a thread that is not there any
// more, was holding is never given back: the child that takes it waits for ever.
#include <algorithm>

#include "rules/inherited_state/child_code.h"
#include "rules/inherited_state/native.h"

namespace forklint::rules {
namespace {

using namespace model;

struct ChildStep {
  const Step* step;
  Values replaced;  // what the child has put something else in place of before
};

// What the child runs: the workers of the launch, or the child's branch after a raw fork.
std::vector<ChildStep> code_of_child(const Model& model, size_t i) {
  std::vector<ChildStep> result;
  const Trace& parent = model.trace_of(model.launches()[i]);
  each_child_step<Values>(model, i, [&](const Trace& of, const Step& step, Values& replaced) {
    if (&of != &parent && step.kind == StepKind::write_global && step.condition.certain()) add(replaced, model.evaluator().module_variable(step.file, step.name));
    if (step.kind == StepKind::api || step.kind == StepKind::with_enter) result.push_back({&step, replaced});
  });
  return result;
}

// The calls by which the body of a module registers handlers: those of the trace, and where it begins with a function those
// of all modules, which have run by then.
std::vector<Expression> registrations(const Model& model, const Trace& trace, uint32_t before) {
  std::vector<Expression> result;
  for (uint32_t i = 0; i < before; ++i)
    if (const Step& step = trace.steps[i]; step.kind == StepKind::api && step.row->at_fork) result.push_back({step.site, step.frame});
  if (trace.entry == Entry::main) return result;
  for (FileId id : model.program().python_files()) {
    const File& file = model.file(id);
    for (EventId event = file.facts.scopes[0].events.begin; event < file.facts.scopes[0].events.end; ++event) {
      if (file.event(event).op != Op::call || file.scope_of(event) != 0) continue;
      for (ValueId callee : Values(model.evaluator().evaluate({id, file.operand(event, 0)}, any_frame)))
        if (const knowledge::Api* row = model.evaluator().api(callee); row && row->at_fork) result.push_back({{id, event}, any_frame});
    }
  }
  return result;
}

// Whether a handler names the lock, or puts a new one in its place.
bool names_lock(const Model& model, ValueId handler, const Expression& registration, ValueId lock) {
  Evaluator& evaluator = model.evaluator();
  const Value it = evaluator.value(handler);
  if (it.kind == ValueKind::method) return same_object(evaluator, it.base, lock);
  if (it.kind != ValueKind::function && it.kind != ValueKind::bound) return false;
  const File& file = model.file(it.file);
  const FrameId frame = evaluator.enter(handler, {}, registration.site, registration.frame);
  for (EventId id = file.facts.scopes[it.index].events.begin; id < file.facts.scopes[it.index].events.end; ++id) {
    const Op op = file.event(id).op;
    Values named;
    if (op == Op::bind) named = evaluator.module_variable(it.file, file.event(id).name);
    if (op == Op::read || op == Op::attribute) named = evaluator.evaluate({it.file, id}, frame);
    if (std::any_of(named.begin(), named.end(), [&](ValueId value) { return same_object(evaluator, value, lock); })) return true;
  }
  return false;
}

// Handlers around the fork that name the lock give it back on both sides.
bool handled_at_fork(const Model& model, const Trace& trace, uint32_t before, ValueId lock) {
  Evaluator& evaluator = model.evaluator();
  const Value made = evaluator.value(lock);
  for (const Expression& registration : registrations(model, trace, before)) {
    // Where the lock is made its locks are looked after: handlers go through registries of objects, which are not followed.
    if (made.index != none && made.file == registration.site.file) return true;
    for (const ArgumentRef& argument : evaluator.arguments_of(registration.site, registration.frame))
      for (ValueId handler : evaluator.values_of(argument))
        if (names_lock(model, handler, registration, lock)) return true;
  }
  return false;
}

void check(const Model& model, engine::Report& report) {
  Evaluator& evaluator = model.evaluator();
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    const Trace& trace = model.trace_of(launch);
    if (launch.site.event == none || launch.row->launch->executes) continue;
    StartMethods possible = launch.method.methods & (StartMethod::fork | StartMethod::forkserver);
    if (possible.empty()) continue;
    std::vector<HeldLock> held = held_locks(evaluator, trace, launch.step);
    if (held.empty()) continue;
    bool done = false;
    for (const auto& [step, replaced] : code_of_child(model, i)) {
      Taking taken = taking(evaluator, *step);
      if (taken.lock == unknown_value || std::find(replaced.begin(), replaced.end(), taken.lock) != replaced.end()) continue;
      for (const HeldLock& lock : held) {
        if (done || !same_object(evaluator, lock.taken.lock, taken.lock)) continue;
        if (!lock.by_other && taken.reentrant) continue;  // the forking thread itself goes on in the child
        if (handled_at_fork(model, trace, launch.step, lock.taken.lock)) continue;
        // A thread that main starts on import runs in a fork server that preloads main, too.
        uint32_t thread = trace.steps[lock.step].thread;
        bool server = lock.by_other && thread != none && trace.entry == Entry::main && trace.steps[thread].condition.guard == Guard::none && server_runs_main(model, launch);
        report.finding(launch.site, lock.by_other ? "Forks while another thread may hold a lock that the child takes" : "Forks while holding a lock that the child takes")
            .under((server ? possible : possible & StartMethod::fork) & step->condition.methods, "hangs")
            .label(trace.steps[lock.step].site, lock.by_other ? "another thread takes the lock here" : "the lock is taken here and held over the fork")
            .label(step->site, "the child waits here for a lock that nobody will release")
            .label(launch.site, lock.by_other ? "start the process before the thread, or use spawn" : "start the process outside the lock, or use spawn")
            .confidence(lock.by_other || !step->condition.certain() || !lock.certain ? Confidence::likely : Confidence::certain)
            .launch(i);
        done = true;
      }
    }
  }
  lock_held_at_fork_native(model, report);
}

}  // namespace

extern const engine::Rule lock_held_at_fork = {
    .code = "PSM402", .name = "lock-held-at-fork", .family = "inherited_state",
    .summary = "A lock that may be held at the fork is taken in the child", .severity = engine::Severity::error, .languages = "py c", .check = check};

}  // namespace forklint::rules
