// forklint verify: a program is run under each start method and interpreter, and what was foretold is compared with what was seen.
#include "analyzer/app/verify.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <mutex>
#include <thread>

#include "analyzer/app/analysis.h"
#include "analyzer/app/commands.h"
#include "analyzer/app/imports.h"
#include "analyzer/app/output.h"
#include "forklint/runtime/progress.h"
#include "rules/catalogue.h"

namespace forklint::app {
namespace {

namespace fs = std::filesystem;
using verify::Interpreter;

constexpr int failed = 2;
constexpr std::string_view known_methods[] = {"fork", "spawn", "forkserver"};
constexpr double default_timeout = 10;

bool is_native(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char begin[4] = {};
  file.read(begin, sizeof begin);
  return std::string_view(begin, 4) == "\x7f" "ELF";
}

// Versions in scope that are not here are named, so that nobody takes silence for success.
std::vector<Interpreter> interpreters_of(const CommandLine& line, const engine::Config& config, std::vector<std::string>& missing) {
  std::vector<Interpreter> found;
  for (const std::string& python : line.pythons) {
    if (auto interpreter = verify::interpreter_at(python)) found.push_back(*interpreter);
    else missing.push_back(python);
  }
  if (!line.pythons.empty()) return found;
  constexpr engine::PythonVersion oldest_by_default{3, 8};
  engine::PythonVersion from = config.python_given ? config.python_from : std::max(oldest_by_default, config.python_from);
  std::vector<Interpreter> all = verify::find_interpreters();
  for (engine::PythonVersion version = from; version <= config.python_to; version.minor++) {
    std::string start = std::to_string(version.major) + "." + std::to_string(version.minor) + ".";
    auto at = std::ranges::find_if(all, [&](const Interpreter& interpreter) { return interpreter.version.starts_with(start); });
    if (at != all.end()) found.push_back(*at);
    else missing.push_back("Python " + std::to_string(version.major) + "." + std::to_string(version.minor));
  }
  return found;
}

// The working folder, with a layer over it, when the script lies in it; else the script's folder; a copy of its files where a layer
// cannot be, because temporary folders lie below.
void place(verify::Run& run, const std::string& script, const std::vector<std::string>& files) {
  std::error_code error;
  fs::path absolute = fs::weakly_canonical(script, error);
  fs::path here = fs::current_path(error);
  fs::path tmp = fs::canonical(fs::temp_directory_path(error), error);
  auto below = [](const fs::path& path, const fs::path& folder) { return !path.lexically_relative(folder).empty() && *path.lexically_relative(folder).begin() != ".."; };
  run.use = verify::Folder::in_place;
  run.folder = below(absolute, here) ? here.string() : absolute.parent_path().string();
  run.program = {below(absolute, here) ? absolute.lexically_relative(here).string() : absolute.filename().string()};
  if (run.interpreter.empty()) run.program.front() = "./" + run.program.front();
  if (!below(tmp, run.folder)) return;
  run.use = verify::Folder::copy;
  run.folder = absolute.parent_path().string();
  run.program = {(run.interpreter.empty() ? "./" : "") + absolute.filename().string()};
  run.files = {absolute.filename().string()};
  for (const std::string& file : files) {
    fs::path relative = fs::weakly_canonical(file, error).lexically_relative(run.folder);
    if (!relative.empty() && *relative.begin() != ".." && std::ranges::count(run.files, relative.string()) == 0) run.files.push_back(relative.string());
  }
}

// "path:line", as the program knows them.
std::string line_of(const engine::Analysis& analysis, const engine::Place& place) {
  std::error_code error;
  const source::File& file = analysis.files[place.file];
  return fs::weakly_canonical(file.path, error).string() + ":" + std::to_string(file.position(place.span.begin).line);
}

std::vector<std::string> without_doubles(std::vector<std::string> places) {
  std::ranges::sort(places);
  places.erase(std::ranges::unique(places).begin(), places.end());
  return places;
}

std::vector<std::string> places_of(const engine::Analysis& analysis) {
  std::vector<std::string> places;
  for (const engine::Finding& finding : analysis.result.findings) places.push_back(line_of(analysis, finding.place));
  return without_doubles(std::move(places));
}

// Where a finding that foretells a hang says that another thread is: its labels.
std::vector<std::string> sections_of(const engine::Analysis& analysis) {
  std::vector<std::string> places;
  for (const engine::Finding& finding : analysis.result.findings)
    if (finding.name == "lock-held-at-fork")
      for (const engine::Label& label : finding.labels) places.push_back(line_of(analysis, label.place));
  return without_doubles(std::move(places));
}

// The user is asked once; without a terminal silence is no.
bool consent(const CommandLine& line, const std::string& script, size_t runs) {
  if (line.yes) return true;
  std::string text = "verify runs " + script + " " + reporters::count(runs, "time") + ", with your rights";
  if (!::isatty(STDIN_FILENO) || !::isatty(STDERR_FILENO)) return complain(text + "; say --yes if you want that"), false;
  std::fprintf(stderr, "forklint: %s. Go on? [y/N] ", reporters::safe(text).c_str());
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

// All of `work` by a few threads: each waits for a program most of the time.
void in_parallel(size_t count, unsigned jobs, runtime::ProgressBar& bar, const std::function<void(size_t)>& work) {
  std::atomic<size_t> next = 0;
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < std::min<size_t>(jobs, count); i++)
    threads.emplace_back([&] {
      for (size_t at; (at = next.fetch_add(1)) < count;) work(at), bar.add();
    });
}

// A silent wrong result shows only beside a right one: the output of a run for which success is foretold and seen, and which is
// the same twice.
void compare_outputs(Verified& verified) {
  for (VerifyCell& reference : verified.cells) {
    if (reference.seen.outcome != "ok" || foretells_failure(verified.analysis, reference)) continue;
    if (!reference.again || reference.again->out != reference.seen.out) continue;
    for (VerifyCell& cell : verified.cells) {
      if (cell.python != reference.python || cell.seen.outcome != "ok" || cell.seen.out == reference.seen.out) continue;
      cell.seen.outcome = "wrong";
      cell.seen.proof = "output";
      if (cell.again && cell.again->outcome == "ok" && cell.again->out != reference.seen.out) cell.again->outcome = "wrong";
    }
  }
}

void run_all(Verified& verified, const CommandLine& line) {
  unsigned jobs = line.jobs ? line.jobs : std::max(1u, std::thread::hardware_concurrency());
  runtime::ProgressDisplay display({.thread = true});
  {
    runtime::ProgressBar bar("running", verified.cells.size());
    in_parallel(verified.cells.size(), jobs, bar, [&](size_t i) { verified.cells[i].seen = verify::observe(verified.cells[i].run); });
  }
  // A second time: what fails must fail twice, what was to fail and did not is asked which lines it executed, and an output is a
  // reference only when it is the same twice.
  std::vector<std::string> places = places_of(verified.analysis);
  runtime::ProgressBar bar("again", verified.cells.size());
  in_parallel(verified.cells.size(), jobs, bar, [&](size_t i) {
    VerifyCell& cell = verified.cells[i];
    if (cell.seen.outcome == "unavailable" || cell.method.empty()) return;
    verify::Run run = cell.run;
    if (cell.seen.outcome == "ok" && foretells_failure(verified.analysis, cell)) run.watch_lines = places;
    cell.again = verify::observe(run);
  });
}

std::optional<Verified> plan(const CommandLine& line, const std::string& script, bool native, const engine::Settings& settings) {
  Verified verified;
  std::vector<std::string> files;
  if (!native) {
    auto knowledge = knowledge_of(settings);
    if (!knowledge) return std::nullopt;
    files = files_of_script(script);
    source::Discovered discovered = source::discover(files, settings.discover);
    verified.analysis = engine::run(discovered.files, settings.config, *knowledge, rules::all(), line.jobs);
  }
  verify::Run run{.arguments = line.arguments, .allow_network = line.allow_network};
  run.wall_limit = std::chrono::milliseconds(int64_t((line.timeout > 0 ? line.timeout : default_timeout) * 1000));
  if (const char* path = std::getenv("PYTHONPATH"); path && *path) run.environment.push_back("PYTHONPATH=" + std::string(path));
  if (native) {
    place(run, script, files);
    verified.cells.push_back({.run = run});
    return verified;
  }
  run.force_lines = sections_of(verified.analysis);
  std::vector<std::string> methods = line.methods;
  if (methods.empty()) methods.assign(std::begin(known_methods), std::end(known_methods));
  for (const Interpreter& interpreter : interpreters_of(line, settings.config, verified.missing)) {
    for (const std::string& method : methods) {
      run.interpreter = interpreter.path;
      run.start_method = method;
      place(run, script, files);
      verified.cells.push_back({.python = interpreter, .method = method, .run = run});
    }
  }
  return verified;
}

}  // namespace

int verify_program(const CommandLine& line) {
  const std::string& script = line.paths.front();
  std::error_code error;
  if (!fs::exists(script, error)) return complain(script + ": there is no such file"), failed;
  for (const std::string& method : line.methods)
    if (std::ranges::count(known_methods, method) == 0) return complain("--start-method: unknown method '" + method + "'; fork, spawn or forkserver"), failed;
  std::optional<engine::Settings> settings = settings_of(line);
  if (!settings) return failed;
  bool native = is_native(script);
  std::optional<Verified> verified = plan(line, script, native, *settings);
  if (!verified) return failed;
  if (verified->cells.empty()) {
    std::string names;
    for (const std::string& name : verified->missing) names += (names.empty() ? "" : ", ") + name;
    return complain("no interpreter to run " + script + " with; looked for " + names), failed;
  }
  if (!consent(line, script, verified->cells.size() * (native ? 1 : 2))) return failed;
  run_all(*verified, line);
  compare_outputs(*verified);
  judge(*verified);
  bool json = line.verify_format == "json";
  std::string text = json ? verified_as_json(*verified) : verified_as_text(*verified, script, style_of_output(line));
  if (auto written = write_output(line, text); !written) return complain(written.error()), failed;
  return status_of(*verified);
}

}  // namespace forklint::app
