// One compile command to facts, in this process. May crash or take for ever: whoever cares runs it in a worker.
#pragma once

#include "analyzer/frontends/cpp/protocol.h"

namespace forklint::frontends::cpp {

Unit analyse(const Command& command);

}  // namespace forklint::frontends::cpp
