// Everything that a program may start with, walked: each file as the main program, then functions that nothing known calls.
#pragma once

#include <memory>
#include <vector>

#include "analyzer/model/timeline.h"

namespace forklint::model {

struct Walked {
  std::unique_ptr<Evaluator> evaluator;  // of all ids in the traces
  std::unique_ptr<Walker> walker;
  std::vector<Trace> traces;             // mains in the order of the files, then functions
};

// On up to `jobs` threads (0: one per processor); the result does not depend on how many.
Walked walk_entries(const Program& program, unsigned jobs);

}  // namespace forklint::model
