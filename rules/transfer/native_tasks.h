// What is given to the workers of a pool of processes, in C and C++.
#pragma once

#include <vector>

#include "rules/native.h"

namespace forklint::rules {

struct NativeTask {
  native::FunctionId function = facts::none;
  native::Place given_at;               // the call that hands it over: of the pool, or of a function of the program that does
  std::vector<facts::EventId> arguments;  // bound to it there, in the order of its parameters
};

// The functions that the workers of a launch run, as far as they are seen: a lambda or function, through what wraps it and through parameters.
std::vector<NativeTask> native_tasks(const native::Program& program, native::Place launch, const knowledge::NativeApi& pool);

}  // namespace forklint::rules
