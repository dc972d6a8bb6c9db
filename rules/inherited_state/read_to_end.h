// Reads that go on until nothing more comes.
#pragma once

#include "analyzer/model/native/native.h"

namespace forklint::rules {

// The descriptor of a call that reads in a loop which only the end of what it reads, or an error, ends; none of any other call.
model::native::EventId read_to_end(const model::native::Native& program, model::native::FunctionId function, const model::native::Call& call);

}  // namespace forklint::rules
