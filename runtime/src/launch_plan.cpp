// What a launch lays out before its child exists: texts, limits, descriptors.
#include "src/launch_plan.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "src/isolation.h"

namespace forklint::runtime {
namespace {

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
  if (command.launch == Launch::self || command.launch == Launch::zygote) return {"/proc/self/exe"};
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

Result<Fd> open_null(int flags) {
  Fd file(::open("/dev/null", flags | O_CLOEXEC));
  if (!file.open()) return system_error("open /dev/null");
  return file;
}

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

}  // namespace

std::vector<ResourceLimit> make_limits(const Limits& limits, const Mark& mark) {
  std::vector<ResourceLimit> result;
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

Result<Fd> memory_file(std::string_view bytes) {
  Fd file(::memfd_create("forklint-input", MFD_CLOEXEC));
  if (!file.open()) return system_error("memfd_create");
  while (!bytes.empty()) {
    ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0) return system_error("write to a file in memory");
    bytes.remove_prefix(size_t(written));
  }
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return system_error("lseek");
  return file;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

Result<void> Placement::add(int fd, int number) {
  Fd copy(::fcntl(fd, F_DUPFD_CLOEXEC, above_));
  if (!copy.open()) return system_error("descriptor " + std::to_string(fd) + " for the child");
  moves_.push_back({copy.get(), number});
  held_.push_back(std::move(copy));
  return {};
}

Result<int> Placement::keep(int fd) {
  Fd copy(::fcntl(fd, F_DUPFD_CLOEXEC, above_));
  if (!copy.open()) return system_error("dup");
  held_.push_back(std::move(copy));
  return held_.back().get();
}

const std::vector<FdMove>& Placement::moves() {
  std::ranges::sort(moves_, {}, &FdMove::to);
  return moves_;
}

bool Placement::doubled() {
  const auto& sorted = moves();
  return std::ranges::adjacent_find(sorted, {}, &FdMove::to) != sorted.end();
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

}  // namespace forklint::runtime
