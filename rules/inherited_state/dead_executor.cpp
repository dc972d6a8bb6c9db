// A pool of threads, a pool's helper threads or a pending future that a forked child inherits are there in memory only:
// the threads behind them are the parent's. What the child hands to them never runs, and it waits for ever.
#include <algorithm>

#include "rules/inherited_state/child_code.h"
#include "rules/inherited_state/native.h"

namespace forklint::rules {
namespace {

using namespace model;

struct ChildStep {
  const Trace* trace;
  const Step* step;
  bool made_first;  // the worker or its initializer has put a new one in its place before
};

// A write that runs only where nothing was there: what was inherited stays.
bool only_fills(const Model& model, const Step& write) {
  const File& file = model.file(write.site.file);
  for (RegionId region = file.event(write.site.event).region; region != none; region = file.facts.regions[region].parent) {
    EventId test = file.facts.regions[region].subject;
    if (file.facts.regions[region].kind != facts::RegionKind::then_arm || test == none) continue;
    if (file.event(test).op == Op::unary) return true;
    if (file.event(test).op == Op::compare && file.operand(test, 1) != none && file.event(file.operand(test, 1)).op == Op::null) return true;
  }
  return false;
}

std::vector<ChildStep> code_of_child(const Model& model, size_t i) {
  std::vector<ChildStep> result;
  const Trace& parent = model.trace_of(model.launches()[i]);
  each_child_step<bool>(model, i, [&](const Trace& of, const Step& step, bool& made) {
    bool writes = step.kind == StepKind::write_global || step.kind == StepKind::write_attribute;
    made |= &of != &parent && writes && !only_fills(model, step);
    result.push_back({&of, &step, made});
  });
  return result;
}

// Whether the object, or what it was made by, is one whose threads the child does not have.
const LiveThread* dead_owner(const Model& model, const std::vector<LiveThread>& alive, ValueId object) {
  Evaluator& evaluator = model.evaluator();
  for (int depth = 0; depth < 3 && object != unknown_value; ++depth, object = evaluator.value(object).base)
    for (const LiveThread& thread : alive) {
      if (!same_object(evaluator, thread.object, object)) continue;
      const knowledge::Api* maker = evaluator.maker(thread.object);
      return maker && (maker->executor || maker->launch) ? &thread : nullptr;
    }
  return nullptr;
}

void check(const Model& model, engine::Report& report) {
  Evaluator& evaluator = model.evaluator();
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    const Trace& trace = model.trace_of(launch);
    if (launch.row->launch->executes || !launch.method.methods.has(StartMethod::fork) || arranges_for_forks(trace, launch.step)) continue;
    std::vector<LiveThread> alive = live_threads(evaluator, trace, launch.step);
    if (alive.empty()) continue;
    // A fork server that imports main before it forks has the threads, and its children lack them just so.
    bool preloaded = server_runs_main(model, launch);
    std::vector<const LiveThread*> told;  // the first use fails; what comes after it is the same fault
    for (const ChildStep& it : code_of_child(model, i)) {
      const Step& step = *it.step;
      if (step.kind != StepKind::api || it.made_first) continue;
      bool hands_over = step.row->thread == "call" || step.row->task.has_value();
      if (!hands_over && !step.row->awaits_result) continue;
      const Value& callee = evaluator.value(step.subject);
      const LiveThread* dead = callee.kind == ValueKind::method ? dead_owner(model, alive, callee.base) : nullptr;
      if (!dead || std::find(told.begin(), told.end(), dead) != told.end()) continue;
      told.push_back(dead);
      report.finding(step.site, hands_over ? "The child hands work to a pool whose threads only the parent has" : "The child waits for a result that only the parent's threads could bring")
          .under(dead->at_import && preloaded ? launch.method.methods & (StartMethod::fork | StartMethod::forkserver) : StartMethods(StartMethod::fork), "hangs")
          .label(trace.steps[dead->step].site, "its threads run in the parent from here on")
          .label(launch.site, "the child is forked here, without them; make the pool in the child, or end it before")
          .confidence(step.condition.certain() && dead->certain ? Confidence::certain : Confidence::likely)
          .launch(i);
    }
  }
  dead_executor_native(model, report);
}

}  // namespace

extern const engine::Rule dead_executor = {
    .code = "PSM403", .name = "dead-executor", .family = "inherited_state",
    .summary = "A thread pool or future of the parent is used in a forked child", .severity = engine::Severity::error, .languages = "py c", .check = check};

}  // namespace forklint::rules
