// The parent's part of a launch: everything is laid out here, so that the child has only system calls left to make.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "clone.h"
#include "process_state.h"

namespace forklint::runtime {
namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

void set_variable(std::vector<std::string>& environment, const std::string& setting) {
  std::string_view name = std::string_view(setting).substr(0, setting.find('='));
  std::erase_if(environment, [&](const std::string& other) { return other.starts_with(name) && other.size() > name.size() && other[name.size()] == '='; });
  if (name.size() < setting.size()) environment.push_back(setting);
}

std::vector<std::string> make_environment(const Command& command, const std::string& tmp) {
  std::vector<std::string> result;
  if (command.environment) result = *command.environment;
  else for (char** at = environ; at && *at; at++) result.emplace_back(*at);
  for (const std::string& setting : command.overrides) set_variable(result, setting);
  if (!tmp.empty()) set_variable(result, "TMPDIR=" + tmp);
  return result;
}

std::vector<std::string> candidates(const Command& command, const std::vector<std::string>& environment) {
  const std::string& name = command.argv[0];
  if (command.launch == Launch::self) return {"/proc/self/exe"};
  if (name.empty() || name.contains('/')) return {name};
  std::string path = "/usr/local/bin:/usr/bin:/bin";
  for (const std::string& setting : environment) {
    if (setting.starts_with("PATH=")) path = setting.substr(5);
  }
  std::vector<std::string> result;
  for (size_t at = 0; at <= path.size();) {
    size_t end = std::min(path.find(':', at), path.size());
    result.push_back(end == at ? name : path.substr(at, end - at) + "/" + name);  // an empty part is the working directory
    at = end + 1;
  }
  return result;
}

std::vector<ResourceLimit> make_limits(const Limits& limits, const Mark& mark) {
  std::vector<ResourceLimit> result;
  // What this process may itself not pass stays the limit: only root can raise it.
  auto add = [&](__rlimit_resource_t resource, uint64_t soft, uint64_t hard) {
    rlimit own{};
    if (soft == 0 || ::getrlimit(resource, &own) != 0) return;
    hard = std::min<uint64_t>(hard, own.rlim_max);
    result.push_back({int(resource), {std::min(soft, hard), hard}});
  };
  add(RLIMIT_AS, limits.address_space, limits.address_space);
  add(RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1);
  add(RLIMIT_FSIZE, limits.file_size, limits.file_size);
  add(RLIMIT_NOFILE, limits.descriptors, limits.descriptors);
  add(RLIMIT_LOCKS, mark.value, RLIM_INFINITY);
  return result;
}

Result<Fd> open_null(int flags) {
  Fd file(::open("/dev/null", flags | O_CLOEXEC));
  if (!file.open()) return system_error("open /dev/null");
  return file;
}

Result<Fd> memory_file(std::string_view bytes) {
  Fd file(::memfd_create("input", MFD_CLOEXEC));
  if (!file.open()) return system_error("memfd_create");
  while (!bytes.empty()) {
    ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0) return system_error("write to a file in memory");
    bytes.remove_prefix(size_t(written));
  }
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return system_error("lseek");
  return file;
}

// The descriptors of the child, each as a copy above all their numbers, so that no placing destroys a source.
class Placement {
 public:
  explicit Placement(const Command& command) {
    for (const Descriptor& extra : command.descriptors) above_ = std::max(above_, extra.number + 1);
  }
  Result<void> add(int fd, int number) {
    Fd copy(::fcntl(fd, F_DUPFD_CLOEXEC, above_));
    if (!copy.open()) return system_error("descriptor " + std::to_string(fd) + " for the child");
    moves_.push_back({copy.get(), number});
    held_.push_back(std::move(copy));
    return {};
  }
  // A copy of one that the child needs before it executes.
  Result<int> keep(int fd) {
    Fd copy(::fcntl(fd, F_DUPFD_CLOEXEC, above_));
    if (!copy.open()) return system_error("dup");
    held_.push_back(std::move(copy));
    return held_.back().get();
  }
  const std::vector<FdMove>& moves() {
    std::ranges::sort(moves_, {}, &FdMove::to);
    return moves_;
  }
  bool doubled() {
    const auto& sorted = moves();
    return std::ranges::adjacent_find(sorted, {}, &FdMove::to) != sorted.end();
  }

