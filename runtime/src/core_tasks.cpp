// Tasks: from sources to workers, and their answers.
#include <algorithm>
#include <chrono>

#include "forklint/runtime/pool_detail.h"
#include "forklint/runtime/task.h"
#include "forklint/runtime/trace.h"
#include "src/core.h"
#include "src/registry.h"

namespace forklint::runtime {
namespace {

constexpr unsigned largest_window = 256;
constexpr uint64_t ahead = 2'000'000;  // nanoseconds of work that a worker may have before it

// For the dashboard.
PoolFailure as_noted(const std::string& pool, const Failure& failure) {
  PoolFailure noted{.pool = pool, .task = failure.index, .worker = failure.worker, .message = describe(failure), .trace = failure.trace};
  noted.at = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  auto add = [&](std::string_view title, const std::string& text) {
    if (!text.empty()) noted.trace += (noted.trace.empty() ? "" : "\n") + std::string(title) + ":\n" + text;
  };
  add("stdout", failure.output);
  add("stderr", failure.errors.empty() ? failure.exit.stderr_tail : failure.errors);
  return noted;
}

}  // namespace

void Core::feed() {
  if (closing_) return;
  if (options_.order == Order::round_robin) feed_round_robin();
  else feed_free();
  for (Worker& worker : workers_)
    if (worker.view.block && worker.unsent.size() > worker.unsent_from) flush(worker);
}

// Whether it may have more than `level` tasks before it.
bool Core::accepts(const Worker& worker, size_t level) const {
  unsigned window = options_.chunk > 0 ? options_.chunk : worker.window;
  return worker.state == State::ready && !worker.verdict && window > level;
}

void Core::give(Worker& worker, Job job) {
  send(worker, {job.id, FrameKind::task, job.source->function, job.arguments.size()}, job.arguments);
  ++worker.sent;
  worker.outstanding.push_back(std::move(job));
}

// Round by round, so that nobody has two while another has none.
void Core::feed_free() {
  Job job;
  for (unsigned level = 0; level < largest_window; ++level) {
    bool room = false;
    for (Worker& worker : workers_) {
      if (!accepts(worker, level)) continue;
      room = true;
      if (worker.outstanding.size() > level || (options_.lifespan > 0 && worker.sent >= options_.lifespan)) continue;
      if (!take_job(job)) return;
      give(worker, std::move(job));
    }
    if (!room) return;
  }
}

// A task waits for its worker, and the others behind it.
void Core::feed_round_robin() {
  Job job;
  while (take_job(job)) {
    Worker& worker = workers_[job.index % workers_.size()];
    if (!accepts(worker, worker.outstanding.size()) || (options_.lifespan > 0 && worker.sent >= options_.lifespan)) return again_.push_front(std::move(job));
    give(worker, std::move(job));
  }
}

bool Core::take_job(Job& job) {
  if (!again_.empty()) {
    job = std::move(again_.front());
    again_.pop_front();
    job.id = next_id_++;
    return true;
  }
  for (size_t i = 0; i < sources_.size();) {
    std::shared_ptr<Source> source = sources_[i];
    job.arguments.clear();
    bool got = false;
    try {
      got = !source->exhausted && source->next(job.arguments);
    } catch (const pool_detail::Unwritable& why) {
      fail({next_id_++, source, source->issued++, {}, 1}, FailureKind::not_serialisable, "its arguments cannot be written: " + why.message, nullptr);
      continue;
    } catch (...) {
      source->error = std::current_exception();
      source->exhausted = true;
    }
    if (source->exhausted && !got) {
      sources_.erase(sources_.begin() + ptrdiff_t(i));
      ++events_;
      continue;
    }
    if (!got) {
      ++i;
      continue;
    }
    job = {next_id_++, source, source->issued++, std::move(job.arguments), 1};
    return true;
  }
  return false;
}

void Core::send(Worker& worker, const Frame& frame, std::string_view body) {
  worker.unsent.append(reinterpret_cast<const char*>(&frame), sizeof frame);
  worker.unsent.append(body);
}

void Core::flush(Worker& worker) {
  bool sent = false;
  while (worker.unsent_from < worker.unsent.size()) {
    size_t count = worker.view.down.write_some(worker.unsent.data() + worker.unsent_from, worker.unsent.size() - worker.unsent_from);
    sent |= count > 0;
    worker.unsent_from += count;
    if (count == 0) break;
  }
  if (worker.unsent_from == worker.unsent.size()) {
    worker.unsent.clear();
    worker.unsent_from = 0;
  }
  if (sent) worker.view.down.wake_reader();
}

// Takes what the worker has said. True when that was something.
bool Core::receive(Worker& worker) {
  constexpr size_t piece = 1 << 16;
  constexpr uint64_t largest_body = uint64_t(1) << 40;
  bool any = false;
  while (true) {
    size_t had = worker.unread.size(), got = 0;
    worker.unread.resize_and_overwrite(had + piece, [&](char* data, size_t) { return had + (got = worker.view.up.read_some(data + had, piece)); });
    if (got == 0) break;
    any = true;
    worker.view.up.wake_writer();
    size_t at = 0;
    Frame head;
    while (worker.unread.size() - at >= sizeof head) {
      std::memcpy(&head, worker.unread.data() + at, sizeof head);
      if (head.size > largest_body) {
        kill(worker, FailureKind::died);
        break;
      }
      if (worker.unread.size() - at - sizeof head < head.size) {
        worker.unread.reserve(at + sizeof head + head.size + piece);
        break;
      }
      std::string_view body(worker.unread.data() + at + sizeof head, head.size);
      at += sizeof head + head.size;
      frame(worker, head, body);
    }
    worker.unread.erase(0, at);
  }
  if (any && options_.chunk == 0) {
    const Status& status = worker.view.block->status;
    uint64_t tasks = status.tasks.load(std::memory_order_relaxed), run = status.run.load(std::memory_order_relaxed) + status.decode.load(std::memory_order_relaxed);
    uint64_t wanted = tasks == 0 ? 2 : std::clamp<uint64_t>(ahead / std::max<uint64_t>(1, run / tasks), 2, largest_window);
    worker.window = unsigned(std::min<uint64_t>(wanted, uint64_t(worker.window) * 2));
  }
  return any;
}

void Core::frame(Worker& worker, const Frame& head, std::string_view body) {
  switch (head.kind) {
    case FrameKind::hello:
      if (from_bytes<uint64_t>(body) != tasks_hash()) return start_failed(worker, "the worker runs another version of this program: its tasks differ", true);
      if (!init_) return became_ready(worker);
      worker.state = State::initialising;
      worker.deadline = options_.init_timeout > 0 ? now_nanoseconds() + uint64_t(options_.init_timeout * 1e9) : 0;
      send(worker, {init_id, FrameKind::init, init_->function, init_->arguments.size()}, init_->arguments);
      return flush(worker);
    case FrameKind::result: case FrameKind::thrown: case FrameKind::unwritable: case FrameKind::unreadable: return answered(worker, head, body);
    default: return;
  }
}

void Core::answered(Worker& worker, const Frame& head, std::string_view body) {
  bool known = head.id == init_id || head.id == exit_id || (!worker.outstanding.empty() && worker.outstanding.front().id == head.id);
  if (!known) return;  // of a task that was given up
  TaskText text = take_text(worker, head.id);
  if (head.id == init_id) {
    deliver(worker, init_->function, 0, text);
    if (worker.verdict) return;
    if (head.kind == FrameKind::result) return became_ready(worker);
    auto thrown = from_bytes<std::tuple<std::string, std::string, std::string>>(body);
    return start_failed(worker, "its init function failed: " + (thrown ? std::get<0>(*thrown) + ": " + std::get<1>(*thrown) : "its arguments could not be read"));
  }
  if (head.id == exit_id) {
    deliver(worker, exit_->function, 0, text);
    if (head.kind == FrameKind::result) exit_results_.emplace_back(body);
    return;
  }
  Job job = std::move(worker.outstanding.front());
  worker.outstanding.pop_front();
  remember(worker, job, head);
  deliver(worker, job.source->function, job.index, text);
  if (head.kind == FrameKind::result) {
    finish(std::move(job), {.ok = true, .bytes = std::string(body), .failure = {}});
  } else if (head.kind == FrameKind::unreadable) {
    fail(std::move(job), FailureKind::not_serialisable, "the worker cannot read the task's arguments", &worker, {}, std::move(text));
  } else {
    Failure failure{.kind = head.kind == FrameKind::thrown ? FailureKind::thrown : FailureKind::not_serialisable, .input_preview = preview(job.source->function, job.arguments), .output = std::move(text.output), .errors = std::move(text.errors), .worker = worker.number, .attempt = job.attempt, .index = job.index};
    if (auto thrown = from_bytes<std::tuple<std::string, std::string, std::string>>(body)) std::tie(failure.type, failure.message, failure.trace) = std::move(*thrown);
    finish(std::move(job), {.ok = false, .bytes = {}, .failure = std::move(failure)});
  }
  bool aged = options_.lifespan > 0 && worker.sent >= options_.lifespan;
  bool large = options_.memory_limit > 0 && worker.view.block->status.max_rss.load(std::memory_order_relaxed) > options_.memory_limit;
  if (worker.outstanding.empty() && worker.state == State::ready && (aged || large)) retire(worker);
}

// For the insights and the trace.
void Core::remember(const Worker& worker, const Job& job, const Frame& answer) {
  constexpr size_t most_slowest = 5;
  double seconds = double(answer.took) * 1e-9;
  if (slowest_.size() < most_slowest || seconds > slowest_.back().seconds) {
    slowest_.push_back({.index = job.index, .worker = worker.number, .seconds = seconds, .input_preview = preview(job.source->function, job.arguments)});
    std::ranges::sort(slowest_, std::greater(), &SlowTask::seconds);
    if (slowest_.size() > most_slowest) slowest_.pop_back();
  }
  if (!options_.trace) return;
  const TaskEntry* task = find_task(job.source->function);
  options_.trace->span(task ? task->name : "task", answer.kind == FrameKind::result ? "task" : "failed", {worker.pid, int(worker.number)}, double(answer.began) * 1e-3, double(answer.took) * 1e-3);
}

void Core::finish(Job job, RawOutcome outcome) {
  std::shared_ptr<Source> source = std::move(job.source);
  ++source->done;
  ++events_;
  if (!outcome.ok && outcome.failure.kind != FailureKind::cancelled) note_failure(as_noted(name_, outcome.failure));
  source->finished(job.index, std::move(outcome));
}

void Core::fail(Job job, FailureKind kind, std::string message, const Worker* worker, ExitInfo exit, TaskText text) {
  Failure failure{.kind = kind, .message = std::move(message), .input_preview = preview(job.source->function, job.arguments), .exit = std::move(exit), .output = std::move(text.output), .errors = std::move(text.errors), .worker = worker ? worker->number : 0, .attempt = job.attempt, .index = job.index};
  finish(std::move(job), {.ok = false, .bytes = {}, .failure = std::move(failure)});
}

// What is under way in workers, what waits, and what the sources would still give.
void Core::fail_everything(FailureKind kind, const std::string& message) {
  for (Worker& worker : workers_) {
    if (kind == FailureKind::start_failed && worker.state == State::ready) continue;
    for (Job& job : std::exchange(worker.outstanding, {})) fail(std::move(job), kind, message, &worker);
  }
  Job job;
  while (take_job(job)) fail(std::move(job), kind, message, nullptr);
}

}  // namespace forklint::runtime
