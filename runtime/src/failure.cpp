#include "forklint/runtime/failure.h"

namespace forklint::runtime {

std::string_view name(FailureKind kind) {
  constexpr std::string_view names[] = {"thrown", "timed out", "died", "not serialisable", "start failed", "cancelled"};
  return names[int(kind)];
}

std::string describe(const Failure& failure) {
  std::string result = "task " + std::to_string(failure.index) + " " + std::string(name(failure.kind));
  if (!failure.type.empty()) result += " " + failure.type;
  if (!failure.message.empty()) result += ": " + failure.message;
  result += ", in worker " + std::to_string(failure.worker);
  if (failure.attempt > 1) result += ", attempt " + std::to_string(failure.attempt);
  if (!failure.input_preview.empty()) result += ", with " + failure.input_preview;
  return result;
}

}  // namespace forklint::runtime
