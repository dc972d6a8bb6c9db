// One run from its launch to its verdict.
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <set>
#include <thread>

#include "events.h"
#include "forklint/runtime/process.h"
#include "hang.h"
#include "outcome.h"
#include "recurrence.h"
#include "room.h"

namespace forklint::verify {
namespace {

using std::chrono::milliseconds;

// A look costs processor time that the program could use: at most a thirtieth of it, within bounds.
constexpr std::chrono::microseconds between_looks{15'000}, most_between_looks{60'000};
constexpr int looking_share = 30;
constexpr milliseconds for_leftovers{1000};  // what the program left behind gets so long to finish
constexpr milliseconds for_stacks{1000};      // of one process
constexpr size_t many_replaced = 6;
constexpr milliseconds before_stacks{400};   // the main thread has not moved, although others do

class Watch {
 public:
  Watch(const Run& run, const Room& room, runtime::Child& child, Observation& seen)
      : run_(run), room_(room), child_(child), seen_(seen), events_(room.events()), begun_(Clock::now()) {}

  void count_output(size_t bytes) { output_ += bytes; }

  // To the verdict; then nothing of it lives any more.
  void go() {
    while (!finished()) {
    }
    seen_.seconds = std::chrono::duration<double>(Clock::now() - begun_).count();
    // What happens after the verdict is our doing, and is not read.
    bool judged = hang_ || !storm_.empty() || timed_out_;
    if (judged) take_stacks();
    (void)child_.kill_tree(milliseconds(0));
    if (!judged) events_.read();
    fill();
  }

 private:
  bool finished() {
    auto ended = child_.wait_until(Clock::now() + std::clamp(cost_ * looking_share, between_looks, most_between_looks));
    events_.read();
    if (!ended || *ended) return true;
    if (output_ > run_.most_output) return flooded_ = true;
    const Record& record = events_.record();
    if (storm_ = storm(record); !storm_.empty()) return true;
    double left = std::chrono::duration<double>(begun_ + run_.wall_limit - Clock::now()).count();
    if (left <= 0 && !record.ended) return timed_out_ = true;
    const auto begun = processor_time();
    bool done = look(left);
    cost_ = processor_time() - begun;
    return done;
  }

  static std::chrono::microseconds processor_time() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::microseconds(now.tv_nsec / 1000);
  }

  bool look(double left) {
    const Record& record = events_.record();
    std::vector<ProcessLook> look = look_at(child_.tree());
    std::erase_if(look, [&](const ProcessLook& process) { return process.pid == child_.pid() || (record.own_processes && process.inner == 1); });
    most_processes_ = std::max(most_processes_, look.size());
    if (!record.main) return false;
    if (storm_ = silent_storm(look, *record.main); !storm_.empty()) return true;
    HangQuestion question{.main = record.ended ? 0 : *record.main, .private_network = !run_.allow_network && child_.has_namespaces(), .seconds_left = left};
    for (const auto& [pid, what] : record.orphans) question.orphans.insert(pid);
    question.timers = std::ranges::any_of(record.timers, [](const auto& timer) { return timer.second > Clock::now(); });
    question.recurring = recurrence_.proved();
    question.ends = record.ends;
    std::optional<Hang> hang = finder_.step(look, question);
    for (const ProcessLook& process : finder_.polling())
      if (!hang && handles(process.pid, stack_signal)) recurrence_.step(process, room_.unseen(process.inner));  // an interpreter
    for (const ProcessLook& process : look) hidden_ |= process.hidden;
    if (!hang && !record.ended) hang = lost_helper(look, *record.main);
    if (!record.ended) return hang ? hang_ = std::move(hang), true : false;
    if (!hang && Clock::now() < *record.ended + for_leftovers) return false;
    for (const ProcessLook& process : look) left_behind_.insert(process.inner);
    return true;
  }

  // Children that end without an error, and are replaced without end: since the others of the main process last moved, one of its
  // threads has started and lost many.
  std::string silent_storm(const std::vector<ProcessLook>& look, int main) {
    auto process = std::ranges::find(look, main, &ProcessLook::inner);
    std::vector<ThreadLook> threads = process == look.end() ? std::vector<ThreadLook>{} : process->threads;
    size_t moved = 0;
    for (size_t i = 0; i < threads.size(); i++) moved += i >= threads_.size() || threads[i] != threads_[i];
    bool still = threads.size() == threads_.size() && moved <= 1 && !threads.empty() && threads[0] == threads_[0];
    threads_ = std::move(threads);
    size_t ended = 0;
    for (const Start& start : events_.record().starts) {
      auto child = events_.record().processes.find(start.child);
      ended += !start.main_thread && child != events_.record().processes.end() && (child->second.code || child->second.signal != 0);
    }
    if (!still) ended_before_ = ended;
    return ended >= ended_before_ + many_replaced ? "the end at once" : "";
  }

