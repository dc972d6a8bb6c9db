// What the page asks for, as JSON.
#pragma once

#include <string>

#include "forklint/runtime/dashboard.h"

namespace forklint::runtime {

// All but the traces, which are asked for one by one when somebody opens them.
std::string json_of_state(const DashboardState& state);
std::string json_of_failure(const DashboardFailure& failure);

}  // namespace forklint::runtime
