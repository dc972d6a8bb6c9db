// Compile commands to facts, in this process. May crash or take for ever: whoever cares runs it in a worker.
#pragma once

#include <memory>

#include "analyzer/frontends/cpp/protocol.h"

namespace forklint::frontends::cpp {

// What many units begin with, parsed and kept in memory, with the command that asked for it.
struct Preamble;
struct DeletePreamble {
  void operator()(Preamble* preamble) const;
};
using PreamblePtr = std::unique_ptr<Preamble, DeletePreamble>;

// The facts of the headers in a preamble. `kept` is what units can use from then on; nothing, when there are errors in it.
Unit prepare(const Command& command, PreamblePtr& kept);

// A unit's own facts and those of headers outside of the preamble. A unit that has errors with a preamble, or that asks for another one
// than `kept`, is read without.
Unit analyse(const Command& command, const Preamble* kept);

}  // namespace forklint::frontends::cpp
