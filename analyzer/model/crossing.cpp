#include "analyzer/model/crossing.h"

#include <algorithm>
#include <unordered_set>

#include "analyzer/model/child_scopes.h"

namespace forklint::model {
namespace {

constexpr int most_callers = 8;
constexpr size_t most_attributes = 4;

bool is_task(PayloadKind kind) { return kind == PayloadKind::task || kind == PayloadKind::task_argument || kind == PayloadKind::task_element; }

// Under which methods an item is pickled: what goes with a launch only for fresh children, tasks always.
StartMethods pickled_under(const Launch& launch, const Payload& item) {
  StartMethods processes = launch.method.methods - StartMethod::threading;
  return item.always ? processes : processes - StartMethod::fork;
}

// A helper hands on what it is given: the caller wrote the value.
Site outermost(Evaluator& evaluator, Site site, FrameId frame) {
  for (int i = 0; i < most_callers; ++i) {
    auto given = evaluator.passed(site, frame);
    if (!given || given->site.event == none || given->star || given->double_star) break;
    site = given->site;
    frame = given->frame;
  }
  return site;
}

// What is seen when it is the child that cannot find the value: a pool replaces the worker and waits on.
std::string child_outcome(const Launch& launch, const Payload& item, const PickleProblem& problem) {
  const std::string& repeated = launch.row->launch->fails_at_import;
  bool pool = launch.row->launch->pool;
  if (pool && repeated.starts_with("raises:")) return repeated;
  if (pool && is_task(item.kind)) return "hangs";
  if (pool && !repeated.empty()) return repeated;
  return problem.outcome;
}

// A task whose handle nobody keeps: what fails in it is never told.
bool unheard(Evaluator& evaluator, const Trace& trace, const Payload& item) {
  if (!is_task(item.kind) || item.step == none || !trace.steps[item.step].row->task || !trace.steps[item.step].row->task->lazy_result) return false;
  return is_dropped(evaluator.program(), trace.steps[item.step].site);
}

}  // namespace

bool is_dropped(const Program& program, Site call) {
  const File& file = program.file(call.file);
  const facts::Scope& scope = file.facts.scopes[file.scope_of(call.event)];
  if (scope.kind == facts::ScopeKind::lambda || scope.kind == facts::ScopeKind::comprehension) return false;
  for (EventId id = call.event + 1; id < scope.events.end; ++id)
    for (uint32_t i = 0; i < file.event(id).operands_count; ++i)
      if (file.operand(id, i) == call.event) return false;
  return true;
}

std::vector<Crossing> crossings_of(Evaluator& evaluator, Pickling& pickling, const Trace& trace, const Launch& launch, const std::vector<Payload>& payload, const PickleContext& versions) {
  std::vector<Crossing> result;
  // What is made by code that only the child runs is not there yet when things are sent.
  std::optional<std::unordered_set<uint64_t>> of_child;
  auto made_in_child = [&](Site culprit) {
    if (culprit.event == none) return false;
    if (!of_child) of_child = child_scopes(evaluator, workers_of(evaluator, trace, launch));
    return stands_in(evaluator.program(), *of_child, culprit);
  };
  for (size_t i = 0; i < payload.size(); ++i) {
    const Payload& item = payload[i];
    StartMethods methods = pickled_under(launch, item);
    if (methods.empty()) continue;
    PickleContext context = versions;
    context.pickler = item.pickler;
    context.process_start = !is_task(item.kind);
    context.trace = &trace;
    context.step = item.step;
    if (!is_task(item.kind)) context.made = {launch.construction, launch.construction_frame};
    Values values = sent_values(evaluator, launch, item);
    for (size_t v = 0, tries = 0; v < values.size(); ++v) {
      ValueId value = values[v];
      auto problem = pickling.problem(value, context);
      if (!problem || made_in_child(problem->culprit)) continue;
      StartMethods under = problem->only_fresh ? methods - StartMethod::fork : methods;
      if (under.empty()) continue;
      bool known = std::any_of(result.begin(), result.end(), [&](const Crossing& other) {
        const Payload& before = payload[other.item];
        return before.kind == item.kind && before.step == item.step && other.problem.culprit == problem->culprit && other.problem.what == problem->what && item.kind == PayloadKind::task_element;
      });
      if (known) break;
      Crossing crossing{.item = i, .site = item.kind == PayloadKind::self ? item.site : outermost(evaluator, item.site, item.frame), .value = value, .problem = *problem, .methods = under, .outcome = problem->outcome};
      if (is_task(item.kind) && !launch.row->launch->unsent_error.empty()) crossing.outcome = launch.row->launch->unsent_error;
      if (unheard(evaluator, trace, item)) crossing.outcome = "wrong";
      if (problem->in_child) crossing.outcome = child_outcome(launch, item, *problem);
      crossing.certain = problem->certain && values.size() == 1;
      // A process object is told attribute by attribute; of any other value the first obstacle.
      bool more = item.kind == PayloadKind::self && problem->through_self && ++tries < most_attributes;
      if (more) context.told.push_back(problem->attribute_write);
      result.push_back(std::move(crossing));
      if (!more) break;
      --v;
    }
  }
  return result;
}

}  // namespace forklint::model
