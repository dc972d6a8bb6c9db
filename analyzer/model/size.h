// How much a value weighs when it is pickled, by what its expression says. Only the difference between a number and a
// long list matters.
#pragma once

#include "analyzer/model/evaluator.h"

namespace forklint::model {

struct Size {
  double bytes = 0;
  bool known = true;  // false: it holds something of which nothing is known; `bytes` is what the rest weighs
};

inline constexpr double endless = 1e9;  // as many elements as something unknown has

Size pickled_size(Evaluator& evaluator, Site value, FrameId frame);
// How often a loop goes round: the number of elements of what it iterates; `endless` when that is not known.
double rounds(Evaluator& evaluator, Site iterable, FrameId frame);

}  // namespace forklint::model
