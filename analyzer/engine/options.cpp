#include "analyzer/engine/options.h"

#include <charconv>
#include <filesystem>

#include "analyzer/knowledge/load.h"

namespace forklint::engine {
namespace {

using Values = std::vector<std::string>;
using Words = std::span<const std::string_view>;

constexpr std::string_view severity_words[] = {"info", "warning", "error"};
constexpr std::string_view confidence_words[] = {"possible", "likely", "certain"};
constexpr std::string_view safety_words[] = {"display", "unsafe", "safe"};
constexpr std::string_view method_words[] = {"fork", "spawn", "forkserver", "threading", "loky"};
constexpr std::string_view platform_words[] = {"linux", "macos", "windows"};
constexpr std::string_view format_words[] = {"full", "concise", "json"};
constexpr std::string_view libc_words[] = {"glibc", "musl", "posix"};

// The number of `text` among `words`.
std::expected<size_t, std::string> index_of(std::string_view what, std::string_view text, Words words) {
  for (size_t i = 0; i < words.size(); ++i)
    if (words[i] == text) return i;
  std::string error = "unknown " + std::string(what) + " '" + std::string(text) + "'";
  std::string hint = did_you_mean(text, words);
  if (!hint.empty()) return std::unexpected(error + hint);
  error += ", expected one of: ";
  for (size_t i = 0; i < words.size(); ++i) error += std::string(i ? ", " : "") + std::string(words[i]);
  return std::unexpected(error);
}

OptionResult set_severity(Settings& settings, const Values& values, const std::string&) {
  auto found = index_of("severity", values.front(), severity_words);
  if (!found) return std::unexpected(found.error());
  settings.config.min_severity = Severity(*found);
  return {};
}

OptionResult set_confidence(Settings& settings, const Values& values, const std::string&) {
  auto found = index_of("confidence", values.front(), confidence_words);
  if (!found) return std::unexpected(found.error());
  settings.config.min_confidence = Confidence(*found);
  return {};
}

OptionResult set_start_methods(Settings& settings, const Values& values, const std::string&) {
  StartMethods methods;
  for (const std::string& value : values) {
    auto found = index_of("start method", value, method_words);
    if (!found) return std::unexpected(found.error());
    methods |= StartMethod(*found);
  }
  settings.config.start_methods = methods;
  return {};
}

OptionResult set_platforms(Settings& settings, const Values& values, const std::string&) {
  bool given[3] = {};
  for (const std::string& value : values) {
    auto found = index_of("platform", value, platform_words);
    if (!found) return std::unexpected(found.error());
    given[*found] = true;
  }
  settings.config.platforms_given = !values.empty();
  settings.config.platforms = values.empty() ? Platforms{} : Platforms{given[0], given[1], given[2]};
  return {};
}

OptionResult set_python(Settings& settings, const Values& values, const std::string&) {
  auto range = parse_python(values.front());
  if (!range) return std::unexpected(range.error());
  settings.config.python_given = true;
  settings.config.python_from = range->from;
  settings.config.python_to = range->to;
  return {};
}

OptionResult set_max_file_size(Settings& settings, const Values& values, const std::string&) {
  auto size = parse_size(values.front());
  if (!size) return std::unexpected(size.error());
  settings.discover.max_file_size = *size;
  return {};
}

OptionResult set_libc(Settings& settings, const Values& values, const std::string&) {
  auto found = index_of("C library", values.front(), libc_words);
  if (!found) return std::unexpected(found.error());
  settings.config.libc = Libc(*found);
  return {};
}

OptionResult set_compile_commands(Settings& settings, const Values& values, const std::string& base) {
  settings.config.units.database = (std::filesystem::path(base) / values.front()).string();
  return {};
}

OptionResult set_unit_timeout(Settings& settings, const Values& values, const std::string&) {
  unsigned seconds = 0;
  const std::string& text = values.front();
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds == 0) return std::unexpected("'" + text + "' is not a number of seconds");
  settings.config.units.time = std::chrono::seconds(seconds);
  return {};
}

OptionResult set_format(Settings& settings, const Values& values, const std::string&) {
  auto found = index_of("output format", values.front(), format_words);
  if (!found) return std::unexpected(found.error());
  settings.output_format = values.front();
  return {};
}

OptionResult set_knowledge(Settings& settings, const Values& values, const std::string& base) {
  settings.config.knowledge.clear();
  for (const std::string& value : values)
    settings.config.knowledge.push_back((std::filesystem::path(base) / value).string());
  return {};
}

template <std::vector<std::string> Config::*Member>
OptionResult set_rules(Settings& settings, const Values& values, const std::string&) {
  settings.config.*Member = values;
  return {};
}

template <std::vector<std::string> source::DiscoverOptions::*Member>
OptionResult set_patterns(Settings& settings, const Values& values, const std::string& base) {
  settings.discover.*Member = values;
  if (!base.empty()) settings.discover.exclude_root = base;
  return {};
}

template <bool source::DiscoverOptions::*Member>
OptionResult set_flag(Settings& settings, const Values& values, const std::string&) {
  settings.discover.*Member = values.front() == "true";
  return {};
}

using enum OptionKind;
constexpr Option all_options[] = {
    {"select", list, "RULE", "Rules to use: a code, a prefix of codes, a name, or ALL", set_rules<&Config::select>},
    {"extend-select", list, "RULE", "Rules to use besides the selected ones", set_rules<&Config::extend_select>},
    {"ignore", list, "RULE", "Rules not to use", set_rules<&Config::ignore>},
    {"per-file-ignores", table, "", "Rules not to use in the files of a pattern", nullptr},
    {"severity", value, "LEVEL", "Least severity to report: info, warning, error", set_severity},
    {"min-confidence", value, "LEVEL", "Least confidence to report: possible, likely, certain", set_confidence},
    {"start-method", list, "METHOD", "Report only what bites under fork, spawn, forkserver, threading or loky",
     set_start_methods},
    {"target-python", value, "VERSIONS", "Python versions to support: 3.13, 3.9-3.14, '>=3.9' (default: requires-python)",
     set_python},
    {"platform", list, "NAME", "Platforms to support: linux, macos, windows (default: all)", set_platforms},
    {"libc", value, "NAME", "C library of C and C++ programs: glibc (default), musl, or posix for none in particular", set_libc},
    {"exclude", list, "PATTERN", "Files and folders to leave out, instead of the default ones",
     set_patterns<&source::DiscoverOptions::exclude>},
    {"extend-exclude", list, "PATTERN", "Files and folders to leave out besides",
     set_patterns<&source::DiscoverOptions::extend_exclude>},
    {"respect-gitignore", flag, "", "Leave out what .gitignore files name (on by default)",
     set_flag<&source::DiscoverOptions::respect_gitignore>},
    {"force-exclude", flag, "", "Leave out excluded files even when they are named",
     set_flag<&source::DiscoverOptions::force_exclude>},
    {"max-file-size", value, "SIZE", "Skip larger files: bytes, or 500k, 4MiB", set_max_file_size},
    {"knowledge", list, "FILE", "TOML file that describes further launching APIs", set_knowledge},
    {"compile-commands", value, "DIR", "Folder of the compile_commands.json of C and C++ files (default: the nearest one)", set_compile_commands},
    {"unit-timeout", value, "SECONDS", "Time that one C or C++ file may take (default: 60)", set_unit_timeout},
    {"output-format", value, "FORMAT", "full, concise or json", set_format},
};

}  // namespace

