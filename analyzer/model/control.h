// Where control goes on one side of a raw fork: whether the child leaves the process, and how, or runs on into code
// that was written for the parent.
#pragma once

#include <vector>

#include "analyzer/model/launches.h"

namespace forklint::model {

struct ForkSide {
  bool tested = false;       // some condition tells this side from the other
  bool runs_on = false;      // it reaches the end of the entry without leaving the process
  bool exits = false;        // it leaves by an exception that unwinds: sys.exit
  Site exit;                 // where
  bool shared = false;       // and on the way it calls something that is not in its own branch
  Site first_shared;
  std::vector<Site> left;    // the managers of `with` statements around the fork that it leaves normally
  FrameId frame = any_frame;
};

// A cleanup that stands around the fork: `with` (site of the enter event) or `finally` (site of its first call).
struct Around {
  Site site;
  FrameId frame = any_frame;
  bool is_with = false;
};

ForkSide follow(Evaluator& evaluator, const Trace& trace, const Launch& launch, Side side);
std::vector<Around> around(Evaluator& evaluator, const Trace& trace, uint32_t step);

}  // namespace forklint::model
