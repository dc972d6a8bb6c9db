#include "src/worker.h"

#include <cxxabi.h>
#include <sched.h>
#include <time.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>

namespace forklint::runtime {
namespace {

constexpr int look_up_every = 500;  // milliseconds after which a sleeping worker looks whether its pool is still there

std::string demangled(const char* name) {
  int status = 0;
  char* plain = abi::__cxa_demangle(name, nullptr, nullptr, &status);
  std::string result = plain ? plain : name;
  std::free(plain);
  return result;
}

struct Thrown {
  std::string type, message, trace;
};

std::string message_of(const std::exception_ptr& thrown, std::string& type, std::exception_ptr& inner) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    type = demangled(typeid(error).name());
    if (auto* nested = dynamic_cast<const std::nested_exception*>(&error)) inner = nested->nested_ptr();
    return error.what();
  } catch (const std::string& text) {
    type = "std::string";
    return text;
  } catch (const char* text) {
    type = "const char*";
    return text;
  } catch (...) {
    if (auto* current = abi::__cxa_current_exception_type()) type = demangled(current->name());
    return {};
  }
}

Thrown describe_exception(std::exception_ptr thrown) {
  constexpr int deepest = 16;
  Thrown result;
  for (int depth = 0; thrown && depth < deepest; ++depth) {
    std::string type;
    std::exception_ptr inner;
    std::string message = message_of(thrown, type, inner);
    result.trace += std::string(size_t(depth) * 2, ' ') + type + ": " + message + "\n";
    if (depth == 0) result.type = type, result.message = message;
    thrown = inner;
  }
  return result;
}

class Server {
 public:
  explicit Server(WorkerSide side) : side_(std::move(side)), status_(side_.view.block->status) {
    context_.worker = side_.number;
    context_.shared = side_.shared;
  }

  void run() {
    if (side_.view.block->mark.wanted) std::setvbuf(stdout, nullptr, _IOLBF, 0);  // lines are seen as they come
    status_.first_word.store(now_nanoseconds(), std::memory_order_relaxed);
    send(FrameKind::hello, 0, to_bytes(tasks_hash()));
    Frame frame;
    while (next(frame)) {
      if (frame.kind == FrameKind::stop) break;
      call(frame);
      if (frame.kind == FrameKind::exit) break;
    }
    send(FrameKind::bye, 0, {});
  }

 private:
  bool gone() const {
    if (side_.abandoned) return side_.abandoned->load();
    return side_.process && ::getppid() != side_.page->pool;
  }

  // Waits for the next frame and its body; false when there will be none.
  bool next(Frame& frame) {
    if (side_.abandoned && side_.abandoned->load()) return false;
    if (!take(reinterpret_cast<char*>(&frame), sizeof frame)) return false;
    arguments_.resize(frame.size);
    return take(arguments_.data(), frame.size);
  }

  bool take(char* data, size_t size) {
    while (size > 0) {
      size_t got = side_.view.down.read_some(data, size);
      data += got;
      size -= got;
      if (got > 0 && side_.view.down.take_writer_sleeps()) ring_bell();
      if (got > 0) continue;
      if (gone()) return false;
      side_.view.down.wait_for_bytes(look_up_every);
    }
    return true;
  }

  void call(const Frame& frame) {
    uint64_t begin = now_nanoseconds();
    CallTimes times;
    add(status_.idle, begin - free_since_);
    status_.running_since.store(begin, std::memory_order_relaxed);
    status_.running.store(frame.id, std::memory_order_release);
    if (side_.cpu_seconds > 0) renew_cpu_limit();
    result_.clear();
    FrameKind kind = FrameKind::result;
    try {
      const TaskEntry* task = find_task(frame.function);
      if (!task || task->call(context_, arguments_, result_, times) == Called::bad_arguments) kind = FrameKind::unreadable;
    } catch (...) {
      Thrown thrown = describe_exception(std::current_exception());
      result_.clear();
      Writer out(result_);
      write(out, std::tuple(thrown.type, thrown.message, thrown.trace));
      kind = times.returned > 0 ? FrameKind::unwritable : FrameKind::thrown;
    }
    uint64_t end = now_nanoseconds();
    if (times.returned == 0) times.returned = end;
    count(frame, begin, times, end);
    if (side_.view.block->mark.wanted) mark_output(frame.id);
    send(kind, frame.id, result_, begin, end - begin);
    status_.running.store(0, std::memory_order_release);
    free_since_ = now_nanoseconds();
    add(status_.encode, free_since_ - end);
    if (result_.capacity() > largest_kept) result_ = {};
    if (arguments_.capacity() > largest_kept) arguments_ = {};
  }

