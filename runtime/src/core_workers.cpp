// Workers: their start, their end, and the time that they may take.
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "forklint/runtime/trace.h"
#include "src/core.h"
#include "src/pidfd.h"
#include "src/process_state.h"
#include "src/take_exit.h"
#include "src/worker.h"

namespace forklint::runtime {
namespace {

constexpr unsigned most_failed_starts = 3;  // in a row: then something is wrong with all of them
constexpr uint64_t first_pause = 20'000'000;  // nanoseconds before the second try; four times as long before each later one
constexpr int failed_to_execute = 127;
constexpr uint64_t count_every = 10'000'000;   // nanoseconds between two counts of processes

uint64_t nanoseconds(double seconds) { return uint64_t(seconds * 1e9); }

}  // namespace

void Core::start_missing() {
  if (closing_ || (sources_.empty() && again_.empty())) return;
  if (failed_starts_ < most_failed_starts && (failed_starts_ == 0 || now_nanoseconds() >= no_start_before_)) {
    // All are asked for before the first is waited for.
    std::vector<Worker*> asked;
    for (Worker& worker : workers_) {
      if (worker.state != State::absent) continue;
      if (auto sent = ask(worker); sent) asked.push_back(&worker);
      else count_failed_start(sent.error().what, false);
      if (failed_starts_ > 0) break;
    }
    for (Worker* worker : asked)
      if (auto met = meet(*worker); !met) count_failed_start(met.error().what, false);
  }
  if (failed_starts_ < most_failed_starts) return;
  auto absent = [](const Worker& worker) { return worker.state == State::absent; };
  // In turn, one that is missing holds up all.
  bool stuck = options_.order == Order::round_robin ? std::ranges::any_of(workers_, absent) : std::ranges::all_of(workers_, absent);
  if (stuck) fail_everything(FailureKind::start_failed, start_failure_);
}

void Core::count_failed_start(std::string reason, bool for_ever) {
  start_failure_ = std::move(reason);
  failed_starts_ = for_ever ? most_failed_starts : failed_starts_ + 1;
  no_start_before_ = now_nanoseconds() + (first_pause << std::min(2 * (failed_starts_ - 1), 10u));
}

Result<void> Core::ask(Worker& worker) {
  worker.asked_at = now_nanoseconds();
  worker.deadline = options_.start_timeout > 0 ? worker.asked_at + nanoseconds(options_.start_timeout) : 0;
  worker.sent = 0;
  worker.window = 2;
  worker.unread.clear();
  worker.unsent.clear();
  worker.unsent_from = 0;
  worker.verdict.reset();
  worker.ended_by_us.clear();
  worker.killed_at = 0;
  worker.killed_hard = false;
  worker.error_tail.clear();
  if (options_.method == StartMethod::threading) return start_thread(worker);
  std::byte* memory = memory_.memory + round_to_page(sizeof(Page)) + worker.number * block_size(options_.ring_size);
  new (memory) Block;
  worker.view = view_block(memory, options_.ring_size);
  auto ends = open_output(worker);
  if (!ends) return std::unexpected(ends.error());
  auto sent = starter_->ask(worker.number, ends->errors.get(), ends->output.get());
  if (!sent) close_output(worker);
  return sent;
}

// The process that was asked for.
Result<void> Core::meet(Worker& worker) {
  if (options_.method == StartMethod::threading) return {};
  auto started = starter_->take();
  if (!started) return close_output(worker), std::unexpected(started.error());
  worker.pid = started->pid;
  worker.pidfd = std::move(started->pidfd);
  epoll_event death{.events = EPOLLIN, .data = {.u64 = uint64_t(worker.number) << 2 | event_death}};
  ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, worker.pidfd.get(), &death);
  worker.state = State::starting;
  ++worker.starts;
  return {};
}

// A thread that is given up keeps its memory; its successor has its own.
Result<void> Core::start_thread(Worker& worker) {
  size_t size = block_size(options_.ring_size);
  worker.memory = std::shared_ptr<std::byte[]>(new (std::align_val_t(4096)) std::byte[size], [](std::byte* memory) { ::operator delete[](memory, std::align_val_t(4096)); });
  new (worker.memory.get()) Block;
  worker.view = view_block(worker.memory.get(), options_.ring_size);
  worker.abandoned = std::make_shared<std::atomic<bool>>(false);
  worker.ended = std::make_shared<std::atomic<bool>>(false);
  WorkerSide side{.number = worker.number, .view = worker.view, .page = page_, .event = link_->event.get(), .process = false, .abandoned = worker.abandoned.get()};
  for (const Shared& shared : options_.shared) side.shared.push_back(shared.bytes());
  std::vector<int> cpus = worker.number < options_.cpus.size() ? options_.cpus[worker.number] : std::vector<int>();
  worker.thread = std::thread([side = std::move(side), cpus = std::move(cpus), memory = worker.memory, abandoned = worker.abandoned, ended = worker.ended, link = link_]() mutable {
    pin_thread(cpus);
    serve(std::move(side));
    ended->store(true);
    uint64_t one = 1;
    [[maybe_unused]] ssize_t written = ::write(link->event.get(), &one, sizeof one);
  });
  worker.pid = ::getpid();
  worker.state = State::starting;
  ++worker.starts;
  return {};
}

