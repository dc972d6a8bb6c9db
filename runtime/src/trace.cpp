#include "forklint/runtime/trace.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "forklint/runtime/fd.h"
#include "src/shown_text.h"

namespace forklint::runtime {
namespace {

using shown::fixed;
using shown::json;

constexpr std::string_view separator = ",\n";

struct AsJson {
  std::string operator()(int64_t number) const { return std::to_string(number); }
  std::string operator()(double number) const { return json(number); }
  std::string operator()(std::string_view text) const { return json(text); }
};

std::string json_args(TraceArgs args) {
  std::string out = "{";
  for (const auto& [key, value] : args)
    (out += out.size() > 1 ? "," : "").append(json(key)).append(":").append(std::visit(AsJson{}, value));
  return out += '}';
}

std::string json_track(TraceTrack track) { return ",\"pid\":" + std::to_string(track.pid) + ",\"tid\":" + std::to_string(track.tid); }

// All that events have in common. Times keep three digits: nanoseconds.
std::string opened(std::string_view phase, std::string_view name, std::string_view category, TraceTrack track, double at) {
  return std::string("{\"ph\":\"").append(phase).append("\",\"name\":") + json(name) + ",\"cat\":" + json(category) + json_track(track) +
         ",\"ts\":" + (at > 0 ? fixed(at, 3) : "0");
}

std::string named(std::string_view what, TraceTrack track, std::string_view name) {
  return std::string("{\"ph\":\"M\",\"name\":\"").append(what).append("\"") + json_track(track) + ",\"args\":{\"name\":" + json(name) + "}}";
}

Result<void> write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("write");
    text.remove_prefix(size_t(written));
  }
  return {};
}

}  // namespace

double trace_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return double(now.tv_sec) * 1e6 + double(now.tv_nsec) / 1e3;
}

void TraceWriter::keep(std::string event, uint64_t events) {
  std::lock_guard lock(mutex_);
  if (events_.size() + event.size() + separator.size() > options_.max_bytes) {
    dropped_ += events;
    return;
  }
  if (!events_.empty()) events_ += separator;
  events_ += event;
  kept_ += events;
}

void TraceWriter::name_process(int pid, std::string_view name) {
  std::lock_guard lock(mutex_);
  names_.append(names_.empty() ? "" : separator).append(named("process_name", {pid, 0}, name));
}

void TraceWriter::name_thread(TraceTrack track, std::string_view name) {
  std::lock_guard lock(mutex_);
  names_.append(names_.empty() ? "" : separator).append(named("thread_name", track, name));
}

void TraceWriter::span(std::string_view name, std::string_view category, TraceTrack track, double start, double duration, TraceArgs args) {
  keep(opened("X", name, category, track, start) + ",\"dur\":" + (duration > 0 ? fixed(duration, 3) : "0") + ",\"args\":" + json_args(args) + "}");
}

void TraceWriter::instant(std::string_view name, std::string_view category, TraceTrack track, double at, TraceArgs args) {
  keep(opened("i", name, category, track, at) + ",\"s\":\"t\",\"args\":" + json_args(args) + "}");
}

void TraceWriter::counter(std::string_view name, int pid, double at, double value) {
  keep(opened("C", name, "counter", {pid, 0}, at) + ",\"args\":{\"value\":" + shown::json(value) + "}}");
}

void TraceWriter::arrow(std::string_view name, std::string_view category, uint64_t id, TraceTrack from, double left, TraceTrack to, double arrived) {
  std::string number = ",\"id\":" + std::to_string(id);
  // "bp":"e": the arrow ends at the span around it, not at the next one.
  keep(opened("s", name, category, from, left) + number + "}" + std::string(separator) + opened("f", name, category, to, arrived) + number + ",\"bp\":\"e\"}", 2);
}

uint64_t TraceWriter::kept() const {
  std::lock_guard lock(mutex_);
  return kept_;
}

uint64_t TraceWriter::dropped() const {
  std::lock_guard lock(mutex_);
  return dropped_;
}

std::string TraceWriter::json() const {
  std::lock_guard lock(mutex_);
  std::string out = "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"kept_events\":" + std::to_string(kept_) +
                    ",\"dropped_events\":" + std::to_string(dropped_) + "},\"traceEvents\":[\n";
  out += names_;
  if (!names_.empty() && !events_.empty()) out += separator;
  return (out += events_) += "\n]}\n";
}

Result<void> TraceWriter::write(const std::string& path) const {
  std::string beside = path + "." + std::to_string(::getpid()) + ".part";
  Fd file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file.open()) return system_error("open " + beside);
  Result<void> written = write_all(file.get(), json());
  if (written && std::rename(beside.c_str(), path.c_str()) != 0) written = system_error("rename " + beside);
  if (!written) ::unlink(beside.c_str());
  return written;
}

}  // namespace forklint::runtime