  // What earlier functions took does not count for this one. The kernel counts whole seconds, and so do we: a second more is possible.
  void renew_cpu_limit() {
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    auto soft = uint64_t(used.tv_sec) + side_.cpu_seconds + 1;
    rlimit limit{};
    if (soft == cpu_limit_ || ::getrlimit(RLIMIT_CPU, &limit) != 0) return;
    cpu_limit_ = soft;
    limit.rlim_cur = std::min<rlim_t>(soft, limit.rlim_max);
    ::setrlimit(RLIMIT_CPU, &limit);
  }

  // Here ends what the function has written. One write, so that no grandchild's words are inside; a stream that the task has
  // closed has no mark.
  void mark_output(uint64_t id) {
    std::cout.flush(), std::cerr.flush(), std::clog.flush();
    std::fflush(stdout), std::fflush(stderr);
    char record[OutputMark::size + sizeof id];
    std::memcpy(record, side_.view.block->mark.bytes, OutputMark::size);
    std::memcpy(record + OutputMark::size, &id, sizeof id);
    for (int stream : {STDOUT_FILENO, STDERR_FILENO}) {
      ssize_t written;
      do written = ::write(stream, record, sizeof record);
      while (written < 0 && errno == EINTR);
    }
  }

  // The only writer of its own counters.
  static void add(std::atomic<uint64_t>& counter, uint64_t value) { counter.store(counter.load(std::memory_order_relaxed) + value, std::memory_order_relaxed); }

  void count(const Frame& frame, uint64_t begin, CallTimes times, uint64_t end) {
    uint64_t total = end - begin, decoding = times.decoded > 0 ? times.decoded - begin : 0;
    if (frame.kind != FrameKind::task) return add(status_.init, total);
    add(status_.tasks, 1);
    add(status_.decode, decoding);
    add(status_.run, times.returned - begin - decoding);
    add(status_.encode, end - times.returned);
    add(status_.bytes_in, frame.size);
    add(status_.bytes_out, result_.size());
    if (total > 1'000'000 || ++unmeasured_ >= 64) {
      unmeasured_ = 0;
      rusage usage{};
      ::getrusage(RUSAGE_SELF, &usage);
      status_.max_rss.store(uint64_t(usage.ru_maxrss) * 1024, std::memory_order_relaxed);
    }
  }

  void send(FrameKind kind, uint64_t id, const std::string& body, uint64_t began = 0, uint64_t took = 0) {
    Frame frame{id, kind, 0, body.size(), began, took};
    put(reinterpret_cast<const char*>(&frame), sizeof frame);
    put(body.data(), body.size());
  }

  void put(const char* data, size_t size) {
    while (size > 0) {
      size_t sent = side_.view.up.write_some(data, size);
      data += sent;
      size -= sent;
      if (sent > 0) ring_bell();
      if (size == 0) return;
      if (gone()) return;
      side_.view.up.wait_for_room(look_up_every);
    }
  }

  void ring_bell() {
    if (side_.page->pool_sleeps.load(std::memory_order_seq_cst) == 0 || side_.page->pool_sleeps.exchange(0, std::memory_order_seq_cst) == 0) return;
    uint64_t one = 1;
    [[maybe_unused]] ssize_t written = ::write(side_.event, &one, sizeof one);
  }

  static constexpr size_t largest_kept = 1 << 20;

  WorkerSide side_;
  Status& status_;
  WorkerContext context_;
  std::string arguments_, result_;
  unsigned unmeasured_ = 0;
  uint64_t cpu_limit_ = 0;
  uint64_t free_since_ = now_nanoseconds();
};

}  // namespace

void pin_thread(const std::vector<int>& cpus) {
  if (cpus.empty()) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int cpu : cpus) CPU_SET(cpu, &set);
  ::sched_setaffinity(0, sizeof set, &set);
}

void serve(WorkerSide side) { Server(std::move(side)).run(); }

}  // namespace forklint::runtime
