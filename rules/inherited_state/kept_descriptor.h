// What keeps a descriptor that a call opens.
#pragma once

#include "analyzer/model/native/native.h"

namespace forklint::rules {

// The variable or field that does, also where a local variable has it first; empty for what is local.
model::native::Object kept_in(const model::native::Program& code, model::native::FunctionId function, const model::native::Call& call);

}  // namespace forklint::rules
