#include "room.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "embedded.h"

namespace forklint::verify {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t largest_copy = 256 << 20;
constexpr char first_seed[] = "1234";

runtime::Result<void> write_file(const fs::path& path, std::string_view bytes, bool executable) {
  std::ofstream out(path, std::ios::binary);
  out.write(bytes.data(), std::streamsize(bytes.size()));
  out.close();
  if (!out) return runtime::system_error("write " + path.string());
  if (executable) ::chmod(path.c_str(), 0700);
  return {};
}

// A bounded copy: a folder that is given by mistake may be a whole disk.
runtime::Result<void> copy_tree(const fs::path& from, const fs::path& to, const fs::path& never) {
  std::error_code error;
  uint64_t bytes = 0;
  for (fs::recursive_directory_iterator at(from, fs::directory_options::skip_permission_denied, error), end; !error && at != end; at.increment(error)) {
    std::error_code one;
    if (at->path() == never) {
      at.disable_recursion_pending();
      continue;
    }
    fs::path target = to / at->path().lexically_relative(from);
    if (at->is_symlink(one)) fs::copy_symlink(at->path(), target, one);
    else if (at->is_directory(one)) fs::create_directories(target, one);
    else if (at->is_regular_file(one)) {
      bytes += at->file_size(one);
      if (bytes > largest_copy) return std::unexpected(runtime::Error{EFBIG, from.string() + " is too large to copy"});
      fs::copy_file(at->path(), target, fs::copy_options::overwrite_existing, one);
    }
  }
  if (error) return runtime::system_error("copy " + from.string(), error.value());
  return {};
}

std::string setting(const std::vector<std::string>& settings, std::string_view name) {
  std::string value;
  for (const std::string& setting : settings)
    if (setting.starts_with(name) && setting.size() > name.size() && setting[name.size()] == '=') value = setting.substr(name.size() + 1);
  return value;
}

// Lines of files below `from`, told by where these are in the run.
std::string moved(const std::vector<std::string>& lines, const std::string& from, const std::string& to) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + (line.starts_with(from + "/") ? to + line.substr(from.size()) : line);
  return text;
}

// The first part below /tmp of a path that lies there: "/tmp/x" of "/tmp/x/y"; "" otherwise.
std::string part_of_tmp(const fs::path& path) {
  std::string text = fs::path(path).lexically_normal().string();
  if (!text.starts_with("/tmp/") || text.size() <= 5) return "";
  return text.substr(0, text.find('/', 5));
}

void remove_room(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (!error) return;
  for (fs::recursive_directory_iterator at(path, fs::directory_options::skip_permission_denied, error), end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (at->is_directory(ignored) && !at->is_symlink(ignored)) fs::permissions(at->path(), fs::perms::owner_all, ignored);
  }
  fs::remove_all(path, error);
}

runtime::Fd locked(const fs::path& path, int flags) {
  runtime::Fd file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600));
  return file.open() && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0 ? std::move(file) : runtime::Fd();
}

// For as long as the observer lives. The file has its name only once it is locked, so that nobody takes a new room for an abandoned one.
runtime::Fd lock_of(const fs::path& room) {
  runtime::Fd lock = locked(room / "unlocked", O_CREAT | O_EXCL);
  std::error_code error;
  if (lock.open()) fs::rename(room / "unlocked", room / "lock", error);
  return lock;
}

// Rooms of this user that nobody locks any more.
void remove_abandoned(const fs::path& base) {
  std::error_code error;
  for (fs::directory_iterator at(base, fs::directory_options::skip_permission_denied, error), end; !error && at != end; at.increment(error)) {
    struct stat status;
    if (!at->path().filename().string().starts_with("forklint-") || ::lstat(at->path().c_str(), &status) != 0) continue;
    if (!S_ISDIR(status.st_mode) || status.st_uid != ::geteuid()) continue;
    if (runtime::Fd lock = locked(at->path() / "lock", 0); lock.open()) remove_room(at->path());
  }
}

}  // namespace

