// Two evaluators made into one: the values and frames of the other are interned here, and what it computed is kept.
#include "analyzer/model/evaluator.h"

namespace forklint::model {

Renamed Evaluator::absorb(Evaluator&& other) {
  Renamed now{{unknown_value}, {any_frame}};
  std::vector<SymbolId> symbols;
  for (const std::string& symbol : other.symbols_) symbols.push_back(intern(symbol));
  now.values.reserve(other.values_.size());
  now.frames.reserve(other.frames_.size());
  value_ids_.reserve(value_ids_.size() + other.value_ids_.size());
  memo_.reserve(memo_.size() + other.memo_.size());

  // Values name frames, and frames values, that were there before them: each side goes on as far as the other has come.
  auto next_value = [&] {
    const Value& it = other.values_[now.values.size()];
    if (it.frame >= now.frames.size()) return false;
    now.values.push_back(make({it.kind, it.file, it.index, now.frames[it.frame], symbols[it.symbol], now.values[it.base]}));
    return true;
  };
  auto next_frame = [&] {
    Frame frame = other.frames_[now.frames.size()];
    if (frame.receiver >= now.values.size()) return false;
    for (const ArgumentRef& argument : frame.arguments)
      if (argument.value >= now.values.size()) return false;
    frame.closure = now.frames[frame.closure];
    frame.caller = now.frames[frame.caller];
    frame.receiver = now.values[frame.receiver];
    for (ArgumentRef& argument : frame.arguments) argument = {argument.site, now.frames[argument.frame], symbols[argument.keyword], argument.star, argument.double_star, now.values[argument.value]};
    now.frames.push_back(intern_frame(std::move(frame)));
    return true;
  };
  while (now.values.size() < other.values_.size() || now.frames.size() < other.frames_.size()) {
    while (now.values.size() < other.values_.size() && next_value()) {}
    while (now.frames.size() < other.frames_.size() && next_frame()) {}
  }

  for (const auto& [key, result] : other.memo_) {
    auto [it, added] = memo_.try_emplace({key.file, key.event, now.frames[key.frame]}, uint32_t(results_.size()));
    if (!added) continue;
    results_.push_back(std::move(other.results_[result]));
    for (ValueId& value : results_.back()) value = now.values[value];
  }
  return now;
}

}  // namespace forklint::model