std::string_view word(Severity severity) { return severity_words[size_t(severity)]; }
std::string_view word(Confidence confidence) { return confidence_words[size_t(confidence)]; }
std::string_view word(Safety safety) { return safety_words[size_t(safety)]; }
std::string_view word(StartMethod method) { return method_words[size_t(method)]; }

std::expected<uint64_t, std::string> parse_size(std::string_view text) {
  auto wrong = std::unexpected("'" + std::string(text) + "' is not a size: write bytes, or a number with k, M or G");
  uint64_t size = 0;
  size_t i = 0;
  for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
    size = size * 10 + uint64_t(text[i] - '0');
    if (size >> 32) return wrong;
  }
  if (i == 0) return wrong;
  std::string unit;
  for (char c : text.substr(i))
    if (c != ' ') unit += char(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  if (unit.empty() || unit == "b") return size;
  for (int shift = 10; char letter : {'k', 'm', 'g'}) {
    if (unit == std::string{letter} || unit == std::string{letter, 'b'} || unit == std::string{letter, 'i', 'b'})
      return size << shift;
    shift += 10;
  }
  return wrong;
}

std::string did_you_mean(std::string_view text, Words words) {
  std::string_view best = knowledge::nearest(text, words);
  return best.empty() ? "" : ", did you mean '" + std::string(best) + "'?";
}

std::span<const Option> options() { return all_options; }

const Option* find_option(std::string_view key) {
  for (const Option& option : all_options)
    if (option.key == key) return &option;
  return nullptr;
}

}  // namespace forklint::engine
