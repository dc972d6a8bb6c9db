#include "analyzer/units/plan.h"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <unordered_map>

#include <unistd.h>

namespace forklint::units {
namespace {

namespace fs = std::filesystem;

constexpr size_t most_folders = 64;  // of headers, where nothing says how a file is compiled

std::string working_folder() {
  std::error_code error;
  return fs::current_path(error).string();
}

bool is_header(std::string_view path) {
  for (std::string_view suffix : {".h", ".hh", ".hpp", ".hxx", ".h++", ".ipp", ".tpp", ".inl"})
    if (path.ends_with(suffix)) return true;
  return false;
}

// How many characters two paths share, up to a slash.
size_t shared(std::string_view a, std::string_view b) {
  size_t same = 0, slash = 0;
  while (same < a.size() && same < b.size() && a[same] == b[same])
    if (a[same++] == '/') slash = same;
  return slash;
}

// Commands by the real path of their file; of several for one file the first.
class Known {
 public:
  explicit Known(std::vector<CompileCommand> commands) : commands_(std::move(commands)) {
    for (size_t i = 0; i < commands_.size(); ++i) by_file_.try_emplace(real_path(commands_[i].file), i);
    for (const auto& [file, index] : by_file_) sorted_.emplace_back(file, index);
    std::ranges::sort(sorted_);
  }

  const CompileCommand* of(const std::string& file) const {
    auto it = by_file_.find(file);
    return it == by_file_.end() ? nullptr : &commands_[it->second];
  }

  // The command of the file that is nearest by its path: it has the flags of its neighbours. O(log n).
  const CompileCommand* near(const std::string& file, bool cpp) const {
    auto at = std::ranges::lower_bound(sorted_, std::pair<std::string, size_t>(file, 0));
    const CompileCommand* best = nullptr;
    size_t most = 0;
    auto look = [&](auto it) {
      const CompileCommand& command = commands_[it->second];
      size_t score = shared(it->first, file) * 2 + (command.file.ends_with(".c") != cpp);
      if (!best || score > most) best = &command, most = score;
    };
    for (auto it = at; it != sorted_.end() && it - at < 8; ++it) look(it);
    for (auto it = at; it != sorted_.begin() && at - it < 8;) look(--it);
    return best;
  }

  bool empty() const { return commands_.empty(); }