void Core::became_ready(Worker& worker) {
  if (options_.trace) {
    options_.trace->name_process(worker.pid, options_.method == StartMethod::threading ? "pool" : "worker " + std::to_string(worker.number));
    uint64_t now = now_nanoseconds();
    options_.trace->span("start", "pool", {worker.pid, int(worker.number)}, double(worker.asked_at) * 1e-3, double(now - worker.asked_at) * 1e-3);
  }
  worker.state = State::ready;
  worker.deadline = 0;
  failed_starts_ = 0;
}

// Ends a worker that has nothing to do.
void Core::retire(Worker& worker) {
  bool asked = exit_ && worker.sent > 0;
  Frame last{asked ? exit_id : 0, asked ? FrameKind::exit : FrameKind::stop, asked ? exit_->function : 0, asked ? exit_->arguments.size() : 0};
  send(worker, last, asked ? std::string_view(exit_->arguments) : std::string_view());
  flush(worker);
  worker.state = State::leaving;
  worker.deadline = options_.exit_timeout > 0 ? now_nanoseconds() + nanoseconds(options_.exit_timeout) : 0;
}

// What its task has started is in its process group.
static void signal_group(pid_t pid, int pidfd, int signal) {
  if (::kill(-pid, signal) != 0) signal_pidfd(pidfd, signal);  // not yet a group
}

void Core::kill(Worker& worker, FailureKind verdict) {
  if (worker.verdict) return;
  worker.verdict = verdict;
  worker.killed_at = now_nanoseconds();
  if (options_.method != StartMethod::threading) {
    signal_group(worker.pid, worker.pidfd.get(), SIGTERM);
    return;
  }
  // A thread cannot be stopped. One that waits is told to leave; one that works is given up, and what it still does is
  // nobody's any more.
  worker.abandoned->store(true);
  send(worker, {.kind = FrameKind::stop}, {});  // something to read, so that it looks
  flush(worker);
  if (worker.view.block->status.running.load(std::memory_order_acquire) != 0) worker.thread.detach();
}

void Core::start_failed(Worker& worker, std::string reason, bool for_ever) {
  count_failed_start(std::move(reason), for_ever);
  worker.state = State::starting;  // its end says nothing new
  kill(worker, FailureKind::start_failed);
}

// The worker is gone: its last words are read, the task that it worked on is judged, the others go to the next.
void Core::ended(Worker& worker, ExitInfo exit) {
  receive(worker);
  if (worker.pidfd.open()) {
    ::kill(-worker.pid, SIGKILL);  // what it has left running; its number is its own until its status is taken
    if (auto taken = take_exit(worker.pidfd.get()); taken && *taken) exit = std::move(**taken);
    ::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, worker.pidfd.get(), nullptr);
  }
  TaskText text = take_rest(worker);
  close_output(worker);
  exit.stderr_tail = worker.error_tail;
  exit.out_of_memory = looks_out_of_memory(exit, options_.limits, worker.verdict.has_value());
  exit.ended_by_us = worker.ended_by_us;
  uint64_t running = worker.view.block->status.running.load(std::memory_order_acquire);
  bool young = worker.state == State::starting || worker.state == State::initialising;
  keep_insights(worker);
  worker.pidfd.reset();
  worker.view = {};
  worker.state = State::absent;
  if (worker.thread.joinable()) worker.thread.join();
  if (young && !worker.verdict) {
    std::string reason = exit.code == failed_to_execute ? "a worker could not be executed" : "a worker ended while it started: " + describe(exit);
    if (!exit.stderr_tail.empty()) reason += ": " + exit.stderr_tail;
    count_failed_start(std::move(reason), exit.code == failed_to_execute);
  }
  judge_outstanding(worker, running, exit, std::move(text));
}

// The task that an ended worker was at has failed, or is tried again; the others have not begun.
void Core::judge_outstanding(Worker& worker, uint64_t running, const ExitInfo& exit, TaskText text) {
  for (Job& job : std::exchange(worker.outstanding, {})) {
    bool was_running = job.id == running;
    if (was_running) deliver(worker, job.source->function, job.index, text);
    if (was_running && (job.attempt > options_.retries || worker.verdict)) {
      fail(std::move(job), FailureKind::died, "its worker ended: " + describe(exit) + (exit.ended_by_us.empty() ? "" : ": " + exit.ended_by_us), &worker, exit, std::move(text));
    } else {
      if (was_running) ++job.attempt;
      again_.push_back(std::move(job));
    }
  }
}

