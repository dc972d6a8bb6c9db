// The words of the command line and of configuration files, and the values they stand for; and the one table of
// options that both are read with. Errors are phrases without a place; whoever reads adds it.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/engine/config.h"
#include "analyzer/source/discover.h"

namespace forklint::engine {

// Everything that a configuration file or a command line may say.
struct Settings {
  Config config;
  source::DiscoverOptions discover;
  std::string output_format = "full";
  std::string origin;  // the file it was read from; empty: none
};

std::string_view word(Severity severity);
std::string_view word(Confidence confidence);
std::string_view word(Safety safety);
std::string_view word(StartMethod method);

// All start methods, in the order of the matrix.
inline constexpr StartMethod start_methods[] = {StartMethod::fork, StartMethod::spawn, StartMethod::forkserver,
                                                StartMethod::threading, StartMethod::loky};

struct PythonRange {
  PythonVersion from = oldest_python;
  PythonVersion to = newest_python;
};

// "3.13", "3.9-3.14", or version specifiers as in requires-python: ">=3.9,<3.14", "~=3.10", "^3.9". Patch releases
// and exclusions inside the range are ignored: the answer is the least range of minor versions that holds all.
std::expected<PythonRange, std::string> parse_python(std::string_view text);

// "4194304", "500k", "4MiB": k, M, G are powers of 1024.
std::expected<uint64_t, std::string> parse_size(std::string_view text);

// ", did you mean 'spawn'?", or nothing when no word is near.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> words);

enum class OptionKind : uint8_t {
  flag,   // true or false
  value,  // one word
  list,   // words; on the command line separated by commas or given again
  table,  // glob = [words]; configuration files only
};

using OptionResult = std::expected<void, std::string>;

struct Option {
  std::string_view key;  // "min-confidence"; on the command line with "--" before it
  OptionKind kind;
  std::string_view argument;  // what help calls its value: "RULE"
  std::string_view help;
  // Replaces what `settings` says; a flag gets "true" or "false". A path is relative to the folder `base`.
  OptionResult (*set)(Settings& settings, const std::vector<std::string>& values, const std::string& base);
};

std::span<const Option> options();
const Option* find_option(std::string_view key);

}  // namespace forklint::engine
