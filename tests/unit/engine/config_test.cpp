#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "analyzer/engine/load_config.h"

using namespace forklint::engine;
namespace fs = std::filesystem;

namespace {

constexpr Rule import_rule{.code = "PSM101", .name = "launch-at-import"};
constexpr Rule callable_rule{.code = "PSM201", .name = "unpicklable-callable"};
constexpr const Rule* rule_list[] = {&import_rule, &callable_rule};
const Rules rules{rule_list};

Settings parsed(std::string_view text, const std::string& file = "forklint.toml") {
  auto settings = parse_config(text, file, rules);
  for (const std::string& error : settings ? ConfigErrors{} : settings.error()) UNSCOPED_INFO(error);
  REQUIRE(settings);
  return *settings;
}

std::string error_of(std::string_view text, const std::string& file = "forklint.toml") {
  auto settings = parse_config(text, file, rules);
  REQUIRE_FALSE(settings);
  REQUIRE(settings.error().size() == 1);
  return settings.error().front();
}

std::string range_of(std::string_view text) {
  auto range = parse_python(text);
  if (!range) return range.error();
  return std::to_string(range->from.minor) + ".." + std::to_string(range->to.minor);
}

struct Folder {
  fs::path path = fs::temp_directory_path() / ("forklint_config_test_" + std::to_string(::getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
  void write(const std::string& name, std::string_view text) const {
    fs::create_directories((path / name).parent_path());
    std::ofstream(path / name) << text;
  }
  std::string at(const std::string& name) const { return (path / name).string(); }
};

}  // namespace

TEST_CASE("every key of a configuration file arrives") {
  Settings s = parsed(R"(
select = ["PSM1", "unpicklable-callable"]
extend-select = ["PSM201"]
ignore = "PSM101"
severity = "warning"
min-confidence = "likely"
start-method = ["spawn", "forkserver"]
target-python = "3.9-3.13"
platform = "linux"
exclude = ["a"]
extend-exclude = ["b", "c"]
respect-gitignore = false
force-exclude = true
max-file-size = "2MiB"
knowledge = ["mine.toml", "/etc/theirs.toml"]
output-format = "concise"
[per-file-ignores]
"tests/*" = ["PSM101"]
)", "/some/where/forklint.toml");
  CHECK(s.config.select == std::vector<std::string>{"PSM1", "unpicklable-callable"});
  CHECK(s.config.extend_select == std::vector<std::string>{"PSM201"});
  CHECK(s.config.ignore == std::vector<std::string>{"PSM101"});
  CHECK(s.config.min_severity == Severity::warning);
  CHECK(s.config.min_confidence == Confidence::likely);
  CHECK(s.config.start_methods == (StartMethod::spawn | StartMethod::forkserver));
  CHECK(s.config.python_given);
  CHECK(s.config.python_from == PythonVersion{3, 9});
  CHECK(s.config.python_to == PythonVersion{3, 13});
  CHECK((s.config.platforms.linux && !s.config.platforms.macos && !s.config.platforms.windows));
  CHECK(s.discover.exclude == std::vector<std::string>{"a"});
  CHECK(s.discover.exclude_root == "/some/where");
  CHECK(s.discover.extend_exclude == std::vector<std::string>{"b", "c"});
  CHECK_FALSE(s.discover.respect_gitignore);
  CHECK(s.discover.force_exclude);
  CHECK(s.discover.max_file_size == 2u << 20);
  CHECK(s.config.knowledge == std::vector<std::string>{"/some/where/mine.toml", "/etc/theirs.toml"});
  CHECK(s.output_format == "concise");
  CHECK(s.config.root == "/some/where");
  REQUIRE(s.config.per_file_ignores.size() == 1);
  CHECK(s.config.per_file_ignores[0].first == "tests/*");
}

TEST_CASE("an invalid configuration says what, where, and what was meant") {
  const std::string code = ": PSM902 invalid-configuration: ";
  CHECK(error_of("selct = []") == "forklint.toml:1:1" + code + "unknown key 'selct', did you mean 'select'?");
  CHECK(error_of("\nselect = [\n 'PSM101', 'PSM2o1']") ==
        "forklint.toml:3:12" + code + "unknown rule 'PSM2o1', did you mean 'PSM201'?");
  CHECK(error_of("ignore = ['unpicklable-callabel']") ==
        "forklint.toml:1:11" + code + "unknown rule 'unpicklable-callabel', did you mean 'unpicklable-callable'?");
  CHECK(error_of("severity = 3") == "forklint.toml:1:12" + code + "'severity' must be a string, not an integer");
  CHECK(error_of("select = {}") == "forklint.toml:1:10" + code + "'select' must be an array of strings, not a table");
  CHECK(error_of("select = ['PSM101', 1.5]") ==
        "forklint.toml:1:21" + code + "'select' must be an array of strings; this element is a number");
  CHECK(error_of("force-exclude = 'yes'") ==
        "forklint.toml:1:17" + code + "'force-exclude' must be true or false, not a string");
  CHECK(error_of("target-python = 3.13") == "forklint.toml:1:17" + code + "'target-python' must be a string, not a number");
  CHECK(error_of("start-method = 'spwan'") ==
        "forklint.toml:1:16" + code + "start-method: unknown start method 'spwan', did you mean 'spawn'?");
  CHECK(error_of("per-file-ignores = ['a']") ==
        "forklint.toml:1:20" + code + "'per-file-ignores' must be a table of globs, not an array");
  CHECK(error_of("[tool]\nforklint = 1", "pyproject.toml").find("'tool.forklint' must be a table") != std::string::npos);
  CHECK(error_of("select = [").starts_with("forklint.toml:1:"));
}

TEST_CASE("all problems of a file are said at once") {
  auto settings = parse_config("selct = 1\nignore = ['x', 'PSM101', 'y']\n", "forklint.toml", rules);
  REQUIRE_FALSE(settings);
  CHECK(settings.error().size() == 3);
}

TEST_CASE("versions of Python") {
  CHECK(range_of("3.13") == "13..13");
  CHECK(range_of("3.9-3.14") == "9..14");
  CHECK(range_of(">=3.9") == "9..15");
  CHECK(range_of(">=3.8.1,<3.13") == "8..12");
  CHECK(range_of(">= 3.8, < 4") == "8..15");
  CHECK(range_of("<3.12.4") == "6..12");
  CHECK(range_of(">3.10") == "10..15");
  CHECK(range_of("~=3.10") == "10..15");
  CHECK(range_of("~=3.10.2") == "10..10");
  CHECK(range_of("==3.11.*") == "11..11");
  CHECK(range_of("^3.9") == "9..15");
  CHECK(range_of(">=2.7, !=3.0.*, !=3.1.*") == "6..15");
  CHECK(range_of("3") == "6..15");
  CHECK(range_of("2.7").find("holds no version") != std::string::npos);
  CHECK(range_of("3.14-3.9").find("holds no version") != std::string::npos);
  for (const char* wrong : {"", "three", "3.", "3.x", "=>3.9", "3.9-", "3.9 3.10", "99999.1", "3.9.1.2"})
    CHECK(range_of(wrong).find("is not a range of Python versions") != std::string::npos);
}

TEST_CASE("sizes") {
  CHECK(*parse_size("500") == 500);
  CHECK(*parse_size("2k") == 2048);
  CHECK(*parse_size("4 MiB") == 4u << 20);
  CHECK(*parse_size("1GB") == 1u << 30);
  for (const char* wrong : {"", "k", "1t", "-1", "99999999999"}) CHECK_FALSE(parse_size(wrong));
}

TEST_CASE("the default start methods follow from versions and platforms") {
  Config config;
  CHECK(config.default_methods() == (StartMethods(StartMethod::fork) | StartMethod::spawn | StartMethod::forkserver));
  config.platforms = {true, false, false};
  config.python_to = {3, 13};
  CHECK(config.default_methods() == StartMethod::fork);
  config.python_from = config.python_to = {3, 14};
  CHECK(config.default_methods() == StartMethod::forkserver);
  config.platforms = {false, true, false};
  CHECK(config.default_methods() == StartMethod::spawn);
  config.python_from = config.python_to = {3, 7};
  CHECK(config.default_methods() == StartMethod::fork);
}

TEST_CASE("the nearest configuration counts, and a pyproject without our table is passed over") {
  Folder folder;
  folder.write("pyproject.toml", "[project]\nrequires-python = '>=3.10'\n[tool.forklint]\nseverity = 'error'\n");
  folder.write("inner/pyproject.toml", "[project]\nname = 'x'\nrequires-python = '>=3.12'\n");
  folder.write("inner/deep/a.py", "");
  folder.write("other/forklint.toml", "severity = 'warning'");
  folder.write("other/.forklint.toml", "min-confidence = 'certain'");

  auto settings = load_config(folder.at("inner/deep/a.py"), rules);
  REQUIRE(settings);
  CHECK(settings->config.min_severity == Severity::error);
  CHECK(settings->config.python_from == PythonVersion{3, 12});
  CHECK(settings->config.root == folder.path.string());

  settings = load_config(folder.at("other"), rules);
  REQUIRE(settings);
  CHECK(settings->config.min_severity == Severity::info);
  CHECK(settings->config.min_confidence == Confidence::certain);
  CHECK(settings->config.python_from == PythonVersion{3, 10});

  settings = load_config_file(folder.at("other/forklint.toml"), folder.at("inner"), rules);
  REQUIRE(settings);
  CHECK(settings->config.min_severity == Severity::warning);
  CHECK(settings->config.python_from == PythonVersion{3, 12});

  auto missing = load_config_file(folder.at("none.toml"), folder.at(""), rules);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().front().find("cannot be read") != std::string::npos);
}
