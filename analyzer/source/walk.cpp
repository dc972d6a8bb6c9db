#include "analyzer/source/walk.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "analyzer/source/reasons.h"
#include "analyzer/source/shebang.h"

namespace forklint::source {
namespace {

constexpr size_t largest_ignore_file = 1u << 20;

// The ignore files of one folder. Folders without any share the level of the folder above.
struct Level {
  int above = -1;
  std::string folder;  // real path without a slash at its end
  std::vector<IgnorePattern> ignore, gitignore, info_exclude;
  bool repository_top = false;
};

struct Folder {
  std::string real;
  std::string shown;
  int level = -1;
};

struct Entry {
  std::string name;
  unsigned char type = DT_UNKNOWN;
};

struct Listing {
  std::vector<Entry> entries;  // by name
  bool has_ignore = false, has_gitignore = false, has_git = false;
};

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

std::string joined(std::string_view folder, std::string_view name) {
  std::string path(folder);
  if (!path.empty() && path.back() != '/') path += '/';
  return path += name;
}

// The first bytes of a file; empty if it cannot be read. Never waits for a pipe.
std::string first_bytes(int folder, const char* name, size_t count) {
  std::string bytes;
  const int descriptor = ::openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) return bytes;
  bytes.resize_and_overwrite(count, [&](char* data, size_t room) {
    size_t used = 0;
    while (used < room) {
      const ssize_t got = ::read(descriptor, data + used, room - used);
      if (got <= 0) break;
      used += static_cast<size_t>(got);
    }
    return used;
  });
  ::close(descriptor);
  return bytes;
}

std::vector<IgnorePattern> read_ignore_file(const std::string& path) {
  return parse_ignore_file(first_bytes(AT_FDCWD, path.c_str(), largest_ignore_file));
}

std::string first_line_of(const std::string& path) {
  const std::string bytes = first_bytes(AT_FDCWD, path.c_str(), 4096);
  return bytes.substr(0, bytes.find_first_of("\r\n"));
}

// Where info/exclude of the repository at `top` is: `.git` is a folder, or a file that names one (a worktree, a
// submodule), which in turn may name the folder that all worktrees share.
std::string info_exclude_path(const std::string& top) {
  std::string git = joined(top, ".git");
  struct stat status {};
  if (::stat(git.c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
    const std::string line = first_line_of(git);
    if (!line.starts_with("gitdir: ")) return {};
    git = line[8] == '/' ? line.substr(8) : joined(top, line.substr(8));
    if (const std::string common = first_line_of(joined(git, "commondir")); !common.empty()) {
      git = common[0] == '/' ? common : joined(git, common);
    }
  }
  return joined(git, "info/exclude");
}

int add_level(std::vector<Level>& levels, int above, const std::string& folder, bool ignore, bool gitignore, bool git) {
  if (!ignore && !gitignore && !git) return above;
  Level& level = levels.emplace_back();
  level.above = above;
  level.folder = folder;
  level.repository_top = git;
  if (ignore) level.ignore = read_ignore_file(joined(folder, ".ignore"));
  if (gitignore) level.gitignore = read_ignore_file(joined(folder, ".gitignore"));
  if (git) level.info_exclude = read_ignore_file(info_exclude_path(folder));
  return static_cast<int>(levels.size()) - 1;
}

bool exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

// The folders above `real`, from the top of its repository down; none if it is in no repository, or is itself a top.
int add_levels_above(std::vector<Level>& levels, const std::string& real) {
  if (exists(joined(real, ".git"))) return -1;
  std::vector<std::string> above;
  bool found = false;
  for (std::string folder = real; !found && folder.size() > 1;) {
    const size_t slash = folder.rfind('/');
    folder.resize(slash == 0 ? 1 : slash);
    above.push_back(folder);
    found = exists(joined(folder, ".git"));
  }
  int level = -1;
  if (!found) return level;
  for (auto folder = above.rbegin(); folder != above.rend(); ++folder) {
    level = add_level(levels, level, *folder, true, true, folder == above.rbegin());
  }
  return level;
}

std::string_view relative(std::string_view path, std::string_view folder) {
  return path.substr(folder.size() + (folder.ends_with('/') ? 0 : 1));
}

// git's order: .ignore before .gitignore before info/exclude, and of one sort the nearest file first.
bool ignored(const std::vector<Level>& levels, int level, std::string_view real, bool is_folder) {
  for (int i = level; i >= 0; i = levels[static_cast<size_t>(i)].above) {
    const Level& here = levels[static_cast<size_t>(i)];
    const Verdict verdict = match(here.ignore, relative(real, here.folder), is_folder);
    if (verdict != Verdict::silent) return verdict == Verdict::ignored;
  }
  for (int i = level; i >= 0; i = levels[static_cast<size_t>(i)].above) {
    const Level& here = levels[static_cast<size_t>(i)];
    const std::string_view path = relative(real, here.folder);
    const Verdict verdict = match(here.gitignore, path, is_folder);
    if (verdict != Verdict::silent) return verdict == Verdict::ignored;
    if (here.repository_top) return match(here.info_exclude, path, is_folder) == Verdict::ignored;
  }
  return false;
}

Listing list(DIR* directory) {
  Listing listing;
  while (const dirent* entry = ::readdir(directory)) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    listing.has_ignore |= name == ".ignore";
    listing.has_gitignore |= name == ".gitignore";
    listing.has_git |= name == ".git";
    listing.entries.push_back({std::string(name), entry->d_type});
  }
  std::ranges::sort(listing.entries, {}, &Entry::name);
  return listing;
}

struct Walker {
  Walk& walk;
  std::string root;  // the real path of the folder named, with a slash at its end
  std::vector<Level> levels;
  std::vector<Folder> pending;

