#include "isolation.h"

#include <dirent.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "clone.h"
#include "launch_child.h"

namespace forklint::runtime {
namespace {

namespace fs = std::filesystem;

// Makes a child with these namespaces do all that a real one does, exec included: kernels differ in what they refuse, and where.
bool can_isolate(int flags, bool network) {
  std::string uid = identity_map(::geteuid());
  std::string gid = identity_map(::getegid());
  const char* programs[] = {"/proc/self/exe/none", nullptr};  // never there: the probe ends at the exec that fails
  char* none[] = {nullptr};
  auto pipe = make_pipe();
  if (!pipe) return false;
  ChildPlan plan{.argv = none, .environment = none, .programs = programs, .private_shm = true, .loopback = network, .errors = pipe->write.get()};
  if (flags & CLONE_NEWUSER) plan.uid_map = uid.c_str(), plan.gid_map = gid.c_str();
  auto born = clone_process(plan, flags, false);
  if (!born) return false;
  pipe->write.reset();
  StageError error;
  bool reached_exec = ::read(pipe->read.get(), &error, sizeof error) == ssize_t(sizeof error) && error.stage == Stage::exec;
  siginfo_t info{};
  while (::waitid(idtype_t(P_PIDFD), id_t(born->pidfd.get()), &info, WEXITED) != 0 && errno == EINTR) {}
  return reached_exec;
}

// Root needs no user namespace, and would lose all other users in one.
int find_flags(bool network) {
  int wanted = CLONE_NEWNS | (network ? CLONE_NEWNET : 0);
  if (can_isolate(wanted, network)) return wanted;
  if (can_isolate(wanted | CLONE_NEWUSER, network)) return wanted | CLONE_NEWUSER;
  return 0;
}

void add_shm_name(std::string path, std::set<std::string>& names) {
  constexpr std::string_view folder = "/dev/shm/";
  if (!path.starts_with(folder) || path.ends_with(" (deleted)")) return;
  path.erase(0, folder.size());
  names.insert(path.substr(0, path.find('/')));
}

}  // namespace

int namespace_flags(bool network) {
  static const int without_network = find_flags(true);
  static const int plain = find_flags(false);
  return network ? without_network : plain;
}

std::string identity_map(unsigned id) { return std::to_string(id) + " " + std::to_string(id) + " 1"; }

Result<std::string> make_private_folder() {
  std::error_code ignored;
  fs::path base = fs::temp_directory_path(ignored);
  std::string path = (ignored ? fs::path("/tmp") : base) / "forklint-XXXXXX";
  if (!::mkdtemp(path.data())) return system_error("mkdtemp " + path);
  return path;
}

void remove_folder(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (!error) return;
  // Folders that the program made unreadable: they are ours, so they can be opened again.
  for (fs::recursive_directory_iterator at(path, fs::directory_options::skip_permission_denied, error), end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (at->is_directory(ignored) && !at->is_symlink(ignored)) fs::permissions(at->path(), fs::perms::owner_all, ignored);
  }
  fs::remove_all(path, error);
}

std::vector<std::string> shm_names() {
  std::vector<std::string> names;
  DIR* listing = ::opendir("/dev/shm");
  if (!listing) return names;
  while (const dirent* entry = ::readdir(listing)) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  ::closedir(listing);
  std::ranges::sort(names);
  return names;
}

std::vector<std::string> shm_in_use(const std::vector<Member>& members) {
  std::set<std::string> names;
  for (const Member& member : members) {
    std::string folder = "/proc/" + std::to_string(member.pid);
    std::string maps = read_proc_file(folder + "/maps");
    for (size_t at = 0; (at = maps.find("/dev/shm/", at)) != std::string::npos;) {
      size_t end = std::min(maps.find('\n', at), maps.size());
      add_shm_name(maps.substr(at, end - at), names);
      at = end;
    }
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder + "/fd", error)) {
      std::error_code unreadable;
      add_shm_name(fs::read_symlink(entry.path(), unreadable).string(), names);
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace forklint::runtime
