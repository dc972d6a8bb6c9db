#include "tree_tracer.h"

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "proc_tree.h"

namespace forklint::runtime {
namespace {

std::string proc(int pid, const char* name) { return "/proc/" + std::to_string(pid) + "/" + name; }

std::string program_of(int pid) {
  char path[4096];
  ssize_t length = ::readlink(proc(pid, "exe").c_str(), path, sizeof path);
  return length > 0 ? std::string(path, size_t(length)) : "";
}

std::vector<std::string> argv_of(int pid) {
  std::string text = read_proc_file(proc(pid, "cmdline")).substr(0, 4096);
  std::vector<std::string> argv;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find('\0', at), text.size());
    argv.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return argv;
}

// ESRCH is no error: it was killed while it stood still, its end will be reported.
void resume(int tid, int signal = 0) { ::ptrace(PTRACE_CONT, tid, nullptr, signal); }

int event_message(int tid) {
  unsigned long message = 0;
  ::ptrace(PTRACE_GETEVENTMSG, tid, nullptr, &message);
  return int(message);
}

bool stops_a_group(int signal) { return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU; }

double seconds(const timeval& time) { return double(time.tv_sec) + double(time.tv_usec) / 1e6; }

}  // namespace

Result<void> Tracer::seize(int pid) {
  root_ = pid;
  start_ = Clock::now();
  long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL;
  if (::ptrace(PTRACE_SEIZE, pid, nullptr, options) != 0) return system_error("ptrace");
  process_of_[pid] = pid;
  processes_[pid].tids.insert(pid);
  born(pid, ::getpid());
  return {};
}

// This thread's own children and tracees only (__WNOTHREAD): the statuses of other children of this process are not ours to take.
void Tracer::follow(const std::function<void(ExitInfo)>& root_ended) {
  for (;;) {
    int status = 0;
    rusage usage{};
    int tid = ::wait4(-1, &status, __WALL | __WNOTHREAD, &usage);
    if (tid < 0 && errno == EINTR) continue;
    if (tid < 0) return;
    if (WIFSTOPPED(status)) stopped(tid, status);
    else ended(tid, status, usage, root_ended);
  }
}

void Tracer::stopped(int tid, int status) {
  const int event = status >> 16, signal = WSTOPSIG(status);
  meet(tid, 0, false);
  switch (event) {
    case 0: return resume(tid, signal);  // a signal on its way to the program
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
    case PTRACE_EVENT_CLONE: meet(event_message(tid), tid, event != PTRACE_EVENT_CLONE); break;
    case PTRACE_EVENT_EXEC: executed(tid); break;
    case PTRACE_EVENT_EXIT: leaving(tid); break;
    case PTRACE_EVENT_STOP:
      // In a group stop it must stay stopped until SIGCONT, and still be heard.
      if (stops_a_group(signal) && !over_limit) {
        ::ptrace(PTRACE_LISTEN, tid, nullptr, nullptr);
        return;
      }
      break;
  }
  if (over_limit) kill_all();
  resume(tid);
}

// The new one's first stop and its parent's event come in either order, and both stand still until they are seen.
void Tracer::meet(int tid, int from, bool surely_process) {
  if (tid == 0 || (from != 0 && unannounced_.erase(tid) != 0) || process_of_.contains(tid)) return;
  auto early = ended_unmet_.find(tid);
  if (early != ended_unmet_.end()) {
    int status = early->second;
    ended_unmet_.erase(early);
    if (!surely_process || from == 0) return;
    Process process{.parent = process_of_[from], .program = processes_[process_of_[from]].program};
    record({.kind = TreeEvent::Kind::birth, .pid = tid, .parent = process.parent, .program = process.program});
    return gone(tid, process, status);
  }
  std::string text = read_proc_file(proc(tid, "status"));
  int process = int(status_field(text, "Tgid"));
  if (process == 0 && !surely_process) return;  // it is dying; its end is reported
  if (process == 0) process = tid;
  if (from == 0) unannounced_.insert(tid);
  process_of_[tid] = process;
  if (process != tid && processes_.contains(process)) {
    processes_[process].tids.insert(tid);
    return;
  }
  processes_[process].tids.insert(tid);
  born(process, from != 0 ? process_of_[from] : int(status_field(text, "PPid")));
}

