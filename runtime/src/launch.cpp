// The parent's part of a launch: from the plan to a process that runs the program, or why it does not.
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>

#include "clone.h"
#include "launch_plan.h"
#include "process_state.h"
#include "src/zygote_order.h"

namespace forklint::runtime {
namespace {

std::string stage_text(Stage stage, const Command& command) {
  switch (stage) {
    case Stage::group: return "setsid";
    case Stage::death_signal: return "prctl(PR_SET_PDEATHSIG)";
    case Stage::identity: return "map of user ids";
    case Stage::mounts: return "mount of /dev/shm";
    case Stage::loopback: return "loopback";
    case Stage::directory: return "chdir " + command.directory;
    case Stage::descriptors: return "dup2";
    case Stage::limits: return "setrlimit";
    case Stage::exec: return "execve " + (command.launch == Launch::self ? "/proc/self/exe" : command.argv[0]);
    case Stage::none:
    case Stage::gate: break;
  }
  return "launch";
}

// A traced process stops once more before it ends.
void take_failed(const Fd& pidfd, int pid) {
  siginfo_t info{};
  for (;;) {
    if (::waitid(idtype_t(P_PIDFD), id_t(pidfd.get()), &info, WEXITED | WSTOPPED | __WALL) != 0) {
      if (errno == EINTR) continue;
      return;
    }
    if (info.si_code == CLD_EXITED || info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED) return;
    ::ptrace(PTRACE_CONT, pid, nullptr, nullptr);
  }
}

// What the child says through the pipe before its exec closes it.
StageError read_stage(const Fd& pipe) {
  StageError error;
  ssize_t got;
  while ((got = ::read(pipe.get(), &error, sizeof error)) < 0 && errno == EINTR) {}
  return got == ssize_t(sizeof error) ? error : StageError{};
}

// What the Child will know from the start.
Result<std::unique_ptr<Child::State>> make_state(const Command& command, int namespaces) {
  auto state = std::make_unique<Child::State>();
  state->namespaces = namespaces != 0 && command.isolation.shm;
  state->watch_shm = namespaces == 0 && command.isolation.shm;
  if (state->watch_shm) state->shm_before = shm_names();
  state->mark = next_mark();
  state->limits = command.limits;
  state->group = command.group;
  state->capture_limit = std::max<size_t>(command.capture_limit, 4096);
  state->on_line = command.on_line;
  if (!command.isolation.tmp) return state;
  auto folder = make_private_folder();
  if (!folder) return std::unexpected(folder.error());
  state->tmp = *folder;
  return state;
}

Result<int> choose_namespaces(const Isolation& isolation) {
  bool wanted = isolation.namespaces && (isolation.shm || isolation.no_network);
  int flags = wanted ? namespace_flags(isolation.no_network) : 0;
  if (isolation.no_network && flags == 0) return system_error("a network of its own is not allowed here", EPERM);
  return flags;
}

ChildPlan make_plan(const Command& command, const Texts& texts, const std::vector<FdMove>& moves, int namespaces) {
  const bool mapped = namespaces & CLONE_NEWUSER;
  return {.argv = texts.argv.data(),
          .environment = texts.envp.data(),
          .programs = texts.paths.data(),
          .directory = command.directory.empty() ? nullptr : command.directory.c_str(),
          .moves = moves.data(),
          .move_count = moves.size(),
          .limits = texts.limits.data(),
          .limit_count = texts.limits.size(),
          .uid_map = mapped ? texts.uid_map.c_str() : nullptr,
          .gid_map = mapped ? texts.gid_map.c_str() : nullptr,
          .session = command.group == Group::session,
          .group = command.group == Group::group,
          .private_shm = namespaces != 0 && command.isolation.shm,
          .loopback = command.isolation.no_network,
          .death_signal = command.death_signal,
          .parent = ::getpid()};
}

using BeforeExec = std::function<Result<void>(int pid)>;

// The process, once it runs the program.
Result<Born> start(const Command& command, Child::State& state, int namespaces, const BeforeExec& before_exec) {
  auto stages = make_pipe();
  if (!stages) return std::unexpected(stages.error());
  auto gate = before_exec ? make_pipe() : Result<Pipe>(Pipe{});
  if (!gate) return std::unexpected(gate.error());
  Texts texts = make_texts(command, state);
  Result<Born> born;
  {
    int above = 3;
    for (const Descriptor& extra : command.descriptors) above = std::max(above, extra.number + 1);
    Placement placement(above);  // its copies are closed here before the stages are read, or their end would never come
    if (auto placed = place_all(command, state, placement); !placed) return std::unexpected(placed.error());
    auto stage_writer = placement.keep(stages->write.get());
    if (!stage_writer) return std::unexpected(stage_writer.error());
    ChildPlan plan = make_plan(command, texts, placement.moves(), namespaces);
    plan.errors = *stage_writer;
    plan.gate = gate->read.get();
    plan.gate_writer = gate->write.get();
    if (command.launch == Launch::zygote && !before_exec) born = copy_of(*command.zygote, plan, texts, namespaces);
    else born = clone_process(plan, namespaces, command.launch != Launch::fork && !before_exec);
  }
  if (!born) return born;
  stages->write.reset();
  Result<void> adopted;
  if (before_exec) adopted = before_exec(born->pid);
  bool opened = !before_exec || (adopted && ::write(gate->write.get(), "", 1) == 1);
  if (!opened) ::kill(born->pid, SIGKILL);
  StageError error = read_stage(stages->read);
  if (opened && error.stage == Stage::none) return born;
  take_failed(born->pidfd, born->pid);
  if (!adopted) return std::unexpected(adopted.error());
  return system_error(stage_text(error.stage, command), error.number);
}

}  // namespace

Result<void> become_subreaper() {
  static std::atomic<pid_t> done{0};  // a copy of this process has the number, but not the property
  if (done.load(std::memory_order_relaxed) == ::getpid()) return {};
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return system_error("prctl(PR_SET_CHILD_SUBREAPER)");
  done.store(::getpid(), std::memory_order_relaxed);
  return {};
}

Child adopt(int pid, Fd pidfd, Mark mark) {
  auto state = std::make_unique<Child::State>();
  state->pid = pid;
  state->pidfd = std::move(pidfd);
  state->mark = mark;
  return Child(std::move(state));
}

Result<Child> launch_with(const Command& command, const BeforeExec& before_exec) {
  note_oom_count();
  if (command.argv.empty()) return system_error("a command without a program", EINVAL);
  if (command.launch == Launch::zygote && !command.zygote) return system_error("a launch by a zygote, but by none", EINVAL);
  auto namespaces = choose_namespaces(command.isolation);
  if (!namespaces) return std::unexpected(namespaces.error());
  auto state = make_state(command, *namespaces);
  if (!state) return std::unexpected(state.error());
  auto born = start(command, **state, *namespaces, before_exec);
  if (!born) {
    if (!(*state)->tmp.empty()) remove_folder((*state)->tmp);
    return std::unexpected(born.error());
  }
  (*state)->pid = born->pid;
  (*state)->pidfd = std::move(born->pidfd);
  return Child(std::move(*state));
}

Result<Child> launch(const Command& command) {
  if (auto ready = become_subreaper(); !ready) return std::unexpected(ready.error());
  return launch_with(command, nullptr);
}

}  // namespace forklint::runtime
