// What functions do with their parameters by handing them on: a function that calls close(fd) closes what it is given.
#pragma once

#include <functional>
#include <vector>

#include "analyzer/model/native/program.h"

namespace forklint::model::native {

// By function the positions of the parameters that it, or what it calls, hands to a call as the argument in question.
using Handed = std::vector<std::vector<uint32_t>>;

// `argument` says which operand of a call it is; none: not of this call.
Handed handed_parameters(const Program& program, const std::function<EventId(FunctionId, const Call&)>& argument);

// The operands of a call that it hands on as such an argument.
std::vector<EventId> handed_by(const Program& program, const Handed& handed, FunctionId function, const Call& call);

}  // namespace forklint::model::native
