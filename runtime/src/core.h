// The engine of a pool, without types: sources give arguments as bytes, workers give results as bytes. Whoever waits
// drives it: one thread at a time runs the loop, the others wait for it. A thread of its own drives while nobody waits
// and calls are under way; it starts with the first of those.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "forklint/runtime/failure.h"
#include "forklint/runtime/insights.h"
#include "forklint/runtime/pool_options.h"
#include "src/block.h"
#include "src/starter.h"
#include "src/task_stream.h"

namespace forklint::runtime {

struct RawOutcome {
  bool ok = false;
  std::string bytes;
  Failure failure;
};

// One map, or one call. The core's lock is held in all of its functions.
class Source {
 public:
  virtual ~Source() = default;
  // The next arguments; false when there are none, now or ever: exhausted says which. What it throws ends the source.
  virtual bool next(std::string& arguments) = 0;
  virtual void finished(uint64_t index, RawOutcome outcome) = 0;

  uint32_t function = 0;
  uint64_t issued = 0, done = 0;
  bool exhausted = false;
  std::exception_ptr error;

  bool complete() const { return exhausted && issued == done; }
};

// What a task has written.
struct TaskText {
  std::string output, errors;
};

// Frames that are no tasks.
inline constexpr uint64_t init_id = UINT64_MAX, exit_id = UINT64_MAX - 1;

struct Job {
  uint64_t id = 0;
  std::shared_ptr<Source> source;
  uint64_t index = 0;
  std::string arguments;
  unsigned attempt = 1;
};

class Core {
 public:
  static Result<std::unique_ptr<Core>> make(PoolOptions options);
  ~Core();
  Core(const Core&) = delete;

  // Runs before the first task of each worker, and after the last. Before any source.
  void set_init(uint32_t function, std::string arguments) { init_ = Call{function, std::move(arguments)}; }
  void set_exit(uint32_t function, std::string arguments) { exit_ = Call{function, std::move(arguments)}; }

  void add(std::shared_ptr<Source> source);
  // Drives until done() is true; it is asked under the lock.
  void wait(const std::function<bool()>& done);
  // Lets the core's own thread work on what is added, also while nobody waits.
  void drive_in_background();
  // Runs something under the lock.
  template <class F>
  auto locked(F&& f) {
    std::unique_lock lock(mutex_);
    return f();
  }
  // Something to be called without the lock, by whoever drives. Under the lock.
  void defer(std::function<void()> callback) { deferred_.push_back(std::move(callback)); }

  // Called about ten times a second while the core is driven, with the lock: to draw. Until it is taken back by the same key.
  void add_pulse(const void* key, std::function<void()> pulse) {
    std::unique_lock lock(mutex_);
    pulses_.emplace_back(key, std::move(pulse));
  }
  void remove_pulse(const void* key) {
    std::unique_lock lock(mutex_);
    std::erase_if(pulses_, [&](const auto& pulse) { return pulse.first == key; });
  }

  void cancel();
  void cancel_all();  // under the lock
  void drain();
  // Ends all workers; what is under way is cancelled. Bounded by exit_timeout and kill_grace.
  void close();

  Insights insights();
  std::vector<std::string> take_exit_results();
  const PoolOptions& options() const { return options_; }
  std::string preview(uint32_t function, const std::string& arguments) const;

 private:
  enum class State : uint8_t { absent, starting, initialising, ready, leaving };
  struct Call {
    uint32_t function = 0;
    std::string arguments;
  };
  struct Worker {
    unsigned number = 0;
    State state = State::absent;
    pid_t pid = -1;
    Fd pidfd;
    BlockView view;
    TaskStream output, errors;
    std::string output_line, error_line;  // begun
    std::string error_tail;
    std::deque<Job> outstanding;
    std::string unsent;          // bytes for which the ring had no room
    size_t unsent_from = 0;
    std::string unread;          // part of a frame
    uint64_t sent = 0;           // tasks, since it started
    unsigned window = 2;
    uint64_t asked_at = 0;       // to start, nanoseconds
    uint64_t deadline = 0;       // of its start, init or exit; 0: none
    uint64_t killed_at = 0;      // SIGTERM was sent
    bool killed_hard = false;
    std::optional<FailureKind> verdict;  // why it is being ended
    std::string ended_by_us;     // the same in words, where it passed a limit
    unsigned starts = 0;
    WorkerInsights past;         // of earlier processes with its number
    // threading
    std::thread thread;
    std::shared_ptr<std::byte[]> memory;
    std::shared_ptr<std::atomic<bool>> abandoned;
    std::shared_ptr<std::atomic<bool>> ended;
  };

