// A run as a timeline: events in the JSON that Perfetto (ui.perfetto.dev) and chrome://tracing open.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "forklint/runtime/error.h"

namespace forklint::runtime {

struct TraceOptions {
  size_t max_bytes = size_t(64) << 20;  // of text kept; what comes after is counted, not kept
};

using TraceValue = std::variant<int64_t, double, std::string_view>;
using TraceArgs = std::initializer_list<std::pair<std::string_view, TraceValue>>;

// Where an event happened. Perfetto draws one track a thread, grouped by process. For a worker that is a thread, its number does for tid.
struct TraceTrack {
  int pid = 0;
  int tid = 0;
};

// Microseconds of the monotonic clock, which all processes of a machine share.
double trace_now();

// Collects events. Thread-safe. An event costs about a microsecond and 100 bytes plus its texts, which are copied.
class TraceWriter {
 public:
  explicit TraceWriter(TraceOptions options = {}) : options_(options) {}

  // Names are kept beside the limit; the last one given counts.
  void name_process(int pid, std::string_view name);
  void name_thread(TraceTrack track, std::string_view name);

  // Something that lasted. Times in microseconds of trace_now(); a negative duration counts as 0.
  void span(std::string_view name, std::string_view category, TraceTrack track, double start, double duration, TraceArgs args = {});
  // Something that happened at one moment.
  void instant(std::string_view name, std::string_view category, TraceTrack track, double at, TraceArgs args = {});
  // A value over time, drawn as a graph: tasks waiting, bytes in use.
  void counter(std::string_view name, int pid, double at, double value);
  // An arrow from inside one span to inside another, as from a submit to its task. `id` is the arrow's own.
  void arrow(std::string_view name, std::string_view category, uint64_t id, TraceTrack from, double left, TraceTrack to, double arrived);

  uint64_t kept() const;
  uint64_t dropped() const;

  // The whole trace as one JSON object. "otherData" says how many events were dropped.
  std::string json() const;
  // The same into a file; an existing one is replaced only once all is written.
  Result<void> write(const std::string& path) const;

 private:
  void keep(std::string event, uint64_t events = 1);

  TraceOptions options_;
  mutable std::mutex mutex_;
  std::string events_;  // separated by ",\n"
  std::string names_;
  uint64_t kept_ = 0;
  uint64_t dropped_ = 0;
};

}  // namespace forklint::runtime