Room::~Room() {
  if (!path_.empty()) remove_room(path_);
}

runtime::Result<Room> Room::make(const Run& run) {
  std::error_code error;
  fs::path base = fs::temp_directory_path(error);
  if (error) base = "/tmp";
  remove_abandoned(base);
  std::string path = (base / "forklint-XXXXXX").string();
  if (!::mkdtemp(path.data())) return runtime::system_error("mkdtemp " + path);
  Room room(fs::canonical(path, error).string());
  room.lock_ = lock_of(room.path_);
  if (auto filled = room.fill(run); !filled) return std::unexpected(filled.error());
  return room;
}

runtime::Result<void> Room::fill(const Run& run) {
  fs::path path(path_);
  std::error_code error;
  for (const char* folder : {"site", "tmp", "home", "upper", "work"}) fs::create_directory(path / folder, error);
  for (auto& [name, bytes, executable] : {std::tuple{"site/sitecustomize.py", embedded_site(), false}, std::tuple{"site/forklint_observer.py", embedded_observer(), false},
                                          std::tuple{"init", embedded_init(), true}, std::tuple{"shim.so", embedded_shim(), true},
                                          std::tuple{"unsafe.so", embedded_unsafe(), true}, std::tuple{"events", std::string_view(), false}}) {
    if (auto written = write_file(path / name, bytes, executable); !written) return written;
  }
  if (run.bare) {
    if (auto made = make_bare(run); !made) return made;
  }
  fs::path folder = fs::weakly_canonical(run.folder.empty() ? fs::path(".") : fs::path(run.folder), error);
  if (!fs::is_directory(folder, error)) return std::unexpected(runtime::Error{ENOTDIR, run.folder + " is no folder"});
  // A layer lies over a folder that does not hold this one.
  bool apart = path.lexically_relative(folder).string().starts_with("..");
  layered_ = run.use == Folder::in_place && run.namespaces && apart && folder.string().find_first_of(",:\\") == std::string::npos;
  folder_ = layered_ ? folder.string() : (path / "program").string();
  return layered_ ? runtime::Result<void>() : copy_program(run);
}

// A virtual environment, as small as one can be.
runtime::Result<void> Room::make_bare(const Run& run) {
  std::error_code error;
  const fs::path real = fs::canonical(run.interpreter, error), here = fs::path(path_) / "bare";
  if (!error) fs::create_directories(here / "bin", error);
  if (!error) fs::create_symlink(real, here / "bin/python3", error);
  if (error) return runtime::system_error("an environment for " + run.interpreter, error.value());
  bare_ = here / "bin/python3";
  return write_file(here / "pyvenv.cfg", "home = " + real.parent_path().string() + "\ninclude-system-site-packages = false\n", false);
}

runtime::Result<void> Room::copy_program(const Run& run) {
  std::error_code error;
  fs::path from = fs::canonical(run.folder.empty() ? fs::path(".") : fs::path(run.folder), error);
  fs::create_directory(folder_, error);
  if (run.files.empty()) return copy_tree(from, folder_, path_);
  for (const std::string& file : run.files) {
    fs::path target = fs::path(folder_) / file;
    fs::create_directories(target.parent_path(), error);
    fs::copy(from / file, target, fs::copy_options::recursive | fs::copy_options::overwrite_existing, error);
    if (error) return runtime::system_error("copy " + (from / file).string(), error.value());
  }
  return {};
}

