// The part of dead-executor for C and C++: the child waits for a thread, a future or a runtime's pool that it does not have.
#include "rules/inherited_state/native.h"
#include "rules/native.h"

namespace forklint::rules {

using namespace native;

namespace {

// Whether a child does something that is seen outside behind a call of a way: it relies on what it has waited for.
bool goes_on_behind(const Native& program, const ForkSite& site, const std::vector<Place>& way) {
  const Program& code = program.program();
  for (const Place& step : way)
    for (const Call& call : code.function(step.function).calls) {
      if (call.event <= step.event || !program.effects().seen_outside(step.function, call)) continue;
      if (step.function != site.function || program.forks().child_runs(site, call.event)) return true;
    }
  return false;
}

}  // namespace

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
    bool own_threads = false, told_at_once = false;
    for (const Call* call : program.child_calls(site)) {
      own_threads |= program.effects().of_call(site.function, *call, Effect::starts_thread).has_value();
      auto step = program.effects().of_call(site.function, *call, Effect::wrong);
      if (!step || own_threads) continue;
      std::vector<Place> way = program.effects().way(site.function, *step, Effect::wrong);
      const NativeApi* api = program.program().call_at(way.back().function, way.back().event)->api;
      bool pool = !api->pool.empty();
      if (pool ? !pools[index] : program.live_threads(index).empty()) continue;
      if (api->back_at_once && (told_at_once || !goes_on_behind(program, site, way))) continue;
      const std::string does = api->back_at_once ? "The child joins " : "The child waits for ";
      auto draft = report.finding(program.site({site.function, call->event}), does + api->reason + ", which it does not have" + (api->back_at_once ? ": that comes back at once, with the work undone" : ""));
      draft.under(StartMethod::fork, api->back_at_once ? "wrong" : "hangs").confidence(step->sure ? Confidence::likely : Confidence::possible).launch_at(site.origin);
      if (pool) draft.label(program.site(pools[index]->start), "these threads are started here, in the parent");
      else label_thread(draft, program, program.live_threads(index).front());
      draft.label(site.origin, "the child is forked here, with one thread");
      label_way(draft, program, way, api->back_at_once ? "and goes on here as if the thread had ended" : "and waits here");
      told_at_once = api->back_at_once;  // what hangs further down is told, too
      if (!told_at_once) break;
    }
  }
}

}  // namespace forklint::rules
