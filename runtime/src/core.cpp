// The loop: who drives, when it sleeps, what wakes it.
#include "src/core.h"

#include "forklint/runtime/progress.h"
#include "forklint/runtime/task.h"
#include "src/interrupt.h"
#include "src/process_state.h"
#include "src/registry.h"

#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

namespace forklint::runtime {
namespace {

constexpr uint64_t forever = UINT64_MAX;
constexpr uint64_t second = 1'000'000'000;
constexpr uint64_t pulse_every = 100'000'000;

unsigned usable_processors() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return unsigned(std::max(1, CPU_COUNT(&set)));
}

// Numbers that are no processor's, and sets of which this process may use none.
bool can_run_on(const std::vector<int>& cpus) {
  cpu_set_t set;
  if (cpus.empty() || ::sched_getaffinity(0, sizeof set, &set) != 0) return true;
  auto usable = [&](int cpu) { return CPU_ISSET(cpu, &set); };
  return std::ranges::all_of(cpus, [](int cpu) { return cpu >= 0 && cpu < CPU_SETSIZE; }) && std::ranges::any_of(cpus, usable);
}

size_t power_of_two(size_t size) {
  size_t result = 4096;
  while (result < size && result < (size_t(1) << 30)) result *= 2;
  return result;
}

}  // namespace

Result<std::unique_ptr<Core>> Core::make(PoolOptions options) {
  if (options.workers == 0) options.workers = usable_processors();
  options.ring_size = power_of_two(options.ring_size);
  std::unique_ptr<Core> core(new Core(std::move(options)));
  if (auto ready = core->prepare(); !ready) return std::unexpected(ready.error());
  core->name_ = enlist(*core, core->options_.name);
  return core;
}

Core::~Core() { close(); }

Result<void> Core::prepare() {
  if (options_.method == StartMethod::threading && captures())
    return std::unexpected(Error{0, "the output of tasks cannot be told apart under threading: threads share the streams of this process"});
  for (const std::vector<int>& cpus : options_.cpus)
    if (!can_run_on(cpus)) return std::unexpected(Error{0, "a worker was to run on processors that are not there for this process"});
  const Limits& limits = options_.limits;
  if (options_.method == StartMethod::threading && (limits.address_space || limits.cpu_seconds || limits.file_size || limits.descriptors || limits.processes))
    return std::unexpected(Error{0, "limits cannot be kept under threading: they would be those of this process"});
  note_oom_count();
  event_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  poll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
  if (!event_.open() || !poll_.open()) return system_error("eventfd, epoll_create1");
  epoll_event event{.events = EPOLLIN, .data = {.u64 = UINT64_MAX}};
  ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, event_.get(), &event);
  workers_.resize(options_.workers);
  for (unsigned i = 0; i < options_.workers; ++i) workers_[i].number = i;
  if (options_.method == StartMethod::threading) {
    auto copy = duplicate(event_);
    if (!copy) return std::unexpected(copy.error());
    link_ = std::make_shared<ThreadLink>();
    link_->event = std::move(*copy);
    page_ = &link_->page;
    page_->pool = ::getpid();
    return {};
  }
  auto memory = make_shared_memory(round_to_page(sizeof(Page)) + options_.workers * block_size(options_.ring_size));
  if (!memory) return std::unexpected(memory.error());
  memory_ = std::move(*memory);
  page_ = new (memory_.memory) Page;
  page_->pool = ::getpid();
  StarterPlan plan{.method = options_.method, .workers = options_.workers, .ring_size = options_.ring_size, .memory = memory_.file.get(), .event = event_.get(), .cpus = options_.cpus, .limits = options_.limits};
  for (const Shared& shared : options_.shared) {
    plan.shared.push_back(shared.file());
    plan.shared_sizes.push_back(shared.bytes().size());
  }
  plan.progress = progress_fd();  // before the first fork: a board made later would be each child's own
  auto starter = Starter::make(plan);
  if (!starter) return std::unexpected(starter.error());
  starter_ = std::move(*starter);
  return {};
}