void Tracer::born(int pid, int parent) {
  Process& process = processes_[pid];
  auto known = processes_.find(parent);
  process.parent = parent;
  process.program = known != processes_.end() ? known->second.program : program_of(parent);
  int threads = int(status_field(read_proc_file(proc(parent, "status")), "Threads"));
  record({.kind = TreeEvent::Kind::birth, .pid = pid, .parent = parent, .threads = threads, .program = process.program});
  most = std::max(most, unsigned(processes_.size()));
  if (limit_ == 0 || processes_.size() <= limit_) return;
  over_limit = true;
  kill_all();
}

// All other threads are gone without a word, and the one that called has the process's number now.
void Tracer::executed(int pid) {
  Process& process = processes_[pid];
  for (int tid : process.tids) process_of_.erase(tid);
  process.tids = {pid};
  process_of_[pid] = pid;
  process.program = program_of(pid);
  record({.kind = TreeEvent::Kind::exec, .pid = pid, .parent = process.parent, .threads = 1, .program = process.program, .argv = argv_of(pid)});
}

// Its memory is still there to be asked about; afterwards it is not.
void Tracer::leaving(int tid) {
  auto at = process_of_.find(tid);
  if (at == process_of_.end()) return;
  Process& process = processes_[at->second];
  std::string text = read_proc_file(proc(at->second, "status"));
  process.peak = std::max(process.peak, status_field(text, "VmHWM") * 1024);
  if (tid == at->second) process.threads_at_exit = int(status_field(text, "Threads"));
}

void Tracer::ended(int tid, int status, const rusage& usage, const std::function<void(ExitInfo)>& root_ended) {
  auto at = process_of_.find(tid);
  if (at == process_of_.end()) {
    ended_unmet_[tid] = status;
    return;
  }
  int pid = at->second;
  process_of_.erase(at);
  auto process = processes_.find(pid);
  if (tid != pid) {
    if (process != processes_.end()) process->second.tids.erase(tid);
    return;
  }
  Process last = std::move(process->second);
  processes_.erase(process);
  for (int other : last.tids) process_of_.erase(other);
  if (last.peak == 0) last.peak = uint64_t(usage.ru_maxrss) * 1024;
  gone(pid, last, status);
  if (pid != root_) return;
  ExitInfo exit{.user_seconds = seconds(usage.ru_utime), .system_seconds = seconds(usage.ru_stime), .max_rss = last.peak};
  if (WIFEXITED(status)) exit.code = WEXITSTATUS(status);
  else exit.signal = WTERMSIG(status), exit.core = WCOREDUMP(status);
  root_ = 0;  // the number may come again
  root_ended(std::move(exit));
}

void Tracer::gone(int pid, const Process& process, int status) {
  TreeEvent event{.kind = TreeEvent::Kind::exit, .pid = pid, .parent = process.parent, .threads = process.threads_at_exit};
  if (WIFEXITED(status)) event.code = WEXITSTATUS(status);
  else event.signal = WTERMSIG(status);
  event.max_rss = process.peak;
  event.program = process.program;
  record(std::move(event));
}

// Their numbers cannot be others': only this thread takes their statuses.
void Tracer::kill_all() {
  for (const auto& [pid, process] : processes_) ::kill(pid, SIGKILL);
}

void Tracer::record(TreeEvent event) {
  event.at = std::chrono::duration<double>(Clock::now() - start_).count();
  if (events.size() < kept_) events.push_back(std::move(event));
  else dropped++;
}

}  // namespace forklint::runtime
