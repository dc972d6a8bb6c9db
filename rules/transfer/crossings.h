// The rules of this shelf that judge what is sent ask the model once for what cannot cross, and share the obstacles.
#pragma once

#include <functional>

#include "rules/support.h"

namespace forklint::rules {

// One thing that cannot cross, with the launch or task that sends it.
struct Sent {
  size_t launch;
  const model::Launch& from;
  const model::Payload& item;
  const model::Crossing& crossing;
  // The value is an attribute of an object whose method, or which itself, is the code to run.
  bool drags_self() const;
  // "argument", "task", "target" …
  std::string_view role() const;
  // " in the attribute x", for what is reached through one.
  std::string where_held() const;
  // Where a reader would point.
  engine::Site site() const;
};

// Accepts what this obstacle, by itself, keeps from crossing.
inline auto takes_obstacle(model::Obstacle obstacle) {
  return [obstacle](const Sent& sent) { return sent.crossing.problem.obstacle == obstacle; };
}

// Reports what `takes` accepts, with `message`; `made` is said of the culprit where that stands elsewhere, `advice` is the
// last label, at the place that sends.
void report_sent(const model::Model& model, engine::Report& report, const std::function<bool(const Sent&)>& takes,
                 const std::function<std::string(const Sent&)>& message, std::string_view advice, std::string_view made = "is made here");

}  // namespace forklint::rules