void Core::add(std::shared_ptr<Source> source) {
  std::unique_lock lock(mutex_);
  failed_starts_ = 0;
  sources_.push_back(std::move(source));
}

// Wakes whoever sleeps in the loop.
void Core::ring() {
  uint64_t one = 1;
  [[maybe_unused]] ssize_t written = ::write(event_.get(), &one, sizeof one);
}

// Under keep_alive = false: lets the workers go when there is nothing to do. True while some are still there.
bool Core::leave_when_idle() {
  if (options_.keep_alive || closing_ || !idle()) return false;
  for (Worker& worker : workers_)
    if (worker.state == State::ready && !worker.verdict) retire(worker);
  return std::ranges::any_of(workers_, [](const Worker& worker) { return worker.state != State::absent; });
}

void Core::wait(const std::function<bool()>& done) {
  std::unique_lock lock(mutex_);
  ++waiting_;
  // The thread in the background sleeps in the loop: it hands over.
  if (driven_) ring();
  std::optional<InterruptWatch> interrupts;
  if (options_.stop_on_interrupt) interrupts.emplace(event_.get());
  while ((!done() || leave_when_idle()) && !closed_) {
    if (driven_) changed_.wait(lock);
    else drive(lock, forever);
    if (interrupts && interrupts->take()) cancel_all();
  }
  --waiting_;
  last_wait_ = now_nanoseconds();
  if (!driven_) run_deferred(lock);
  changed_.notify_all();
}

// One round as the driver.
void Core::drive(std::unique_lock<std::mutex>& lock, uint64_t until) {
  driven_ = true;
  step(lock, until);
  driven_ = false;
  run_deferred(lock);
  changed_.notify_all();
}

void Core::run_deferred(std::unique_lock<std::mutex>& lock) {
  while (!deferred_.empty()) {
    std::vector<std::function<void()>> callbacks = std::exchange(deferred_, {});
    lock.unlock();
    for (auto& callback : callbacks) callback();
    lock.lock();
  }
}

bool Core::idle() const {
  return sources_.empty() && again_.empty() && std::ranges::all_of(workers_, [](const Worker& worker) { return worker.outstanding.empty(); });
}

// One task under way, and somebody who waits for it: it is likely to be short.
bool Core::answers_soon() {
  Worker* only = nullptr;
  for (Worker& worker : workers_) {
    if (worker.outstanding.size() > 1 || (only && !worker.outstanding.empty())) return false;
    if (!worker.outstanding.empty()) only = &worker;
  }
  if (!only || waiting_ == 0) return false;
  return only->view.up.spin_for_bytes();
}

// The last look before the sleep, when every worker can see that the pool sleeps. Only now it asks to be told of room: a worker may
// take what was asked earlier for room that it made earlier still, and it rings no bell for who is awake.
bool Core::has_news(Worker& worker) {
  if (!worker.view.block) return false;
  if (!worker.view.up.empty()) return true;
  if (worker.unsent.size() == worker.unsent_from) return false;
  worker.view.down.writer_sleeps(true);
  return worker.view.down.has_room();
}

void Core::step(std::unique_lock<std::mutex>& lock, uint64_t until) {
  uint64_t before = events_;
  start_missing();
  feed();
  if (events_ != before) return;
  bool received = false;
  for (Worker& worker : workers_)
    if (worker.view.block && receive(worker)) received = true;
  if (received || answers_soon()) return;
  page_->pool_sleeps.store(1, std::memory_order_seq_cst);
  bool something = std::ranges::any_of(workers_, has_news);
  epoll_event events[64];
  int count = 0;
  if (!something) {
    uint64_t now = now_nanoseconds(), wake = std::min(until, next_deadline(now));
    if (!pulses_.empty()) wake = std::min(wake, now + pulse_every);
    uint64_t left = wake > now ? wake - now : 0;
    timespec limit{time_t(left / second), long(left % second)};
    lock.unlock();
    count = ::epoll_pwait2(poll_.get(), events, 64, wake == forever ? nullptr : &limit, nullptr);
    lock.lock();
  }
  page_->pool_sleeps.store(0, std::memory_order_relaxed);
  for (auto& [key, pulse] : pulses_) pulse();
  for (int i = 0; i < count; ++i) {
    if (events[i].data.u64 == UINT64_MAX) {
      uint64_t rung;
      [[maybe_unused]] ssize_t got = ::read(event_.get(), &rung, sizeof rung);
      continue;
    }
    Worker& worker = workers_[events[i].data.u64 >> 2];
    uint64_t what = events[i].data.u64 & 3;
    if (what == event_errors) read_output(worker, worker.errors);
    else if (what == event_output) read_output(worker, worker.output);
    else if (worker.pidfd.open()) ended(worker, {});
  }
  check_deadlines(now_nanoseconds());
  count_processes(now_nanoseconds());
}

