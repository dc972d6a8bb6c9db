// A generator of random numbers is its state. A fork copies it, as pickling does: every child that draws from the copy
// draws the same numbers.
#include <algorithm>

#include "analyzer/model/globals.h"
#include "analyzer/model/liveness.h"
#include "rules/inherited_state/child_code.h"
#include "rules/inherited_state/native.h"

namespace forklint::rules {
namespace {

using namespace model;

struct Drawing {
  const Trace* trace;
  const Step* step;
  bool seeded;  // the child has seeded or replaced a generator before
};

// `except Exception`, or bare: what nobody expects. Where a KeyError is caught it may well be the rule.
bool catches_anything(const File& file, const facts::Region& arm) {
  if (arm.subject == none) return true;
  return file.event(arm.subject).op == Op::read && (file.name_of(arm.subject) == "Exception" || file.name_of(arm.subject) == "BaseException");
}

// Only where something has failed: in such an except, or called from there.
bool after_error(const Model& model, const Trace& trace, const Step& step) {
  for (const Step* it = &step;; it = &trace.steps[it->parent]) {
    const facts::FileFacts& f = model.file(it->site.file).facts;
    for (RegionId region = f.events[it->site.event].region; region != none; region = f.regions[region].parent)
      if (f.regions[region].kind == facts::RegionKind::except_arm && catches_anything(model.file(it->site.file), f.regions[region])) return true;
    if (it->parent == none) return false;
  }
}

std::vector<Drawing> drawings(const Model& model, size_t i) {
  std::vector<Drawing> result;
  each_child_step<bool>(model, i, [&](const Trace& of, const Step& step, bool& seeded) {
    seeded |= step.kind == StepKind::api && step.row->seeds;
    if (step.kind == StepKind::write_global && !step.condition.uncertain) {
      const File& file = model.file(step.site.file);
      EventId value = file.operand(step.site.event, 0);
      for (ValueId made : value == none ? Values{} : Values(model.evaluator().evaluate({step.site.file, value}, step.frame)))
        if (const knowledge::Api* maker = model.evaluator().maker(made); maker && maker->random_generator) seeded = true;
    }
    if (step.kind != StepKind::api || !step.row->draws || step.row->reseeded_after_fork || after_error(model, of, step)) return;
    // The body of a module: a fork copies what the parent has imported, and does not run it again.
    const bool in_module = &of != &model.trace_of(model.launches()[i]) && model.file(step.site.file).scope_of(step.site.event) == 0;
    if (!in_module) result.push_back({&of, &step, seeded});
  });
  return result;
}

// A function binds it to a variable of the module.
bool kept_by_module(const Evaluator& evaluator, const Value& made) {
  const File& file = evaluator.program().file(made.file);
  constexpr EventId near = 4;
  for (EventId id = made.index + 1; id < file.facts.events.size() && id <= made.index + near; ++id)
    if (file.event(id).op == Op::bind && file.operand(id, 0) == made.index) return file.binding_scope(file.scope_of(id), file.event(id).name) == 0;
  return false;
}

// Made inside the child's own code: a generator of its own. What is made where there is none yet, the parent has made.
bool made_in_child(Evaluator& evaluator, const Trace& trace, const Launch& launch, const Trace& child, const Value& made) {
  bool raw = &trace == &child;
  for (uint32_t i = 0; i < child.steps.size(); ++i) {
    const Step& step = child.steps[i];
    if (raw && (i <= launch.step || step.condition.side_of(launch.site) != Side::child)) continue;
    if (step.kind != StepKind::api || step.site != made.site()) continue;
    auto by_parent = [&](const Step& other) { return other.kind == StepKind::api && other.site == step.site; };
    if (!raw && step.condition.uncertain && kept_by_module(evaluator, made) && std::any_of(trace.steps.begin(), trace.steps.begin() + launch.step, by_parent)) continue;
    Value here = made;
    here.frame = step.frame;
    if (same_object(evaluator, evaluator.make(here), evaluator.make(made))) return true;
  }
  return false;
}

// One process, started once: its numbers are repeated only if the parent, or another child, draws as well.
bool draws_alone(const Model& model, size_t i, const std::vector<std::vector<Drawing>>& drawn) {
  const Launch& launch = model.launches()[i];
  const Trace& trace = model.trace_of(launch);
  if (launch.row->launch->pool || launch.condition.repeated || trace.entry != Entry::main) return false;
  for (size_t other = 0; other < drawn.size(); ++other)
    if (other != i && model.launches()[other].trace == launch.trace && !drawn[other].empty()) return false;
  return std::none_of(trace.steps.begin(), trace.steps.end(), [&](const Step& step) {
    return step.kind == StepKind::api && step.row->draws && !step.row->reseeded_after_fork && (!launch.row->launch->raw_fork || step.condition.side_of(launch.site) != Side::child);
  });
}

void check(const Model& model, engine::Report& report) {
  Evaluator& evaluator = model.evaluator();
  std::vector<std::vector<Drawing>> drawn;
  for (size_t i = 0; i < model.launches().size(); ++i) drawn.push_back(model.launches()[i].row->launch->executes ? std::vector<Drawing>() : drawings(model, i));
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    const Trace& trace = model.trace_of(launch);
    if (drawn[i].empty() || draws_alone(model, i, drawn)) continue;
    for (const Drawing& it : drawn[i]) {
      if (it.seeded) continue;
      const Value& callee = evaluator.value(it.step->subject);
      StartMethods methods = launch.method.methods & StartMethod::fork;
      bool preloaded = server_runs_main(model, launch);
      Site made;
      if (callee.kind == ValueKind::method) {
        const Value generator = evaluator.value(callee.base);
        const knowledge::Api* maker = evaluator.maker(callee.base);
        if (!maker || !maker->random_generator || maker->reseeded_after_fork || generator.index == none) continue;
        if (made_in_child(evaluator, trace, launch, *it.trace, generator)) continue;
        made = generator.site();
        const File& file = model.file(generator.file);
        if (file.event(generator.index).op != Op::call) continue;  // an annotation says of which type it is, not where it was made
        ScopeId scope = file.scope_of(generator.index);
        while (scope != 0 && file.facts.scopes[scope].kind == facts::ScopeKind::class_) scope = file.facts.scopes[scope].parent;
        // What the parent's functions make is sent with the work, unless a global keeps it.
        bool global = generator.frame == any_frame;
        if (scope == 0 && preloaded) methods = launch.method.methods & (StartMethod::fork | StartMethod::forkserver);
        if (!global) methods = launch.method.methods & knowledge::fork_spawn_forkserver;
        // Made by a function that the child would call itself: it is there already only if the parent has called it.
        if (scope != 0 && global) {
          bool before = false;
          for (uint32_t step = 0; step < launch.step; ++step) before |= trace.steps[step].site == generator.site();
          if (!before) continue;
        }
      } else if (preloaded) {
        methods = launch.method.methods & (StartMethod::fork | StartMethod::forkserver);
      }
      engine::Draft draft = report.finding(it.step->site, "Every child draws the same numbers from a copy of one generator");
      draft.under(methods & it.step->condition.methods, "wrong").launch(i).confidence(it.step->condition.certain() ? Confidence::likely : Confidence::possible);
      draft.label(made, "its state is made here").label(launch.site, "and copied to the child here; seed it in the child, or send each child a seed of its own");
    }
  }
  duplicated_random_state_native(model, report);
}

}  // namespace

extern const engine::Rule duplicated_random_state = {
    .code = "PSM406", .name = "duplicated-random-state", .family = "inherited_state",
    .summary = "Children draw from copies of one random generator", .severity = engine::Severity::error, .languages = "py c", .check = check};

}  // namespace forklint::rules
