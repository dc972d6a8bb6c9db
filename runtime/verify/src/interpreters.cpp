#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>

#include "forklint/runtime/process.h"
#include "forklint/verify/verify.h"

namespace forklint::verify {
namespace {

namespace fs = std::filesystem;

constexpr int oldest_minor = 6;
constexpr int newest_minor = 20;  // how far PATH is searched

using Version = std::vector<int>;

Version numbers_of(std::string_view text) {
  Version numbers;
  const char* at = text.data();
  const char* end = at + text.size();
  while (at < end) {
    int number = 0;
    auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc()) break;
    numbers.push_back(number);
    at = next < end && *next == '.' ? next + 1 : end;
  }
  return numbers;
}

// Quiet, and with nothing of this process's Python settings.
std::optional<std::string> ask(const std::string& python, const std::string& question) {
  runtime::Command command{.argv = {python, "-I", "-S", "-c", question}, .errors = runtime::Output::null};
  auto done = runtime::run(command, std::chrono::seconds(20));
  if (!done || !done->exit.ok()) return std::nullopt;
  std::string answer = done->output;
  while (!answer.empty() && answer.back() == '\n') answer.pop_back();
  return answer;
}

bool executable(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

void search_path(std::vector<std::string>& found) {
  const char* path = std::getenv("PATH");
  std::string text = path ? path : "/usr/local/bin:/usr/bin:/bin";
  for (size_t at = 0; at <= text.size();) {
    size_t end = std::min(text.find(':', at), text.size());
    fs::path folder = text.substr(at, end - at);
    at = end + 1;
    if (folder.empty() || folder.filename() == "shims") continue;  // pyenv's answer for the version that is switched on only
    for (int minor = oldest_minor; minor <= newest_minor; minor++) {
      fs::path candidate = folder / ("python3." + std::to_string(minor));
      if (executable(candidate)) found.push_back(candidate.string());
    }
  }
}

void search_pyenv(std::vector<std::string>& found) {
  const char* root = std::getenv("PYENV_ROOT");
  const char* home = std::getenv("HOME");
  fs::path versions = root && *root ? fs::path(root) / "versions" : fs::path(home ? home : "/root") / ".pyenv/versions";
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(versions, error)) {
    if (executable(entry.path() / "bin/python3")) found.push_back((entry.path() / "bin/python3").string());
  }
}

}  // namespace

std::optional<Interpreter> interpreter_at(const std::string& path) {
  static std::mutex mutex;
  static std::map<std::string, std::optional<Interpreter>> known;
  std::lock_guard guard(mutex);
  auto [at, fresh] = known.try_emplace(path);
  if (!fresh) return at->second;
  auto answer = ask(path, "import sys; print('%d.%d.%d' % sys.version_info[:3] + ' ' + (sys.executable or ''))");
  if (!answer) return std::nullopt;
  size_t space = answer->find(' ');
  std::string version = answer->substr(0, space);
  Version numbers = numbers_of(version);
  if (numbers.size() != 3 || numbers[0] != 3 || numbers[1] < oldest_minor) return std::nullopt;
  std::string real = path.contains('/') || space == answer->npos ? path : answer->substr(space + 1);
  return at->second = Interpreter{real, version};
}

std::vector<Interpreter> find_interpreters() {
  std::vector<std::string> candidates;
  search_path(candidates);
  search_pyenv(candidates);
  std::map<Version, Interpreter> by_minor;
  for (const std::string& candidate : candidates) {
    auto interpreter = interpreter_at(candidate);
    if (!interpreter) continue;
    Version version = numbers_of(interpreter->version);
    auto [at, fresh] = by_minor.try_emplace({version[0], version[1]}, *interpreter);
    if (!fresh && numbers_of(at->second.version) < version) at->second = *interpreter;
  }
  std::vector<Interpreter> result;
  for (auto& [minor, interpreter] : by_minor) result.push_back(std::move(interpreter));
  return result;
}

bool has_module(const Interpreter& interpreter, const std::string& module, const std::vector<std::string>& environment) {
  static std::mutex mutex;
  static std::map<std::vector<std::string>, bool> known;
  std::vector<std::string> question = environment;
  question.insert(question.end(), {interpreter.path, module});
  {
    std::lock_guard guard(mutex);
    if (auto at = known.find(question); at != known.end()) return at->second;
  }
  runtime::Command command{.argv = {interpreter.path, "-c", "import " + module}, .overrides = environment, .output = runtime::Output::null, .errors = runtime::Output::null};
  auto done = runtime::run(command, std::chrono::seconds(60));
  bool there = done && done->exit.ok();
  std::lock_guard guard(mutex);
  return known[std::move(question)] = there;
}

bool agrees(std::string_view promised, const Observation& seen) {
  constexpr std::string_view raises = "raises:";
  if (!promised.starts_with(raises)) return promised == seen.outcome;
  return seen.outcome.starts_with(raises) && std::ranges::count(seen.exceptions, promised.substr(raises.size())) > 0;
}

}  // namespace forklint::verify
