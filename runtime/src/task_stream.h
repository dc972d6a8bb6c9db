// One stream of a worker's output, cut into tasks: the worker writes a mark after each of them, before it gives the result. So what
// belongs to a task is in the pipe when its result is read. Internal.
#pragma once

#include <deque>
#include <functional>
#include <string>

#include "forklint/runtime/fd.h"
#include "src/output_text.h"

namespace forklint::runtime {

class TaskStream {
 public:
  // Nothing is kept beyond `limit` bytes a task. Without a mark all is one text, of which nothing is kept.
  void open(Fd pipe, std::string mark, size_t limit);
  void close();
  int fd() const { return pipe_.get(); }
  bool is_open() const { return pipe_.open(); }

  // Sees all text, in order; `ends`: here a task has ended.
  using Seen = std::function<void(std::string_view text, bool ends)>;
  // One read. False when there is nothing now or ever; closes at the end.
  bool read_some(const Seen& seen);
  // The text up to the mark of the frame with this id: it is read, if it is there. All that there is when no mark comes, for a task may
  // close its stream.
  std::string take(uint64_t id, const Seen& seen);
  // The text since the last mark.
  std::string take_rest(const Seen& seen);

 private:
  struct Text {
    uint64_t id = 0;
    std::string text;
  };
  void cut(const Seen& seen);
  void add(std::string_view text, const Seen& seen);

  Fd pipe_;
  std::string mark_;
  size_t limit_ = 0;
  std::string pending_;  // perhaps the beginning of a mark
  BoundedText current_;
  std::deque<Text> done_;
};

}  // namespace forklint::runtime
