// What several rules ask in the same words.
#pragma once

#include <string>
#include <string_view>

#include "analyzer/engine/report.h"
#include "analyzer/model/model.h"

namespace forklint::rules {

using engine::Confidence;
using engine::Severity;
using knowledge::StartMethod;
using knowledge::StartMethods;

// Methods whose child starts without the parent's memory and imports main again.
inline constexpr StartMethods fresh_methods = StartMethods(StartMethod::spawn) | StartMethod::forkserver;

// "multiprocessing.pool.Pool" -> "Pool"
inline std::string_view short_name(std::string_view qualified) {
  size_t dot = qualified.rfind('.');
  return dot == std::string_view::npos ? qualified : qualified.substr(dot + 1);
}

// The step that a guard would have to stand around: the outermost one in the module whose body does it.
uint32_t outermost(const model::Trace& trace, uint32_t step);

// Whether a step is reached while some module other than the program itself is imported.
bool in_import(const model::Trace& trace, uint32_t step);

// Whether something before `step` has certainly or possibly happened on the way to it: not in the other arm of a branch.
bool precedes(const model::Model& model, const model::Trace& trace, uint32_t earlier, uint32_t later);

}  // namespace forklint::rules