void Core::drive_in_background() {
  std::unique_lock lock(mutex_);
  if (!thread_.joinable() && !closing_) thread_ = std::thread([this] { background(); });
  if (driven_) ring();
  wanted_.notify_one();
}

// Callers that come one after the other keep the loop: it is taken over only when none was there for a while, and they wake nobody
// for that.
void Core::background() {
  constexpr auto pause = std::chrono::milliseconds(2);
  std::unique_lock lock(mutex_);
  while (!closing_) {
    if (waiting_ > 0 || driven_ || now_nanoseconds() - last_wait_ < uint64_t(std::chrono::nanoseconds(pause).count())) {
      wanted_.wait_for(lock, pause);
    } else if (idle() && !leave_when_idle()) {
      wanted_.wait(lock, [&] { return closing_ || !idle(); });
    } else {
      drive(lock, forever);
    }
  }
}

void Core::cancel_all() {
  for (Worker& worker : workers_)
    if (!worker.outstanding.empty()) kill(worker, FailureKind::cancelled);
  fail_everything(FailureKind::cancelled, "the pool was cancelled");
}

void Core::cancel() {
  std::unique_lock lock(mutex_);
  cancel_all();
  ring();
  run_deferred(lock);
  changed_.notify_all();
}

void Core::drain() {
  wait([this] { return idle(); });
}

void Core::close() {
  std::unique_lock lock(mutex_);
  if (closed_) return;
  std::vector<bool> busy;
  for (Worker& worker : workers_) busy.push_back(!worker.outstanding.empty());
  fail_everything(FailureKind::cancelled, "the pool was closed");
  run_deferred(lock);
  closing_ = true;
  changed_.notify_all();
  wanted_.notify_all();
  ring();
  while (driven_) changed_.wait(lock);
  for (Worker& worker : workers_) {
    if (worker.state == State::absent) continue;
    if (worker.state == State::leaving) continue;
    bool asked = worker.state == State::ready || (options_.method == StartMethod::threading && !worker.verdict);  // a thread can only be asked
    if (asked && !busy[worker.number]) retire(worker);
    else if (!worker.verdict) kill(worker, FailureKind::cancelled);
  }
  auto gone = [&] { return std::ranges::all_of(workers_, [](const Worker& worker) { return worker.state == State::absent; }); };
  while (!gone()) step(lock, forever);
  closed_ = true;
  changed_.notify_all();
  lock.unlock();
  if (thread_.joinable()) thread_.join();
  delist(*this);
  starter_.reset();
}

Insights Core::insights() {
  std::unique_lock lock(mutex_);
  Insights result{.method = options_.method, .wall = double(now_nanoseconds() - made_at_) * 1e-9};
  for (const Worker& worker : workers_) result.workers.push_back(current_insights(worker));
  result.slowest = slowest_;
  return result;
}

std::vector<std::string> Core::take_exit_results() {
  std::unique_lock lock(mutex_);
  return std::exchange(exit_results_, {});
}

std::string Core::preview(uint32_t function, const std::string& arguments) const {
  const TaskEntry* task = find_task(function);
  return task && task->preview ? task->preview(arguments) : std::string();
}

}  // namespace forklint::runtime