 private:
  int above_ = 3;
  std::vector<FdMove> moves_;
  std::vector<Fd> held_;
};

Result<void> place_input(const Command& command, Placement& placement) {
  if (command.input == Input::inherit) return placement.add(0, 0);
  if (command.input == Input::descriptor) return placement.add(command.input_fd, 0);
  auto file = command.input == Input::bytes ? memory_file(command.input_bytes) : open_null(O_RDONLY);
  if (!file) return std::unexpected(file.error());
  return placement.add(file->get(), 0);
}

Result<void> place_output(Output kind, int number, Capture& capture, Placement& placement) {
  if (kind == Output::inherit) return placement.add(number, number);
  if (kind == Output::null) {
    auto file = open_null(O_WRONLY);
    if (!file) return std::unexpected(file.error());
    return placement.add(file->get(), number);
  }
  auto pipe = make_pipe();
  if (!pipe) return std::unexpected(pipe.error());
  auto nonblocking = make_nonblocking(pipe->read.get());
  if (!nonblocking) return nonblocking;
  capture.pipe = std::move(pipe->read);
  return placement.add(pipe->write.get(), number);
}

Result<void> place_all(const Command& command, Child::State& state, Placement& placement) {
  if (auto placed = place_input(command, placement); !placed) return placed;
  if (command.output == Output::as_output) return system_error("the output cannot go where the output goes", EINVAL);
  if (auto placed = place_output(command.output, 1, state.output, placement); !placed) return placed;
  if (command.errors == Output::as_output) {
    int output = placement.moves().back().from;
    if (auto placed = placement.add(output, 2); !placed) return placed;
  } else if (auto placed = place_output(command.errors, 2, state.errors, placement); !placed) return placed;
  for (const Descriptor& extra : command.descriptors) {
    if (extra.number < 3) return system_error("descriptor numbers below 3 have fields of their own", EINVAL);
    if (auto placed = placement.add(extra.fd, extra.number); !placed) return placed;
  }
  if (placement.doubled()) return system_error("two descriptors with one number", EINVAL);
  return {};
}

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

// The texts that a plan points into.
struct Texts {
  std::vector<std::string> arguments, environment, programs;
  std::vector<char*> argv, envp, paths;
  std::vector<ResourceLimit> limits;
  std::string uid_map, gid_map;
};

Texts make_texts(const Command& command, const Child::State& state) {
  Texts texts;
  texts.arguments = command.argv;
  texts.environment = make_environment(command, state.tmp);
  texts.programs = candidates(command, texts.environment);
  texts.argv = pointers(texts.arguments);
  texts.envp = pointers(texts.environment);
  texts.paths = pointers(texts.programs);
  texts.limits = make_limits(command.limits, state.mark);
  texts.uid_map = identity_map(::geteuid());
  texts.gid_map = identity_map(::getegid());
  return texts;
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
    Placement placement(command);  // its copies are closed here before the stages are read, or their end would never come
    if (auto placed = place_all(command, state, placement); !placed) return std::unexpected(placed.error());
    auto stage_writer = placement.keep(stages->write.get());
    if (!stage_writer) return std::unexpected(stage_writer.error());
    ChildPlan plan = make_plan(command, texts, placement.moves(), namespaces);
    plan.errors = *stage_writer;
    plan.gate = gate->read.get();
    plan.gate_writer = gate->write.get();
    born = clone_process(plan, namespaces, command.launch != Launch::fork && !before_exec);
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

Result<Child> launch_with(const Command& command, const BeforeExec& before_exec) {
  if (command.argv.empty()) return system_error("a command without a program", EINVAL);
  static const bool subreaper = ::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
  if (!subreaper) return system_error("prctl(PR_SET_CHILD_SUBREAPER)", EINVAL);
  note_oom_count();
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

Result<Child> launch(const Command& command) { return launch_with(command, nullptr); }

}  // namespace forklint::runtime
