// Output of any number of children through one poll loop.
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "process_state.h"
#include "take_exit.h"

namespace forklint::runtime {
namespace {

constexpr size_t tail_size = 4096;

void keep(Child::State& state, Capture& capture, Stream stream, std::string_view text) {
  if (state.on_line) hand_out_lines(capture.line, text, [&](std::string_view line) { state.on_line(stream, line); });
  capture.append(text, state.capture_limit);
}

void close_stream(Child::State& state, Capture& capture, Stream stream) {
  if (state.on_line && !capture.line.empty()) state.on_line(stream, capture.line);
  capture.line.clear();
  capture.pipe.reset();
}

// One read: streams take turns, a flood on one does not hold up the others. False: nothing there now.
bool read_some(Child::State& state, Capture& capture, Stream stream) {
  char buffer[65536];
  ssize_t got = ::read(capture.pipe.get(), buffer, sizeof buffer);
  if (got > 0) keep(state, capture, stream, {buffer, size_t(got)});
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) close_stream(state, capture, stream);
  return got > 0;
}

// What was in the pipe when the child ended; what a grandchild writes for ever after is not waited for.
void drain(Child::State& state, Capture& capture, Stream stream) {
  if (!capture.pipe.open()) return;
  int waiting = 0;
  ::ioctl(capture.pipe.get(), FIONREAD, &waiting);
  size_t before = capture.dropped + capture.bytes.size();
  while (capture.pipe.open() && capture.dropped + capture.bytes.size() - before < size_t(waiting)) {
    if (!read_some(state, capture, stream)) break;
  }
  if (state.on_line && !capture.line.empty()) state.on_line(stream, capture.line);
  capture.line.clear();
}

timespec time_left(Deadline until) {
  auto left = std::clamp<Clock::duration>(until - Clock::now(), Clock::duration::zero(), std::chrono::hours(1));
  auto whole = std::chrono::floor<std::chrono::seconds>(left);
  return {time_t(whole.count()), long(std::chrono::nanoseconds(left - whole).count())};
}

}  // namespace

static std::string tail(const Capture& capture) { return capture.bytes.substr(capture.bytes.size() - std::min(capture.bytes.size(), tail_size)); }

void end_with(Child::State& state, ExitInfo exit) {
  drain(state, state.output, Stream::output);
  drain(state, state.errors, Stream::errors);
  exit.stderr_tail = tail(state.errors);
  exit.ended_by_us = state.ended_by_us;
  exit.out_of_memory = looks_out_of_memory(exit, state.limits, state.killed_by_us);
  state.exit = std::move(exit);
  state.reaped = true;
}

Result<void> finish(Child::State& state) {
  if (state.exit || state.traced) return {};
  auto exit = take_exit(state.pidfd.get());
  if (!exit) return std::unexpected(exit.error());
  if (*exit) end_with(state, std::move(**exit));
  return {};
}

Result<void> pump(std::span<Child::State* const> states, Deadline until) {
  struct Source { Child::State* state; Capture* capture; Stream stream; };
  std::vector<pollfd> watched;
  std::vector<Source> sources;
  for (Child::State* state : states) {
    if (state->exit) continue;
    watched.push_back({state->pidfd.get(), POLLIN, 0});
    sources.push_back({state, nullptr, Stream::output});
    if (state->output.pipe.open()) watched.push_back({state->output.pipe.get(), POLLIN, 0}), sources.push_back({state, &state->output, Stream::output});
    if (state->errors.pipe.open()) watched.push_back({state->errors.pipe.get(), POLLIN, 0}), sources.push_back({state, &state->errors, Stream::errors});
  }
  if (watched.empty()) return {};
  timespec left = time_left(until);
  int ready = ::ppoll(watched.data(), watched.size(), &left, nullptr);
  if (ready < 0) return errno == EINTR ? Result<void>{} : system_error("ppoll");
  for (size_t i = 0; i < watched.size() && ready > 0; i++) {
    if (watched[i].revents == 0) continue;
    ready--;
    if (sources[i].capture) {
      if (sources[i].capture->pipe.open()) read_some(*sources[i].state, *sources[i].capture, sources[i].stream);
    } else if (auto finished = finish(*sources[i].state); !finished) return finished;
  }
  return {};
}

}  // namespace forklint::runtime
