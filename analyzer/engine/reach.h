// Which scopes of a file may lead to a launch, judged by names alone: those that mention a launching name, those that
// mention what is made of one, and so on. Wide on purpose: what is left out is never walked.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "analyzer/facts/facts.h"

namespace forklint::engine {

// Names, and how many steps from a launch: calls, or variables that hold what leads there.
using Distances = std::map<std::string, uint8_t, std::less<>>;

struct Reach {
  std::vector<uint8_t> scopes;  // by scope: 1 where a launch stands, 2 for what calls that …; 0: leads to none
  Distances names;              // variables of the module that lead there: functions, classes, contexts, pools
};

// `launching`: names that lead to a launch wherever they stand. Linear in the file.
Reach reach_of(const facts::FileFacts& facts, const Distances& launching);

}  // namespace forklint::engine
