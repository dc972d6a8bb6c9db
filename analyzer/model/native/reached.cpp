// What calls lead to, and whether something that is seen outside of the process is among it.
#include <map>
#include <unordered_set>

#include "analyzer/model/native/effects.h"

namespace forklint::model::native {

namespace {

// `follow` says whether a call to a function counts.
template <class Follow>
Reached reach_by(const Program& program, const Forks& forks, const std::vector<Reached::Entry>& start, size_t limit, Follow&& follow) {
  Reached result;
  std::unordered_set<FunctionId> seen;
  for (const Reached::Entry& entry : start)
    if (seen.insert(entry.function).second) result.entries.push_back(entry);
  for (uint32_t i = 0; i < result.entries.size(); ++i) {
    Reached::Entry from = result.entries[i];
    for (const Call& call : program.function(from.function).calls) {
      if (forks.only_child(from.function, call.event)) continue;
      for (FunctionId target : call.targets) {
        if (!follow(from.function, call.event, target)) continue;
        if (result.entries.size() >= limit) {
          result.complete = false;
          return result;
        }
        if (seen.insert(target).second) result.entries.push_back({target, i, call.event, from.sure && call.sure});
      }
    }
  }
  return result;
}

}  // namespace

Reached reach(const Program& program, const Forks& forks, const std::vector<Reached::Entry>& start, size_t limit) {
  return reach_by(program, forks, start, limit, [](FunctionId, EventId, FunctionId) { return true; });
}

Reached reach_doing(const Program& program, const Forks& forks, const Effects& effects, Effect effect, const std::vector<Reached::Entry>& start, size_t limit) {
  return reach_by(program, forks, start, limit, [&](FunctionId, EventId, FunctionId target) { return effects.of(target, effect) != nullptr; });
}

Reached reach_unharmed(const Program& program, const Forks& forks, const std::vector<Reached::Entry>& start, size_t limit) {
  return reach_by(program, forks, start, limit, [&](FunctionId from, EventId call, FunctionId target) { return !forks.dies(target) && !forks.doomed(from, call); });
}

bool can_go(const Program& program, const Forks& forks, const std::vector<Place>& way, Known known) {
  for (size_t i = 0; i < way.size(); ++i) {
    const auto [id, event] = way[i];
    if (!walk_knowing(program, forks, id, known).at(event)) return false;
    known = known_at(program, id, event, std::move(known));
    if (i + 1 < way.size()) known = known_in_callee(program, id, event, way[i + 1].function, std::move(known));
  }
  return true;
}

bool Effects::reaches_outside(FunctionId function, const Known& known) const {
  std::map<FunctionId, Walked> ways;
  auto comes_to = [&](FunctionId id, EventId at) {
    if (known.empty()) return true;
    auto [it, is_new] = ways.try_emplace(id);
    if (is_new) it->second = walk_knowing(program_, forks_, id, known);
    return it->second.at(at) != 0;
  };
  const Reached reached = reach_by(program_, forks_, {{function}}, 500, [&](FunctionId from, EventId call, FunctionId target) { return !forks_.dies(target) && !forks_.doomed(from, call) && comes_to(from, call); });
  if (!reached.complete) return true;
  for (const Reached::Entry& entry : reached.entries)
    for (const Call& call : program_.function(entry.function).calls)
      if (call.targets.empty() && is_outside(entry.function, call) && comes_to(entry.function, call.event)) return true;
  return false;
}

}  // namespace forklint::model::native
