// A rule: a value and one function. It asks the model and reports; it never sees trees, text or JSON.
#pragma once

#include <string_view>

#include "analyzer/engine/finding.h"

namespace forklint::model {
class Model;
}

namespace forklint::engine {

class Report;

enum class Fixability : uint8_t { none, sometimes, always };

struct Rule {
  std::string_view code;     // "PSM101", permanent once released
  std::string_view name;     // kebab case, reads well after "allow"
  std::string_view family;   // the folder below rules/
  std::string_view summary;  // one phrase
  Severity severity = Severity::warning;
  std::string_view languages = "py";
  std::string_view since = "0.1";
  Fixability fix = Fixability::none;
  void (*check)(const model::Model&, Report&) = nullptr;  // null: reported by the engine itself (meta rules)
};

}  // namespace forklint::engine