std::vector<std::string> Room::environment(const Run& run) const {
  std::vector<std::string> settings;
  for (char** at = environ; at && *at; at++) {
    std::string_view variable = *at;
    if (variable.starts_with("PYTHON")) settings.emplace_back(variable.substr(0, variable.find('=')));
  }
  std::string home = ::getenv("HOME") ? ::getenv("HOME") : "/root";
  auto set = [&](const std::string& name, const std::string& value) { settings.push_back(name + "=" + value); };
  set("TMPDIR", path_ + "/tmp");
  set("HOME", path_ + "/home");
  set("PYTHONUSERBASE", home + "/.local");
  set("PYTHONDONTWRITEBYTECODE", "1");
  set("PYTHONHASHSEED", first_seed);
  set("TZ", "UTC");
  set("LC_ALL", "C.UTF-8");
  settings.insert(settings.end(), run.environment.begin(), run.environment.end());
  if (!run.interpreter.empty()) {
    std::string path = setting(run.environment, "PYTHONPATH");
    set("PYTHONPATH", path_ + "/site" + (path.empty() ? "" : ":" + path));
    set("FORKLINT_START_METHOD", run.start_method);
    set("FORKLINT_SIGNAL", std::to_string(stack_signal));
    if (setting(run.environment, "PYTHONHASHSEED").empty()) set("FORKLINT_SEED", first_seed);
    if (run.force) set("FORKLINT_FORCE_MS", run.force_lines.empty() ? "900" : "6000");
    std::error_code error;
    const std::string from = fs::weakly_canonical(run.folder.empty() ? fs::path(".") : fs::path(run.folder), error).string();
    if (!run.force_lines.empty()) set("FORKLINT_FORCE_LINES", moved(run.force_lines, from, folder_));
    if (!run.watch_lines.empty()) set("FORKLINT_LINES", moved(run.watch_lines, from, folder_));
  }
  return settings;
}

runtime::Command Room::command(const Run& run) const {
  bool native = run.interpreter.empty();
  std::vector<std::string> argv{path_ + "/init", events()};
  if (run.namespaces) {
    std::error_code unreadable;
    argv.insert(argv.end(), {"-m", fs::read_symlink("/proc/self/ns/mnt", unreadable).string(), "-p", "-r", "-w", path_});
    // What must stay visible of the old /tmp; each needs a place in the new one.
    std::vector<std::string> kept;
    std::error_code error;
    for (const fs::path& needed : {fs::path(path_), fs::path(folder_), fs::weakly_canonical(run.interpreter, error), fs::absolute(run.interpreter, error)}) {
      std::string part = part_of_tmp(needed);
      if (!part.empty() && std::ranges::count(kept, part) == 0) kept.push_back(part);
    }
    if (!std::ranges::all_of(kept, [](const std::string& part) { return fs::is_directory(part); }) || folder_ == "/tmp") kept.clear();
    else argv.insert(argv.end(), {"-t", path_ + "/tmp"});
    for (const std::string& part : kept) {
      fs::create_directories(path_ + "/tmp/" + fs::path(part).filename().string(), error);
      argv.insert(argv.end(), {"-k", part});
    }
    if (layered_) argv.insert(argv.end(), {"-o", folder_, path_ + "/upper", path_ + "/work"});
  }
  argv.insert(argv.end(), {"-d", folder_});
  auto inside = [&](const std::string& setting) { argv.insert(argv.end(), {"-E", setting}); };
  inside("LD_PRELOAD=" + path_ + "/shim.so" + (native ? " " + path_ + "/unsafe.so" : ""));
  inside("FORKLINT_EVENTS=" + events());
  if (native && run.force) inside("FORKLINT_FORCE_NATIVE_MS=100");
  argv.push_back("--");
  if (!native) argv.push_back(bare_.empty() ? run.interpreter : bare_);
  argv.insert(argv.end(), run.program.begin(), run.program.end());
  argv.insert(argv.end(), run.arguments.begin(), run.arguments.end());

  runtime::Command command{.argv = std::move(argv), .overrides = environment(run)};
  command.capture_limit = 1 << 20;
  command.death_signal = SIGKILL;  // and with the first process of a namespace all of it
  command.limits = {.address_space = run.most_memory, .file_size = 1ull << 30, .processes = run.most_processes + 2};
  command.isolation = {.shm = true, .no_network = !run.allow_network && run.namespaces, .namespaces = run.namespaces};
  return command;
}

}  // namespace forklint::verify
