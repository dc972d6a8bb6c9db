// Locks: who takes them, and who has not given them back.
#include <algorithm>

#include "analyzer/model/liveness.h"
#include "analyzer/model/order.h"

namespace forklint::model {
namespace {

using knowledge::Api;

bool is_false(Evaluator& evaluator, const Values& values) {
  return values.size() == 1 && evaluator.value(values[0]).kind == ValueKind::constant && (evaluator.symbol(evaluator.value(values[0]).symbol) == "False" || evaluator.symbol(evaluator.value(values[0]).symbol) == "0");
}

}  // namespace

Taking taking(Evaluator& evaluator, const Step& step) {
  Deed deed = deed_of(evaluator, step);
  if (!deed.row || !deed.row->acquires || deed.receiver == unknown_value) return {};
  ValueId lock = deed.receiver;
  const Api* maker = evaluator.maker(lock);
  if (!maker || !maker->lock || maker->mp_primitive) return {};
  if (step.kind == StepKind::api) {
    auto arguments = evaluator.arguments_of(step.site, step.frame);
    if (deed.row->waits_unless)
      if (auto argument = evaluator.argument(arguments, *deed.row->waits_unless); argument && is_false(evaluator, evaluator.values_of(*argument))) return {};
    if (deed.row->time_limit && evaluator.argument(arguments, *deed.row->time_limit)) return {};
  }
  const Value it = evaluator.value(lock);
  if (maker->lock_argument && it.index != none) {  // a condition over a lock is that lock
    auto arguments = evaluator.arguments_of(it.site(), it.frame);
    if (auto argument = evaluator.argument(arguments, *maker->lock_argument))
      for (ValueId inner : evaluator.values_of(*argument))
        if (const Api* made = evaluator.maker(inner); made && made->lock) {
          lock = inner;
          maker = made;
        }
  }
  return {lock, maker->reentrant};
}

std::vector<HeldLock> held_locks(Evaluator& evaluator, const Trace& trace, uint32_t at) {
  std::vector<HeldLock> result;
  uint32_t current = trace.steps[at].thread;
  for (uint32_t i = 0; i < at; ++i) {
    const Step& step = trace.steps[i];
    if (step.thread != current || exclusive(step, trace.steps[at])) continue;
    if (Taking taken = taking(evaluator, step); taken.lock != unknown_value) {
      if (may_follow(evaluator, trace, i, at, Rounds::several)) result.push_back({taken, i, false, step.condition.certain()});
      continue;
    }
    Deed deed = deed_of(evaluator, step);
    if (deed.row && deed.row->releases) {
      Step as_taken = step;
      as_taken.kind = StepKind::with_enter;
      as_taken.subject = deed.receiver;
      ValueId lock = taking(evaluator, as_taken).lock;
      std::erase_if(result, [&](const HeldLock& held) { return same_object(evaluator, held.taken.lock, lock == unknown_value ? deed.receiver : lock); });
    }
  }
  for (const LiveThread& thread : live_threads(evaluator, trace, at)) {
    if (thread.step == none) {  // the main thread, while this one runs: what it holds around the start of this one
      uint32_t start = current;
      for (HeldLock held : start == none ? std::vector<HeldLock>() : held_locks(evaluator, trace, start)) {
        if (held.by_other) continue;
        held.by_other = true;
        result.push_back(held);
      }
      continue;
    }
    for (uint32_t i = thread.step + 1; i < trace.steps.size(); ++i) {
      const Step& step = trace.steps[i];
      if (!inside(trace, i, thread.step)) {
        if (step.thread == none || step.thread < thread.step) break;
        continue;
      }
      if (step.thread != thread.step) continue;
      if (Taking taken = taking(evaluator, step); taken.lock != unknown_value) result.push_back({taken, i, true, false});
    }
  }
  return result;
}

}  // namespace forklint::model