  // Beside a worker's number, shifted by two, in what the kernel tells.
  static constexpr uint64_t event_death = 0, event_errors = 1, event_output = 2;

  explicit Core(PoolOptions options) : options_(std::move(options)) {}

  // core.cpp
  void drive(std::unique_lock<std::mutex>& lock, uint64_t until);
  void step(std::unique_lock<std::mutex>& lock, uint64_t until);
  static bool has_news(Worker& worker);
  bool idle() const;
  bool answers_soon();
  void background();
  void run_deferred(std::unique_lock<std::mutex>& lock);
  void ring();
  bool leave_when_idle();

  // core_tasks.cpp
  void feed();
  void feed_free();
  void feed_round_robin();
  bool accepts(const Worker& worker, size_t level) const;
  void give(Worker& worker, Job job);
  bool take_job(Job& job);
  void send(Worker& worker, const Frame& frame, std::string_view body);
  void flush(Worker& worker);
  bool receive(Worker& worker);
  void frame(Worker& worker, const Frame& frame, std::string_view body);
  void answered(Worker& worker, const Frame& frame, std::string_view body);
  void remember(const Worker& worker, const Job& job, const Frame& answer);
  void finish(Job job, RawOutcome outcome);
  void fail(Job job, FailureKind kind, std::string message, const Worker* worker, ExitInfo exit = {}, TaskText text = {});
  void fail_everything(FailureKind kind, const std::string& message);

  // core_workers.cpp
  Result<void> prepare();
  void start_missing();
  Result<void> ask(Worker& worker);
  Result<void> meet(Worker& worker);
  Result<void> start_thread(Worker& worker);
  void became_ready(Worker& worker);
  void retire(Worker& worker);
  void kill(Worker& worker, FailureKind verdict);
  void ended(Worker& worker, ExitInfo exit);
  void judge_outstanding(Worker& worker, uint64_t running, const ExitInfo& exit, TaskText text);
  void start_failed(Worker& worker, std::string reason, bool for_ever = false);
  void count_failed_start(std::string reason, bool for_ever);
  void check_deadlines(uint64_t now);
  void count_processes(uint64_t now);
  uint64_t next_deadline(uint64_t now) const;
  void keep_insights(Worker& worker);
  WorkerInsights current_insights(const Worker& worker) const;

  // core_output.cpp
  bool captures() const { return options_.output != WorkerOutput::inherit; }
  struct WriterEnds {
    Fd errors, output;
  };
  Result<WriterEnds> open_output(Worker& worker);
  void close_output(Worker& worker);
  void read_output(Worker& worker, TaskStream& stream);
  TaskStream::Seen seen_by(Worker& worker, const TaskStream& stream);
  TaskText take_text(Worker& worker, uint64_t id);
  TaskText take_rest(Worker& worker);
  void deliver(const Worker& worker, uint32_t function, uint64_t index, const TaskText& text);

  PoolOptions options_;
  std::string name_;
  uint64_t made_at_ = now_nanoseconds();
  SharedMemory memory_;
  Page* page_ = nullptr;
  // What threads use may be used by one that was given up, when the pool is gone.
  struct ThreadLink {
    Page page;
    Fd event;
  };
  std::shared_ptr<ThreadLink> link_;  // under threading
  Fd event_, poll_;
  std::unique_ptr<Starter> starter_;
  std::vector<Worker> workers_;
  std::optional<Call> init_, exit_;

  std::mutex mutex_;
  std::condition_variable changed_;    // for callers in wait()
  std::condition_variable wanted_;     // for the thread in the background
  bool driven_ = false;
  int waiting_ = 0;             // callers in wait()
  uint64_t last_wait_ = 0;      // when one of them left
  bool closing_ = false, closed_ = false;
  std::thread thread_;
  std::deque<std::shared_ptr<Source>> sources_;
  std::deque<Job> again_;       // to be sent once more
  std::vector<std::function<void()>> deferred_;
  std::vector<std::pair<const void*, std::function<void()>>> pulses_;
  uint64_t next_id_ = 1;
  uint64_t events_ = 0;         // tasks finished and sources ended, ever: somebody may wait for that
  unsigned failed_starts_ = 0;  // in a row
  uint64_t next_count_ = 0;     // of processes, nanoseconds
  uint64_t no_start_before_ = 0;  // nanoseconds: what keeps failing is tried more and more slowly
  std::string start_failure_;
  std::vector<std::string> exit_results_;
  std::vector<SlowTask> slowest_;
};

}  // namespace forklint::runtime
