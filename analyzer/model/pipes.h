// Which end of a pipe a value is, and what code does with it. A reader sees the end of a pipe when every copy of the other
// end is closed, in every process that has one.
#pragma once

#include <optional>
#include <vector>

#include "analyzer/model/launches.h"

namespace forklint::model {

// One of the two ends that a call gave; a file that was opened over it counts as the end itself.
struct PipeEnd {
  Site pipe;
  FrameId frame = any_frame;
  uint32_t end = 0;

  PipeEnd other() const { return {pipe, frame, 1 - end}; }
};
std::optional<PipeEnd> pipe_end(Evaluator& evaluator, ValueId value);
bool same_pipe(const PipeEnd& a, const PipeEnd& b);
inline bool same_end(const PipeEnd& a, const PipeEnd& b) { return same_pipe(a, b) && a.end == b.end; }

enum class PipeDeed : uint8_t { makes, closes, sends, receives, reads_to_end };

struct PipeUse {
  PipeDeed deed = PipeDeed::makes;
  PipeEnd end;             // for makes: the first one
  uint32_t step = none;
};

// What the steps of a trace do with ends of pipes, in order.
std::vector<PipeUse> pipe_uses(Evaluator& evaluator, const Trace& trace);

}  // namespace forklint::model