  // While other threads run, the main thread may still wait for what only a thread can do that has ended: its stack tells.
  std::optional<Hang> lost_helper(const std::vector<ProcessLook>& look, int main) {
    auto process = std::ranges::find(look, main, &ProcessLook::inner);
    if (process == look.end() || process->threads.empty()) return std::nullopt;
    const ThreadLook& thread = process->threads.front();
    if (thread != main_thread_ || wait_of(*process, thread).kind != Wait::lock) {
      main_thread_ = thread;
      main_since_ = Clock::now();
      return std::nullopt;
    }
    if (helpers_asked_ == 5 || Clock::now() < main_since_ + before_stacks) return std::nullopt;
    std::string errors = child_.errors();
    if (errors.find("Exception in thread ") == errors.npos) return std::nullopt;
    helpers_asked_++;
    main_since_ = Clock::now();
    std::string stack = stack_of(process->pid, one_stack_signal);
    std::string who = missing_helper(stack, errors);
    if (who.empty()) return std::nullopt;
    stacks_[main] = std::move(stack);
    return Hang{.proof = "lost helper", .cycle = {"process " + std::to_string(main) + " (main), main thread waits for " + who}, .waits = finder_.waits()};
  }

  // As faulthandler writes it; "" when it does not. The main thread gets the signal. Asking for all threads while some run can
  // crash the program, so that is for the end.
  std::string stack_of(int pid, int signal) {
    if (!handles(pid, signal)) return "";
    size_t before = read_text(room_.stacks()).size();
    if (::syscall(SYS_tgkill, pid, pid, signal) != 0) return "";
    std::string text;
    unsigned same = 0;  // looks without a new line: it is written frame by frame, on a busy machine with pauses
    for (Clock::time_point until = Clock::now() + for_stacks; Clock::now() < until;) {
      std::this_thread::sleep_for(milliseconds(3));
      std::string now = read_text(room_.stacks());
      same = now.size() > before && now.size() == text.size() ? same + 1 : 0;
      if (same == 6) break;
      text = std::move(now);
    }
    return text.size() > before ? text.substr(before, 8000) : "";
  }

  // One process after the other, so that each text has an owner. Where threads still run, asking for all may end the process before
  // its thread that was asked is written: then what is known of that one stays.
  void take_stacks() {
    for (const ProcessLook& process : look_at(child_.tree())) {
      if (process.pid == child_.pid()) continue;
      std::string text = stack_of(process.pid, stack_signal);
      std::string& known = stacks_[process.inner];
      if (known.empty() || text.contains("Current thread")) known = std::move(text);
      if (stacks_.size() >= 16) return;
    }
  }

  void fill() {
    const Record& record = events_.record();
    seen_.out = child_.output();
    seen_.err = child_.errors();
    seen_.python = record.python;
    seen_.injected = record.injected;
    seen_.namespaces = record.own_processes;
    seen_.forks = record.forks;
    seen_.starts = record.starts;
    seen_.unsafe_calls = record.unsafe_calls;
    seen_.reached = record.reached;
    seen_.exceptions = all_exceptions(record, seen_.err);
    std::set<std::string> methods;
    for (const Start& start : record.starts)
      if (!start.method.empty()) methods.insert(start.method);
    for (const std::string& method : methods) seen_.method += (seen_.method.empty() ? "" : ", ") + method;
    fill_processes();
    fill_contained();
    decide_all();
  }

  void fill_processes() {
    std::map<int, std::vector<std::string>> waits = hang_ ? hang_->waits : timed_out_ ? finder_.waits() : std::map<int, std::vector<std::string>>{};
    const Record& record = events_.record();
    for (const auto& [pid, process] : record.processes) {
      ProcessSeen& seen = seen_.processes.emplace_back(process);
      if (auto at = waits.find(pid); at != waits.end()) seen.waits = at->second;
      if (auto at = stacks_.find(pid); at != stacks_.end()) seen.stack = at->second;
      if (auto at = record.orphans.find(pid); at != record.orphans.end()) seen.waits.push_back("waits for " + at->second);
    }
    auto main = std::ranges::find(seen_.processes, record.main.value_or(0), &ProcessSeen::pid);
    if (main != seen_.processes.end()) std::rotate(seen_.processes.begin(), main, main + 1);
    if (record.main && !seen_.processes.empty()) seen_.code = seen_.processes.front().code, seen_.signal = seen_.processes.front().signal;
  }