 private:
  std::vector<CompileCommand> commands_;
  std::unordered_map<std::string, size_t> by_file_;
  std::vector<std::pair<std::string, size_t>> sorted_;
};

// The database that the user names, or the nearest one.
std::vector<CompileCommand> database(const std::string& first, const UnitOptions& options, std::vector<std::string>& notes) {
  std::string path;
  if (!options.database.empty()) {
    std::error_code error;
    const fs::path given(options.database);
    path = (fs::is_directory(given, error) ? given / "compile_commands.json" : given).string();
  } else {
    path = find_database(first);
  }
  if (path.empty()) return {};
  auto commands = read_database(path);
  if (commands) return std::move(*commands);
  notes.push_back(path + ": " + commands.error() + "; how files are compiled is guessed");
  return {};
}

// The folder that a path of the knowledge base stands for here, or nothing.
std::string folder_here(const std::string& path) {
  std::error_code error;
  if (!path.ends_with('*')) return fs::is_directory(path, error) ? path : std::string();
  const std::string start = path.substr(0, path.size() - 1);
  std::string best;
  for (fs::directory_iterator it(folder_of(path), error), end; it != end && !error; it.increment(error)) {
    std::string found = it->path().string();
    // python3.9 is less than python3.11
    if (found.starts_with(start) && std::pair(found.size(), found) > std::pair(best.size(), best)) best = std::move(found);
  }
  return best;
}

bool includes(const source::File& file, std::string_view header) {
  for (size_t at = file.text.find(header); at != std::string::npos; at = file.text.find(header, at + 1))
    if (at > 0 && (file.text[at - 1] == '<' || file.text[at - 1] == '"')) return true;
  return false;
}

// Where headers of the tree stand, and those of known libraries that are asked for.
std::vector<std::string> guessed_flags(const std::vector<source::File>& files, const std::vector<std::string>& real, const knowledge::Natives* natives) {
  std::vector<std::string> folders;
  for (size_t i = 0; i < files.size(); ++i) {
    if (real[i].empty() || !is_header(real[i])) continue;
    std::string folder = folder_of(real[i]);
    if (std::ranges::find(folders, folder) == folders.end() && folders.size() < most_folders) folders.push_back(folder);
  }
  // `#include "net/server.h"` starts above the folder of the header.
  for (size_t i = folders.size(); i-- > 0 && folders.size() < most_folders;) {
    std::string above = folder_of(folders[i]);
    if (above.size() > 1 && std::ranges::find(folders, above) == folders.end()) folders.push_back(above);
  }
  std::vector<std::string> flags;
  for (const std::string& folder : folders) flags.push_back("-I" + folder);
  if (!natives) return flags;
  std::vector<std::string> system;
  for (const knowledge::NativeApi& api : natives->rows()) {
    auto asked = [&](const std::string& header) {
      for (size_t i = 0; i < files.size(); ++i)
        if (!real[i].empty() && includes(files[i], header)) return true;
      return false;
    };
    if (std::ranges::none_of(api.headers, asked)) continue;
    for (const std::string& path : api.header_folders)
      if (std::string folder = folder_here(path); !folder.empty() && std::ranges::find(system, folder) == system.end()) system.push_back(std::move(folder));
  }
  for (const std::string& folder : system) flags.insert(flags.end(), {"-isystem", folder});
  return flags;
}

bool looks_like_cpp(const source::File& file) {
  return file.kind == source::Kind::cpp || file.text.find("\nnamespace ") != std::string::npos || file.text.find("\nclass ") != std::string::npos || file.text.find("\ntemplate") != std::string::npos;
}

// The words of a command without its file, for another file.
std::vector<std::string> borrowed(const CompileCommand& command, bool cpp) {
  std::vector<std::string> words = command.arguments;
  const bool other = command.file.ends_with(".c") == cpp;
  if (other) words.insert(words.begin() + 1, {"-x", cpp ? "c++" : "c"});
  if (other) std::erase_if(words, [](const std::string& word) { return word.starts_with("-std="); });
  return words;
}

}  // namespace

bool is_native(source::Kind kind) { return kind == source::Kind::c || kind == source::Kind::cpp; }

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), std::free);
  return real ? real.get() : path;
}

Plan plan_units(const std::vector<source::File>& files, const UnitOptions& options, const knowledge::Natives* natives) {
  Plan plan{.root = working_folder(), .real = std::vector<std::string>(files.size()), .sources = {}, .headers = {}, .notes = {}};
  std::string first;
  for (size_t i = 0; i < files.size(); ++i) {
    if (!is_native(files[i].kind)) continue;
    plan.real[i] = real_path(absolute(files[i].path, plan.root));
    if (first.empty()) first = folder_of(plan.real[i]);
  }
  if (first.empty()) return plan;
  const Known known(options.flags ? std::vector<CompileCommand>() : database(first, options, plan.notes));
  const std::vector<std::string> guessed = known.empty() && !options.flags ? guessed_flags(files, plan.real, natives) : std::vector<std::string>();
  bool cpp_around = false;
  for (const source::File& file : files) cpp_around |= file.kind == source::Kind::cpp;
  for (uint32_t i = 0; i < files.size(); ++i) {
    if (plan.real[i].empty()) continue;
    const bool header = is_header(plan.real[i]);
    const bool cpp = files[i].kind == source::Kind::cpp || (header && cpp_around && looks_like_cpp(files[i]));
    CompileCommand command{plan.root, plan.real[i], {cpp ? "c++" : "cc"}};
    if (const CompileCommand* own = known.of(plan.real[i])) {
      command = *own;
    } else if (const CompileCommand* other = known.near(plan.real[i], cpp)) {
      command.directory = other->directory;
      command.arguments = borrowed(*other, cpp);
    } else {
      const std::vector<std::string>& flags = options.flags ? *options.flags : guessed;
      command.arguments.insert(command.arguments.end(), flags.begin(), flags.end());
    }
    (header ? plan.headers : plan.sources).push_back({i, std::move(command)});
  }
  return plan;
}

}  // namespace forklint::units
