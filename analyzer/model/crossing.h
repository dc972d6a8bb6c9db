// What of a payload cannot cross: the values that pickle refuses, or that the child does not find, with the place where
// a reader would point and the methods under which it matters.
#pragma once

#include "analyzer/model/launches.h"
#include "analyzer/model/pickling.h"

namespace forklint::model {

struct Crossing {
  size_t item = 0;       // index into the payload
  Site site;             // the value, as far out as callers hand it in
  ValueId value = unknown_value;
  PickleProblem problem;
  StartMethods methods;
  std::string outcome;   // what is seen: where the sender fails, or the child
  bool certain = true;   // false: the value may be another one
};

// Whether nothing is done with the result of a call.
bool is_dropped(const Program& program, Site call);

// Each value is told once for each launch or task that sends it.
std::vector<Crossing> crossings_of(Evaluator& evaluator, Pickling& pickling, const Trace& trace, const Launch& launch, const std::vector<Payload>& payload, const PickleContext& versions);

}  // namespace forklint::model
