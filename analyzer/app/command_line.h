// What the user typed.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/engine/options.h"

namespace forklint::app {

enum class Command : uint8_t { check, matrix, verify, facts, rule, version };

struct CommandLine {
  Command command = Command::check;
  std::vector<std::string> paths;
  // The options that configuration files know, too; only those that were given.
  std::vector<std::pair<const engine::Option*, std::vector<std::string>>> settings;
  std::optional<std::vector<std::string>> compiler_flags;  // what stood after --
  std::string config_file;
  bool no_config = false;
  std::string stdin_filename;
  std::string output_file;
  std::string color = "auto";
  unsigned jobs = 0;
  bool show_files = false;
  bool statistics = false;
  bool exit_zero = false;
  bool quiet = false;
  bool no_cache = false;  // facts of C and C++ files are neither taken from an earlier run nor kept
  std::string rule;  // code or name; empty: the list
  bool all_rules = false;
  std::string script;                  // verify; then `paths` is that alone
  std::vector<std::string> arguments;  // the program's own
  std::vector<std::string> pythons;
  std::vector<std::string> methods;
  double timeout = 0;                  // seconds; 0: the default
  bool yes = false;
  bool allow_network = false;
  std::string verify_format = "full";  // or "json"
};

// The error is the exit status: 0 after --help, 2 after a message about wrong usage. A first argument that is no
// command is a path or an option of `check`.
std::expected<CommandLine, int> parse_command_line(int argc, const char* const* argv);

}  // namespace forklint::app