  void fill_contained() {
    const Record& record = events_.record();
    auto say = [&](std::string text) {
      if (seen_.contained.size() < 20 && std::ranges::count(seen_.contained, text) == 0) seen_.contained.push_back(std::move(text));
    };
    if (flooded_) say("output flood: more than " + std::to_string(run_.most_output >> 20) + " MiB");
    // Less alone than asked for: what the kernel refused.
    for (const std::string& refused : record.refused) say("not isolated: " + refused);
    if (!left_behind_.empty()) {
      std::string text = "left running:";
      for (int pid : left_behind_) text += " process " + std::to_string(pid);
      say(text);
    }
    for (const ExceptionSeen& exception : record.exceptions) {
      size_t outside = exception.message.find("Read-only file system");
      if (outside != std::string::npos) say("wrote outside" + exception.message.substr(outside + 21));
      if (exception.type == "MemoryError") say("memory: more than " + std::to_string(run_.most_memory >> 20) + " MiB of address space");
    }
    if (auto exit = child_.wait(); exit && !exit->ended_by_us.empty()) say("process flood: " + exit->ended_by_us), crowded_ = exit->ended_by_us;
  }

  void decide_all() {
    const Record& record = events_.record();
    if (!record.unavailable.empty() || !record.main) {
      seen_.outcome = "unavailable";
      seen_.inconclusive = "not-started: " + (record.unavailable.empty() ? "the first process failed: " + seen_.err : record.unavailable);
    } else if (!crowded_.empty()) {
      seen_.outcome = "storms";
      seen_.proof = "process flood";
    } else if (!storm_.empty()) {
      seen_.outcome = "storms";
      seen_.proof = "storm";
    } else if (hang_) {
      seen_.outcome = "hangs";
      seen_.proof = hang_->proof;
      seen_.cycle = hang_->cycle;
    } else if (flooded_) {
      seen_.inconclusive = "output-flood: it printed more than " + std::to_string(run_.most_output >> 20) + " MiB";
    } else if (timed_out_) {
      std::string seconds = std::to_string(run_.wall_limit.count() / 1000) + "." + std::to_string(run_.wall_limit.count() % 1000 / 100);
      seen_.inconclusive = "wall-limit: " + seconds + " s passed" + (hidden_ ? ", and its system calls cannot be read here" : ", and it may still go on");
    } else {
      decide(seen_, run_.prints);
    }
  }

  const Run& run_;
  const Room& room_;
  runtime::Child& child_;
  Observation& seen_;
  Events events_;
  Clock::time_point begun_;
  HangFinder finder_;
  Recurrence recurrence_;
  uint64_t output_ = 0;
  std::chrono::microseconds cost_{0};  // of the last look
  std::optional<Hang> hang_;
  std::string storm_;
  std::string crowded_;
  bool timed_out_ = false;
  bool flooded_ = false;
  bool hidden_ = false;
  size_t most_processes_ = 0;
  std::vector<ThreadLook> threads_;
  size_t ended_before_ = 0;
  ThreadLook main_thread_;
  Clock::time_point main_since_{};
  unsigned helpers_asked_ = 0;
  std::set<int> left_behind_;
  std::map<int, std::string> stacks_;
};

Observation failed(std::string why) {
  Observation seen;
  seen.outcome = "unavailable";
  seen.inconclusive = "not-started: " + std::move(why);
  return seen;
}

}  // namespace

Observation observe(const Run& run) {
  if (run.program.empty()) return failed("no program");
  auto room = Room::make(run);
  if (!room) return failed(room.error().what);
  Observation seen;
  uint64_t output = 0;
  runtime::Command command = room->command(run);
  Watch* watching = nullptr;
  command.on_line = [&](runtime::Stream, std::string_view line) {
    output += line.size() + 1;
    if (watching) watching->count_output(line.size() + 1);
  };
  auto child = runtime::launch(command);
  if (!child && run.namespaces) {
    Run plain = run;
    plain.namespaces = false;
    return observe(plain);
  }
  if (!child) return failed(child.error().what);
  Watch watch(run, *room, *child, seen);
  watching = &watch;
  watch.go();
  watching = nullptr;
  return seen;
}

}  // namespace forklint::verify