  void skip(std::string shown, std::string reason) { walk.skipped.push_back({std::move(shown), std::move(reason)}); }

  bool left_out(const Folder& folder, const std::string& real, bool is_folder) const {
    return excluded(walk.excludes, real, is_folder) || ignored(levels, folder.level, real, is_folder);
  }

  std::optional<Kind> kind_by_shebang(int directory, const Entry& entry) {
    if (entry.name.find('.') != std::string::npos || walk.shebangs_left == 0) return std::nullopt;
    --walk.shebangs_left;
    if (!asks_for_python(first_bytes(directory, entry.name.c_str(), 128))) return std::nullopt;
    return Kind::python;
  }

  // What is neither a folder nor without interest: a file, or something that is named like one.
  void visit_file(const Folder& folder, int directory, const Entry& entry, bool is_link) {
    std::optional<Kind> kind = kind_of(entry.name);
    if (!kind && (entry.type != DT_REG || entry.name.find('.') != std::string::npos)) return;
    if (entry.name.starts_with(".#")) return;  // an editor's lock
    std::string real = joined(folder.real, entry.name);
    if (left_out(folder, real, false)) return;
    std::string shown = joined(folder.shown, entry.name);
    if (!kind) kind = kind_by_shebang(directory, entry);
    if (!kind) return;
    struct stat status {};
    if (::fstatat(directory, entry.name.c_str(), &status, 0) != 0) {
      const int error = errno;
      return skip(std::move(shown), is_link && error == ENOENT ? "link to nothing" : system_error(error));
    }
    if (const auto what = irregular(status.st_mode); !what.empty()) return skip(std::move(shown), std::string(what));
    if (std::string why = too_large(static_cast<uint64_t>(status.st_size), walk.options); !why.empty()) {
      return skip(std::move(shown), std::move(why));
    }
    if (is_link) {
      const std::unique_ptr<char, void (*)(void*)> target(::realpath(real.c_str(), nullptr), std::free);
      if (target) real = target.get();
      if (!real.starts_with(root)) return skip(std::move(shown), "link out of the folder, not followed");
    }
    walk.candidates.push_back({std::move(shown), std::move(real), *kind, is_link});
  }

  void visit_link(const Folder& folder, int directory, Entry entry) {
    struct stat status {};
    const bool there = ::fstatat(directory, entry.name.c_str(), &status, 0) == 0;
    if (there && S_ISDIR(status.st_mode)) {
      if (left_out(folder, joined(folder.real, entry.name), false)) return;
      return skip(joined(folder.shown, entry.name), "link to a folder, not followed");
    }
    if (there && S_ISREG(status.st_mode)) entry.type = DT_REG;
    visit_file(folder, directory, entry, true);
  }

  void visit(const Folder& folder, int directory, Entry entry) {
    if (entry.type == DT_UNKNOWN) {  // some file systems do not say
      struct stat status {};
      if (::fstatat(directory, entry.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return;
      entry.type = static_cast<unsigned char>(IFTODT(status.st_mode));
    }
    if (entry.type == DT_LNK) return visit_link(folder, directory, std::move(entry));
    if (entry.type != DT_DIR) return visit_file(folder, directory, entry, false);
    std::string real = joined(folder.real, entry.name);
    if (left_out(folder, real, true)) return;
    pending.push_back({std::move(real), joined(folder.shown, entry.name), folder.level});
  }

  void visit_folder(Folder folder) {
    const Directory directory(::opendir(folder.real.c_str()), ::closedir);
    if (!directory) return skip(folder.shown.empty() ? "." : folder.shown, "folder not read: " + system_error(errno));
    Listing listing = list(directory.get());
    if (walk.options.respect_gitignore) {
      folder.level = add_level(levels, folder.level, folder.real, listing.has_ignore, listing.has_gitignore, listing.has_git);
    }
    const int descriptor = ::dirfd(directory.get());
    for (Entry& entry : listing.entries) visit(folder, descriptor, std::move(entry));
  }
};

}  // namespace

bool excluded(const Excludes& excludes, std::string_view real, bool is_folder) {
  const bool inside = real.size() > excludes.root.size() && real.starts_with(excludes.root) &&
                      (excludes.root.ends_with('/') || real[excludes.root.size()] == '/');
  return match(excludes.patterns, inside ? relative(real, excludes.root) : real.substr(1), is_folder) == Verdict::ignored;
}

std::string too_large(uint64_t size, const DiscoverOptions& options) {
  if (options.max_file_size == 0 || size <= options.max_file_size) return {};
  return over_limit(size, options.max_file_size);
}

void walk_folder(Walk& walk, std::string real, std::string shown) {
  Walker walker{walk, real.ends_with('/') ? real : real + '/', {}, {}};
  const int level = walk.options.respect_gitignore ? add_levels_above(walker.levels, real) : -1;
  const bool had_budget = walk.shebangs_left > 0;
  const std::string named = shown.empty() ? "." : shown;
  walker.pending.push_back({std::move(real), std::move(shown), level});
  while (!walker.pending.empty()) {
    Folder folder = std::move(walker.pending.back());
    walker.pending.pop_back();
    walker.visit_folder(std::move(folder));
  }
  if (had_budget && walk.shebangs_left == 0) walker.skip(named, "too many files without suffix: not all were looked into for a Python script");
}

}  // namespace forklint::source