void Core::check_deadlines(uint64_t now) {
  for (Worker& worker : workers_) {
    if (worker.state == State::absent) continue;
    if (options_.method == StartMethod::threading) {
      if (worker.verdict && worker.thread.joinable() && now >= worker.killed_at + nanoseconds(options_.kill_grace)) worker.thread.detach();
      if (worker.ended->load() || !worker.thread.joinable()) {
        ended(worker, {.code = 0});
        continue;
      }
    }
    if (worker.verdict) {
      if (!worker.killed_hard && now >= worker.killed_at + nanoseconds(options_.kill_grace)) {
        worker.killed_hard = true;
        if (worker.pidfd.open()) signal_group(worker.pid, worker.pidfd.get(), SIGKILL);
      }
      continue;
    }
    if (worker.deadline != 0 && now >= worker.deadline) {
      if (worker.state == State::leaving) kill(worker, FailureKind::timed_out);
      else start_failed(worker, worker.state == State::initialising ? "its init function ran longer than the pool allows" : "a worker did not say a word in time");
      continue;
    }
    if (options_.task_timeout <= 0 || worker.outstanding.empty()) continue;
    const Status& status = worker.view.block->status;
    if (status.running.load(std::memory_order_acquire) != worker.outstanding.front().id || now < status.running_since.load(std::memory_order_relaxed) + nanoseconds(options_.task_timeout)) continue;
    receive(worker);
    if (worker.outstanding.empty() || status.running.load(std::memory_order_acquire) != worker.outstanding.front().id) continue;  // just done
    Job job = std::move(worker.outstanding.front());
    worker.outstanding.pop_front();
    TaskText text = take_rest(worker);
    deliver(worker, job.source->function, job.index, text);
    fail(std::move(job), FailureKind::timed_out, "it ran longer than the pool allows", &worker, {}, std::move(text));
    kill(worker, FailureKind::timed_out);
  }
}

// As often as a launched child's. A worker with too many is not asked to end: what it has started might only grow.
void Core::count_processes(uint64_t now) {
  if (options_.limits.processes == 0 || now < next_count_) return;
  next_count_ = now + count_every;
  for (Worker& worker : workers_) {
    if (!worker.pidfd.open() || worker.verdict || worker.outstanding.empty()) continue;
    auto living = size_t(std::ranges::count_if(find_tree({.root = worker.pid}), alive));
    if (living <= options_.limits.processes) continue;
    worker.ended_by_us = std::to_string(living) + " processes, the limit is " + std::to_string(options_.limits.processes);
    kill(worker, FailureKind::died);
    worker.killed_hard = true;
    signal_group(worker.pid, worker.pidfd.get(), SIGKILL);
  }
}

// When something has to be looked at although nobody calls; nanoseconds, UINT64_MAX: never.
uint64_t Core::next_deadline(uint64_t now) const {
  uint64_t next = UINT64_MAX;
  for (const Worker& worker : workers_) {
    if (worker.state == State::absent) continue;
    if (worker.verdict) {
      if (options_.method == StartMethod::threading && !worker.thread.joinable()) return now;
      if (!worker.killed_hard) next = std::min(next, worker.killed_at + nanoseconds(options_.kill_grace));
      continue;
    }
    if (worker.deadline != 0) next = std::min(next, worker.deadline);
    if (options_.limits.processes > 0 && !worker.outstanding.empty()) next = std::min(next, next_count_);
    if (options_.task_timeout <= 0 || worker.outstanding.empty()) continue;
    const Status& status = worker.view.block->status;
    bool running = status.running.load(std::memory_order_acquire) == worker.outstanding.front().id;
    next = std::min(next, (running ? status.running_since.load(std::memory_order_relaxed) : now) + nanoseconds(options_.task_timeout));
  }
  bool waits = failed_starts_ > 0 && failed_starts_ < most_failed_starts && (!sources_.empty() || !again_.empty());
  if (waits && std::ranges::any_of(workers_, [](const Worker& worker) { return worker.state == State::absent; })) next = std::min(next, no_start_before_);
  return std::max(next, now);
}

WorkerInsights Core::current_insights(const Worker& worker) const {
  WorkerInsights result = worker.past;
  result.worker = worker.number;
  result.pid = worker.pid;
  result.starts = worker.starts;
  if (!worker.view.block) return result;
  const Status& status = worker.view.block->status;
  auto seconds = [](const std::atomic<uint64_t>& counter) { return double(counter.load(std::memory_order_relaxed)) * 1e-9; };
  if (uint64_t word = status.first_word.load(std::memory_order_relaxed); word > worker.asked_at) result.start += double(word - worker.asked_at) * 1e-9;
  result.tasks += status.tasks.load(std::memory_order_relaxed);
  result.init += seconds(status.init);
  result.idle += seconds(status.idle);
  result.decode += seconds(status.decode);
  result.run += seconds(status.run);
  result.encode += seconds(status.encode);
  result.bytes_in += status.bytes_in.load(std::memory_order_relaxed);
  result.bytes_out += status.bytes_out.load(std::memory_order_relaxed);
  result.max_rss = std::max(result.max_rss, status.max_rss.load(std::memory_order_relaxed));
  return result;
}

void Core::keep_insights(Worker& worker) { worker.past = current_insights(worker); }

}  // namespace forklint::runtime
