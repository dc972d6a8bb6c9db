// What variables are known to be where code begins, and where it goes then: a handler runs with the signal that it is given, a child with
// the 0 that the fork left in a global variable.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "analyzer/model/native/forks.h"

namespace forklint::model::native {

// By variable or field the numbers that it may be, as Object::key. Only what is one of few numbers is kept.
using Known = std::map<std::string, std::vector<int64_t>>;

// A parameter as Known has it; empty when there is none in that position.
std::string key_of_parameter(const Program& program, FunctionId function, uint32_t position);

// What the arms around an event say of variables and fields: in `if (!command)` it is 0.
Known known_in_arms(const Program& program, FunctionId function, EventId event);

// What is known at an event of a function, of what is known at its beginning, or at an event before.
Known known_at(const Program& program, FunctionId function, EventId event, Known at_begin, EventId since = none);

// 1 and 0 where a condition is so for all that is known there, else -1.
int truth_knowing(const Program& program, FunctionId function, EventId condition, const Known& known);

// What is known at the beginning of a function that a call runs, of what is known at the call.
Known known_in_callee(const Program& program, FunctionId function, EventId call, FunctionId callee, Known at_call);

// Where a function goes with what is known at its beginning.
Walked walk_knowing(const Program& program, const Forks& forks, FunctionId function, const Known& at_begin);

}  // namespace forklint::model::native
