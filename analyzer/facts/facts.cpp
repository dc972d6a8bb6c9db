#include "analyzer/facts/facts.h"

namespace forklint::facts {

std::string_view to_string(Op op) {
  static constexpr std::string_view names[] = {
#define OP(name, ...) #name,
#include "analyzer/facts/ops.def"
  };
  return names[size_t(op)];
}

std::string_view to_string(RegionKind kind) {
  static constexpr std::string_view names[] = {
#define REGION(name, ...) #name,
#include "analyzer/facts/ops.def"
  };
  return names[size_t(kind)];
}

std::string_view to_string(ScopeKind kind) {
  static constexpr std::string_view names[] = {"module", "class", "function", "lambda", "comprehension"};
  return names[size_t(kind)];
}

std::string_view to_string(ParameterKind kind) {
  static constexpr std::string_view names[] = {"positional_only", "positional", "variadic", "keyword_only", "keywords"};
  return names[size_t(kind)];
}

}  // namespace forklint::facts
