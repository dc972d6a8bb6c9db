// Two threads: the tracer waits for the tree, the caller's reads the output and keeps the time.
#include "forklint/runtime/tree_watch.h"

#include <atomic>
#include <csignal>
#include <future>
#include <thread>

#include "process_state.h"
#include "tree_tracer.h"

namespace forklint::runtime {
namespace {

using std::chrono::milliseconds;

// Between the two: `exit` is written before `ended`.
struct Meeting {
  std::promise<Result<Child>> launched;
  ExitInfo exit;
  std::atomic<bool> ended = false;
};

void trace(const Command& command, Tracer& tracer, Meeting& meeting) {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, nullptr);  // the program's handlers run in its own threads
  auto child = launch_with(command, [&](int pid) { return tracer.seize(pid); });
  bool started = child.has_value();
  if (started) child->state().traced = true;
  meeting.launched.set_value(std::move(child));
  if (!started) return;
  tracer.follow([&](ExitInfo exit) {
    meeting.exit = std::move(exit);
    meeting.ended.store(true, std::memory_order_release);
  });
}

// True: it ended in time. Its end makes the pidfd readable, so no poll sleeps through it; the tracer's word follows at once.
bool read_until_end(Child::State& state, Meeting& meeting, Deadline deadline) {
  Child::State* states[] = {&state};
  while (!meeting.ended.load(std::memory_order_acquire)) {
    if (Clock::now() >= deadline || !pump(states, deadline)) return false;
  }
  return true;
}

}  // namespace

Result<Watched> watch_tree(const Command& command, const WatchOptions& options) {
  if (auto ready = become_subreaper(); !ready) return std::unexpected(ready.error());
  const unsigned limit = options.processes != 0 ? options.processes : command.limits.processes;
  Tracer tracer(options, limit);
  Meeting meeting;
  auto launched = meeting.launched.get_future();
  std::jthread thread(trace, std::cref(command), std::ref(tracer), std::ref(meeting));
  auto child = launched.get();
  if (!child) return std::unexpected(child.error());

  Child::State& state = child->state();
  Watched watched;
  watched.timed_out = !read_until_end(state, meeting, Clock::now() + options.timeout);
  if (watched.timed_out) state.ended_by_us = "it took longer than " + std::to_string(options.timeout.count()) + " ms";
  kill_tree(state, watched.timed_out ? options.grace : milliseconds(0));
  thread.join();
  state.traced = false;
  if (tracer.over_limit) {
    state.killed_by_us = true;
    state.ended_by_us = "more than " + std::to_string(limit) + " processes at a time";
  }
  end_with(state, std::move(meeting.exit));
  watched.exit = *state.exit;
  watched.output = child->output();
  watched.errors = child->errors();
  watched.events = std::move(tracer.events);
  watched.events_dropped = tracer.dropped;
  watched.most_processes = tracer.most;
  return watched;
}

}  // namespace forklint::runtime
