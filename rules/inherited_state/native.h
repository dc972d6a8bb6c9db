// The parts for C and C++ of rules of this folder that serve both languages.
#pragma once

#include "analyzer/engine/report.h"

namespace forklint::rules {

void fork_with_live_thread_native(const model::Model& model, engine::Report& report);
void lock_held_at_fork_native(const model::Model& model, engine::Report& report);
void dead_executor_native(const model::Model& model, engine::Report& report);
void duplicated_random_state_native(const model::Model& model, engine::Report& report);
void inherited_pipe_end_native(const model::Model& model, engine::Report& report);

}  // namespace forklint::rules
