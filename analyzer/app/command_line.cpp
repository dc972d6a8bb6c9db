#include "analyzer/app/command_line.h"

#include <algorithm>
#include <cstdio>

#include <CLI/CLI.hpp>

#include "analyzer/reporters/version.h"

namespace forklint::app {
namespace {

constexpr std::string_view commands[] = {"check", "matrix", "verify", "facts", "rule", "version"};

// Where CLI11 puts the values of engine::options(), in their order.
struct Given {
  std::vector<std::string> values;
  bool flag = false;
  CLI::Option* option = nullptr;
};

CLI::Option* once(CLI::Option* option) { return option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast); }

void add_settings(CLI::App& app, std::vector<Given>& given) {
  std::span<const engine::Option> options = engine::options();
  for (size_t i = 0; i < options.size(); ++i) {
    const engine::Option& option = options[i];
    std::string key(option.key), help(option.help);
    if (option.kind == engine::OptionKind::table) continue;
    if (option.kind == engine::OptionKind::flag) {
      given[i].option = app.add_flag("--" + key + ",!--no-" + key, given[i].flag, help);
      continue;
    }
    if (key == "compile-commands") key = "compile-commands,-p";
    given[i].option = app.add_option("--" + key, given[i].values, help)->type_name(std::string(option.argument));
    given[i].option->expected(1)->allow_extra_args(false);
    if (option.kind == engine::OptionKind::list) given[i].option->delimiter(',')->take_all();
    else once(given[i].option);
  }
}

void add_output(CLI::App& app, CommandLine& line) {
  once(app.add_option("-o,--output-file", line.output_file, "Write to a file instead of standard output")->type_name("FILE"));
  once(app.add_option("--color", line.color, "auto, always or never")->type_name("WHEN"))
      ->check(CLI::IsMember({"auto", "always", "never"}));
}

void add_analysis(CLI::App& app, CommandLine& line, std::vector<Given>& given) {
  app.add_option("paths", line.paths, "Files and folders; - reads standard input (default: the working folder)")->type_name("PATH");
  add_settings(app, given);
  add_output(app, line);
  once(app.add_option("--config", line.config_file, "Configuration file to use, instead of the nearest one")->type_name("FILE"));
  app.add_flag("--no-config", line.no_config, "Use no configuration file");
  once(app.add_option("--stdin-filename", line.stdin_filename, "What to call standard input")->type_name("NAME"));
  once(app.add_option("-j,--jobs", line.jobs, "Number of threads (default: one for each processor)")->type_name("N"));
  app.add_flag("--exit-zero", line.exit_zero, "Exit with status 0 even when there are findings");
  app.add_flag("-q,--quiet", line.quiet, "Print findings and errors only");
  app.add_flag("--show-files", line.show_files, "Print the files that would be analysed, and stop");
  app.add_flag("--no-cache", line.no_cache, "Parse every C and C++ file anew, and keep nothing of them");
}

void add_verify(CLI::App& app, CommandLine& line) {
  app.add_option("script", line.script, "Python script, folder with a __main__.py, or native program")->required()->type_name("SCRIPT");
  app.add_option("arguments", line.arguments, "The program's own arguments, after --")->type_name("ARGS");
  app.add_option("--python", line.pythons, "Interpreter to run it with, again for more (default: those found)")->expected(1)->allow_extra_args(false)->take_all()->type_name("EXE");
  app.add_option("--start-method", line.methods, "fork, spawn or forkserver, again for more (default: all three)")->expected(1)->allow_extra_args(false)->delimiter(',')->take_all()->type_name("M");
  once(app.add_option("-j,--jobs", line.jobs, "Programs that run at a time (default: one for each processor)")->type_name("N"));
  once(app.add_option("--timeout", line.timeout, "Seconds after which a run that is not proved to hang is given up (default: 10)")->type_name("S"))->check(CLI::PositiveNumber);
  app.add_flag("-y,--yes", line.yes, "Run the program without asking");
  app.add_flag("--allow-network", line.allow_network, "Let the program use the network");
  once(app.add_option("--output-format", line.verify_format, "full or json")->type_name("FORMAT"))->check(CLI::IsMember({"full", "json"}));
  add_output(app, line);
  once(app.add_option("--config", line.config_file, "Configuration file to use, instead of the nearest one")->type_name("FILE"));
  app.add_flag("--no-config", line.no_config, "Use no configuration file");
}

// CLI11 names the argument that it did not expect; a word near it helps more.
std::string hint(const CLI::App& app, const std::vector<std::string>& unexpected) {
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  std::vector<std::string> names;
  for (const CLI::Option* option : (chosen.empty() ? &app : chosen.front())->get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  std::vector<std::string_view> words(names.begin(), names.end());
  for (const std::string& text : unexpected)
    if (text.starts_with("--")) return engine::did_you_mean(text.substr(0, text.find('=')), words);
  return {};
}

// `forklint src` is `forklint check src`.
std::vector<std::string> with_command(int argc, const char* const* argv) {
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  std::string first = arguments.empty() ? "" : arguments.front();
  bool top_level = first == "--help" || first == "-h" || first == "--version" || first == "-V";
  if (!top_level && std::ranges::count(commands, first) == 0) arguments.insert(arguments.begin(), "check");
  return arguments;
}

}  // namespace

std::expected<CommandLine, int> parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  std::vector<Given> given(engine::options().size());
  CLI::App app("Says what each process start method will do to a Python, C or C++ program.", "forklint");
  app.require_subcommand(1);
  app.set_version_flag("-V,--version", "forklint " + std::string(version));
  app.footer("What stands after -- are compiler flags for every C and C++ file, instead of a compile_commands.json.\nThe first argument may also be a path: `forklint src` is `forklint check src`.");

