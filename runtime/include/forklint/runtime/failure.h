// What became of a task that gave no result. A value: one bad task never ends a map.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "forklint/runtime/exit_info.h"

namespace forklint::runtime {

enum class FailureKind : uint8_t {
  thrown,            // the task threw an exception
  timed_out,         // it ran longer than the pool allows, and was stopped, native code included
  died,              // its worker ended while it ran: a signal, exit(), out of memory
  not_serialisable,  // its arguments could not be read there, or its result could not be written
  start_failed,      // there is no worker: it did not start, or its init function failed
  cancelled,         // the pool was cancelled or closed first
};
std::string_view name(FailureKind kind);

struct Failure {
  FailureKind kind = FailureKind::thrown;
  std::string type;           // of the exception: "std::runtime_error"
  std::string message;        // what(), or what happened, for people
  std::string trace;          // the exceptions nested in it, one a line, outermost first
  std::string input_preview;  // what the task was called with, cut
  ExitInfo exit;              // of the worker, when it ended
  std::string output;         // what the task wrote, where the pool captures it
  std::string errors;
  unsigned worker = 0;
  unsigned attempt = 1;       // how often it was tried
  uint64_t index = 0;         // in its map; 0 for apply and submit
};

// "task 3 died: SIGSEGV, in worker 1, with (7, \"x\")"
std::string describe(const Failure& failure);

template <class T>
using Outcome = std::expected<T, Failure>;

}  // namespace forklint::runtime
