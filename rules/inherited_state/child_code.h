// What the child of a launch runs, for rules that ask what it did before.
#pragma once

#include "rules/support.h"

namespace forklint::rules {

// Visits what the child runs, in order: its branch after a raw fork, then the initializers of the workers, then each other
// worker. State is what the rule remembers on the way; every worker goes on from what the initializers left in it.
template <class State, class Visit>
void each_child_step(const model::Model& model, size_t launch, Visit&& visit) {
  const model::Trace& trace = model.trace_of(model.launches()[launch]);
  State initialized{};
  for (uint32_t step : model::child_steps(trace, model.launches()[launch])) visit(trace, trace.steps[step], initialized);
  for (bool initializers : {true, false})
    for (const model::WorkerTrace& worker : model.workers(launch)) {
      if ((worker.worker.kind == model::PayloadKind::initializer) != initializers) continue;
      State own = initialized;
      for (const model::Step& step : worker.trace.steps) visit(worker.trace, step, own);
      if (initializers) initialized = std::move(own);
    }
}

}  // namespace forklint::rules
