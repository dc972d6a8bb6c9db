// Which scopes of a file may lead to a launch, judged by names alone: those that mention a launching name, those that
// mention what is made of one, and so on. Wide on purpose: what is left out is never walked.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "analyzer/facts/facts.h"

namespace forklint::engine {

struct Reach {
  std::vector<char> scopes;        // by scope
  std::vector<std::string> names;  // variables of the module that lead there: functions, classes, contexts, pools
};

// `launching`: names that lead to a launch wherever they stand. Linear in the file.
Reach reach_of(const facts::FileFacts& facts, const std::unordered_set<std::string>& launching);

}  // namespace forklint::engine
