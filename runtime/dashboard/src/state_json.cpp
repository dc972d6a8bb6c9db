#include "dashboard/src/state_json.h"

#include "src/shown_text.h"

namespace forklint::runtime {
namespace {

using shown::json;

constexpr size_t message_columns = 500;

std::string json_of(const BarView& bar) {
  constexpr std::string_view states[] = {"running", "finished", "lost"};
  return "{\"id\":" + std::to_string(bar.id) + ",\"label\":" + json(bar.label) + ",\"done\":" + std::to_string(bar.done) +
         ",\"failed\":" + std::to_string(bar.failed) + ",\"total\":" + (bar.total ? std::to_string(*bar.total) : "null") +
         ",\"elapsed\":" + json(bar.elapsed) + ",\"rate\":" + json(bar.rate) + ",\"depth\":" + std::to_string(bar.depth) +
         ",\"pid\":" + std::to_string(bar.pid) + ",\"state\":" + json(states[int(bar.state)]) + "}";
}

std::string json_of(const DashboardPool& pool) { return "{\"name\":" + json(pool.name) + ",\"insights\":" + as_json(pool.insights) + "}"; }

std::string json_of(const DashboardFailure& failure) {
  return "{\"id\":" + std::to_string(failure.id) + ",\"pool\":" + json(failure.pool) + ",\"task\":" + std::to_string(failure.task) +
         ",\"worker\":" + std::to_string(failure.worker) + ",\"at\":" + json(failure.at) +
         ",\"message\":" + json(shown::cut(failure.message, message_columns)) + "}";
}

template <class T>
std::string json_of(const std::vector<T>& list) {
  std::string out = "[";
  for (const T& item : list) (out += out.size() > 1 ? "," : "") += json_of(item);
  return out += ']';
}

}  // namespace

std::string json_of_state(const DashboardState& state) {
  return "{\"title\":" + json(state.title) + ",\"bars\":" + json_of(state.bars) + ",\"pools\":" + json_of(state.pools) +
         ",\"failures\":" + json_of(state.failures) + "}";
}

std::string json_of_failure(const DashboardFailure& failure) {
  return "{\"id\":" + std::to_string(failure.id) + ",\"message\":" + json(failure.message) + ",\"trace\":" + json(failure.trace) + "}";
}

}  // namespace forklint::runtime
