// The part of dead-executor for C and C++: the child waits for a thread, a future or a runtime's pool that it does not have.
#include "rules/inherited_state/native.h"
#include "rules/native.h"

namespace forklint::rules {

using namespace native;

void dead_executor_native(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  if (program.forks().sites().empty()) return;
  auto uses_pool = [&](FunctionId id, const Call& call) { return program.effects().of_call(id, call, Effect::uses_pool) && !program.forks().only_child(id, call.event); };
  auto never = [](FunctionId, const Call&) { return false; };
  std::vector<const Native::Before*> pools(program.forks().sites().size());
  std::vector<Native::Before> used = program.before_forks(uses_pool, never);
  for (const Native::Before& before : used) pools[before.site] = &before;
  for (uint32_t index = 0; index < program.forks().sites().size(); ++index) {
    const ForkSite& site = program.forks().sites()[index];
    if (site.heir) continue;
    bool own_threads = false;
    for (const Call* call : program.child_calls(site)) {
      own_threads |= program.effects().of_call(site.function, *call, Effect::starts_thread).has_value();
      auto step = program.effects().of_call(site.function, *call, Effect::wrong);
      if (!step || own_threads) continue;
      std::vector<Place> way = program.effects().way(site.function, *step, Effect::wrong);
      const NativeApi* api = program.program().call_at(way.back().function, way.back().event)->api;
      bool pool = !api->pool.empty();
      if (pool ? !pools[index] : program.live_threads(index).empty()) continue;
      auto draft = report.finding(program.site({site.function, call->event}), "The child waits for " + api->reason + ", which it does not have");
      draft.under(StartMethod::fork, "hangs").confidence(step->sure ? Confidence::likely : Confidence::possible).launch_at(site.origin);
      if (pool) draft.label(program.site(pools[index]->start), "these threads are started here, in the parent");
      else label_thread(draft, program, program.live_threads(index).front());
      draft.label(site.origin, "the child is forked here, with one thread");
      label_way(draft, program, way, "and waits here");
      break;
    }
  }
}

}  // namespace forklint::rules