  CLI::App* check = app.add_subcommand("check", "Find what goes wrong, and under which start methods");
  add_analysis(*check, line, given);
  check->add_flag("--statistics", line.statistics, "Print how often each rule was broken, instead of where");
  std::vector<Given> given_to_matrix(engine::options().size());
  CLI::App* matrix = app.add_subcommand("matrix", "A table of launches and what happens to each under every start method");
  add_analysis(*matrix, line, given_to_matrix);
  CLI::App* verify = app.add_subcommand("verify", "Run a program under every start method and compare with what is foretold");
  add_verify(*verify, line);
  CLI::App* facts = app.add_subcommand("facts", "Print what is read from a source file");
  facts->add_option("file", line.paths, "Source file, or - for standard input")->required()->expected(1)->type_name("FILE");
  CLI::App* rule = app.add_subcommand("rule", "Explain a rule, or list all rules");
  rule->add_option("rule", line.rule, "Code or name")->type_name("RULE");
  rule->add_flag("--all", line.all_rules, "Explain every rule");
  add_output(*rule, line);
  add_output(*facts, line);
  app.add_subcommand("version", "Print the version");

  std::vector<std::string> arguments = with_command(argc, argv);
  // After `verify` they are the program's own arguments, which CLI11 takes.
  bool program_follows = !arguments.empty() && arguments.front() == "verify";
  if (auto end = std::ranges::find(arguments, "--"); end != arguments.end() && !program_follows) {
    line.compiler_flags.emplace(end + 1, arguments.end());
    arguments.erase(end, arguments.end());
  }
  std::ranges::reverse(arguments);  // as CLI11 takes them
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return std::unexpected(app.exit(error));
    bool unexpected = error.get_exit_code() == int(CLI::ExitCodes::ExtrasError);
    std::string extra = unexpected ? hint(app, app.remaining(true)) : "";
    std::fprintf(stderr, "forklint: %s%s\nforklint: see forklint --help\n", error.what(), extra.c_str());
    return std::unexpected(2);
  }

  const std::string chosen = app.get_subcommands().front()->get_name();
  line.command = Command(std::ranges::find(commands, chosen) - std::begin(commands));
  if (line.command == Command::verify) line.paths = {line.script};
  const std::vector<Given>& used = line.command == Command::matrix ? given_to_matrix : given;
  for (size_t i = 0; i < used.size(); ++i) {
    const engine::Option& option = engine::options()[i];
    if (!used[i].option || used[i].option->count() == 0) continue;
    if (option.kind == engine::OptionKind::flag) line.settings.emplace_back(&option, std::vector<std::string>{used[i].flag ? "true" : "false"});
    else line.settings.emplace_back(&option, used[i].values);
  }
  return line;
}

}  // namespace forklint::app
