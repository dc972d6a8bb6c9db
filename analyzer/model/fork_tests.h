// What a test says of the two processes that os.fork leaves behind: which of them takes the branch.
#pragma once

#include "analyzer/model/conditions.h"

namespace forklint::model {

// The call of os.fork whose result a value is; it may be something else as well, an attribute's first value say.
std::optional<Site> fork_result(Evaluator& evaluator, Site site, FrameId frame);

// On this side of the fork, and no more.
Condition on_side(Site fork, Side side);

// pid == 0, pid > 0, 0 < pid, pid == -1; null where neither is the result of a fork.
std::optional<Condition> fork_test(Evaluator& evaluator, FrameId frame, Site left, std::string_view operation, Site right, bool holds);

// What a test in a frame says when it holds, or does not.
using TestReader = llvm::function_ref<Condition(Site test, FrameId frame, bool holds)>;

// worker = start(n); if worker is not None: where the function gives None on the one side of its fork and something else
// on the other.
std::optional<Condition> returned_side(Evaluator& evaluator, FrameId frame, Site value, bool null, TestReader read);

}  // namespace forklint::model
