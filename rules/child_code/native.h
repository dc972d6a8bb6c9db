// The parts for C and C++ of rules of this folder that serve both languages.
#pragma once

#include "analyzer/engine/report.h"

namespace forklint::rules {

void child_falls_through_native(const model::Model& model, engine::Report& report);
void child_runs_cleanup_native(const model::Model& model, engine::Report& report);

}  // namespace forklint::rules
