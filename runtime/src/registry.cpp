#include "src/registry.h"

#include <unistd.h>

#include <deque>
#include <mutex>

#include "src/core.h"

namespace forklint::runtime {
namespace {

constexpr size_t most_failures = 100;

// Two locks, for a failure is noted under the lock of a pool, and pools are asked under that of the list. Never freed: a pool may
// outlive the statics.
struct Registry {
  pid_t owner = ::getpid();
  std::mutex pools_lock;
  std::vector<std::pair<Core*, std::string>> pools;
  uint64_t pools_ever = 0;
  std::mutex failures_lock;
  std::deque<PoolFailure> failures;
  uint64_t failures_ever = 0;
};

// A forked child begins with an empty one: the pools in its copy are not its own.
Registry& registry() {
  static std::mutex making;
  static Registry* one = nullptr;
  std::lock_guard lock(making);
  if (!one || one->owner != ::getpid()) one = new Registry;
  return *one;
}

}  // namespace

std::string enlist(Core& core, const std::string& name) {
  Registry& all = registry();
  std::lock_guard lock(all.pools_lock);
  ++all.pools_ever;
  all.pools.emplace_back(&core, name.empty() ? "pool " + std::to_string(all.pools_ever) : name);
  return all.pools.back().second;
}

void delist(Core& core) {
  Registry& all = registry();
  std::lock_guard lock(all.pools_lock);
  std::erase_if(all.pools, [&](const auto& entry) { return entry.first == &core; });
}

void note_failure(PoolFailure failure) {
  Registry& all = registry();
  std::lock_guard lock(all.failures_lock);
  failure.id = ++all.failures_ever;
  all.failures.push_back(std::move(failure));
  if (all.failures.size() > most_failures) all.failures.pop_front();
}

std::vector<LivePool> live_pools() {
  Registry& all = registry();
  std::lock_guard lock(all.pools_lock);
  std::vector<LivePool> result;
  for (auto& [core, name] : all.pools) result.push_back({name, core->insights()});
  return result;
}

std::vector<PoolFailure> recent_failures() {
  Registry& all = registry();
  std::lock_guard lock(all.failures_lock);
  return {all.failures.begin(), all.failures.end()};
}

}  // namespace forklint::runtime
