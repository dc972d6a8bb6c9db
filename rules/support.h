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

}  // namespace forklint::rules
