// Where a function goes behind a call that has given a certain number, and what it gives its own callers then.
#pragma once

#include "analyzer/model/native/forks.h"

namespace forklint::model::native {

struct Behind {
  Walked walked;
  ForkResult::Range returned;  // by all returns that it comes to; unknown where that may be anything
  bool comes_to(EventId event) const;
};

Behind behind(const Program& program, const Forks& forks, FunctionId function, EventId call, ForkResult::Range given);

// What a function returns once it has made a call that `does` judges to do something; unknown where that may be anything.
using CallJudge = std::function<bool(FunctionId, const Call&)>;
ForkResult::Range returned_when_done(const Program& program, const Forks& forks, FunctionId function, const CallJudge& does);

}  // namespace forklint::model::native
