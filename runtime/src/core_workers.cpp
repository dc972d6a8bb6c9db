// Workers: their start, their end, and the time that they may take.
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "forklint/runtime/trace.h"
#include "src/core.h"
#include "src/worker.h"

namespace forklint::runtime {
namespace {

constexpr uint64_t exit_id = UINT64_MAX - 1;
constexpr unsigned most_failed_starts = 3;  // in a row: then something is wrong with all of them
constexpr size_t tail_size = 4096;
constexpr int failed_to_execute = 127;

uint64_t nanoseconds(double seconds) { return uint64_t(seconds * 1e9); }

ExitInfo collect(int pidfd) {
  siginfo_t info{};
  rusage usage{};
  ExitInfo exit;
  if (::syscall(SYS_waitid, P_PIDFD, pidfd, &info, WEXITED | __WALL, &usage) != 0) return exit;
  if (info.si_code == CLD_EXITED) exit.code = info.si_status;
  else exit.signal = info.si_status;
  exit.core = info.si_code == CLD_DUMPED;
  auto seconds = [](timeval time) { return double(time.tv_sec) + double(time.tv_usec) * 1e-6; };
  exit.user_seconds = seconds(usage.ru_utime);
  exit.system_seconds = seconds(usage.ru_stime);
  exit.max_rss = uint64_t(usage.ru_maxrss) * 1024;
  return exit;
}

}  // namespace

void Core::start_missing() {
  if (closing_ || (sources_.empty() && again_.empty())) return;
  for (Worker& worker : workers_) {
    while (worker.state == State::absent && failed_starts_ < most_failed_starts) {
      auto started = start(worker);
      if (started) break;
      start_failure_ = started.error().what;
      ++failed_starts_;
    }
  }
  bool none = std::ranges::all_of(workers_, [](const Worker& worker) { return worker.state == State::absent; });
  if (none && failed_starts_ >= most_failed_starts) fail_everything(FailureKind::start_failed, start_failure_);
}

Result<void> Core::start(Worker& worker) {
  worker.asked_at = now_nanoseconds();
  worker.deadline = options_.start_timeout > 0 ? worker.asked_at + nanoseconds(options_.start_timeout) : 0;
  worker.sent = 0;
  worker.window = 2;
  worker.unread.clear();
  worker.unsent.clear();
  worker.unsent_from = 0;
  worker.verdict.reset();
  worker.killed_at = 0;
  worker.killed_hard = false;
  worker.error_tail.clear();
  if (options_.method == StartMethod::threading) return start_thread(worker);
  std::byte* memory = memory_.memory + round_to_page(sizeof(Page)) + worker.number * block_size(options_.ring_size);
  new (memory) Block;
  worker.view = view_block(memory, options_.ring_size);
  auto errors = make_pipe();
  if (!errors) return std::unexpected(errors.error());
  auto started = starter_->start(worker.number, errors->write.get());
  if (!started) return std::unexpected(started.error());
  worker.pid = started->pid;
  worker.pidfd = std::move(started->pidfd);
  worker.error_output = std::move(errors->read);
  make_nonblocking(worker.error_output.get());
  epoll_event death{.events = EPOLLIN, .data = {.u64 = uint64_t(worker.number) << 1}};
  epoll_event words{.events = EPOLLIN, .data = {.u64 = uint64_t(worker.number) << 1 | 1}};
  ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, worker.pidfd.get(), &death);
  ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, worker.error_output.get(), &words);
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
  worker.thread = std::thread([side = std::move(side), memory = worker.memory, abandoned = worker.abandoned, ended = worker.ended, link = link_]() mutable {
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

void Core::kill(Worker& worker, FailureKind verdict) {
  if (worker.verdict) return;
  worker.verdict = verdict;
  worker.killed_at = now_nanoseconds();
  if (options_.method != StartMethod::threading) {
    ::syscall(SYS_pidfd_send_signal, worker.pidfd.get(), SIGTERM, nullptr, 0);
    return;
  }
  // A thread cannot be stopped. One that waits is told to leave; one that works is given up, and what it still does is
  // nobody's any more.
  worker.abandoned->store(true);
  send(worker, {.kind = FrameKind::stop}, {});  // something to read, so that it looks
  flush(worker);
  if (worker.view.block->status.running.load(std::memory_order_acquire) != 0) worker.thread.detach();
}

void Core::start_failed(Worker& worker, std::string reason) {
  start_failure_ = std::move(reason);
  ++failed_starts_;
  worker.state = State::starting;  // its end says nothing new
  kill(worker, FailureKind::start_failed);
}

// The worker is gone: its last words are read, the task that it worked on is judged, the others go to the next.
void Core::ended(Worker& worker, ExitInfo exit) {
  receive(worker);
  if (worker.pidfd.open()) {
    exit = collect(worker.pidfd.get());
    ::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, worker.pidfd.get(), nullptr);
  }
  if (worker.error_output.open()) {
    read_errors(worker);
    if (worker.error_output.open()) ::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, worker.error_output.get(), nullptr);
  }
  exit.stderr_tail = worker.error_tail;
  exit.out_of_memory = exit.signal == SIGKILL && !worker.killed_hard;
  uint64_t running = worker.view.block->status.running.load(std::memory_order_acquire);
  bool young = worker.state == State::starting || worker.state == State::initialising;
  keep_insights(worker);
  worker.pidfd.reset();
  worker.error_output.reset();
  worker.view = {};
  worker.state = State::absent;
  if (worker.thread.joinable()) worker.thread.join();
  if (young && !worker.verdict) {
    ++failed_starts_;
    start_failure_ = exit.code == failed_to_execute ? "a worker could not be executed" : "a worker ended while it started: " + describe(exit);
    if (!exit.stderr_tail.empty()) start_failure_ += ": " + exit.stderr_tail;
  }
  std::deque<Job> left = std::exchange(worker.outstanding, {});
  bool first = true;
  for (Job& job : left) {
    bool was_running = std::exchange(first, false) && job.id == running;
    if (!was_running) {
      again_.push_back(std::move(job));
    } else if (job.attempt <= options_.retries && !worker.verdict) {
      ++job.attempt;
      again_.push_back(std::move(job));
    } else {
      fail(std::move(job), FailureKind::died, "its worker ended: " + describe(exit), &worker, exit);
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
        if (worker.pidfd.open()) ::syscall(SYS_pidfd_send_signal, worker.pidfd.get(), SIGKILL, nullptr, 0);
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
    fail(std::move(job), FailureKind::timed_out, "it ran longer than the pool allows", &worker);
    kill(worker, FailureKind::timed_out);
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
    if (options_.task_timeout <= 0 || worker.outstanding.empty()) continue;
    const Status& status = worker.view.block->status;
    bool running = status.running.load(std::memory_order_acquire) == worker.outstanding.front().id;
    next = std::min(next, (running ? status.running_since.load(std::memory_order_relaxed) : now) + nanoseconds(options_.task_timeout));
  }
  return std::max(next, now);
}

// Keeps the last of it, and passes it on.
void Core::read_errors(Worker& worker) {
  char buffer[4096];
  while (true) {
    ssize_t got = ::read(worker.error_output.get(), buffer, sizeof buffer);
    if (got < 0) return;
    if (got == 0) {
      ::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, worker.error_output.get(), nullptr);
      return worker.error_output.reset();
    }
    worker.error_tail.append(buffer, size_t(got));
    if (worker.error_tail.size() > tail_size) worker.error_tail.erase(0, worker.error_tail.size() - tail_size);
    if (!options_.quiet) [[maybe_unused]] ssize_t written = ::write(STDERR_FILENO, buffer, size_t(got));
    if (got < ssize_t(sizeof buffer)) return;
  }
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
