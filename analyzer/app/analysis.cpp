#include "analyzer/app/analysis.h"

#include <algorithm>

#include "analyzer/app/output.h"
#include "analyzer/engine/load_config.h"
#include "analyzer/units/cache.h"
#include "rules/catalogue.h"

namespace forklint::app {
namespace {

using engine::Settings;

constexpr uint64_t largest_knowledge = 16 << 20;

// Where the configuration is looked for.
std::string first_path(const CommandLine& line) {
  if (line.paths.empty()) return ".";
  if (reads_standard_input(line)) return line.stdin_filename.empty() ? "." : line.stdin_filename;
  return line.paths.front();
}

bool is_selection(std::string_view key) { return key == "select" || key == "extend-select" || key == "ignore"; }

}  // namespace

bool reads_standard_input(const CommandLine& line) { return std::ranges::count(line.paths, "-") > 0; }

std::optional<Settings> settings_of(const CommandLine& line) {
  engine::Rules rules = rules::all();
  std::expected<Settings, engine::ConfigErrors> loaded;
  if (!line.config_file.empty()) loaded = engine::load_config_file(line.config_file, first_path(line), rules);
  else if (!line.no_config) loaded = engine::load_config(first_path(line), rules);
  if (!loaded) {
    for (const std::string& error : loaded.error()) complain(error);
    return std::nullopt;
  }
  Settings settings = std::move(*loaded);
  Settings selection;
  bool good = true;
  auto fail = [&](const engine::Option& option, const std::string& what) {
    complain("--" + std::string(option.key) + ": " + what);
    good = false;
  };
  for (const auto& [option, values] : line.settings) {
    bool selects = is_selection(option->key);
    for (const std::string& value : selects ? values : std::vector<std::string>{})
      if (auto known = engine::check_selector(value, rules); !known) fail(*option, known.error());
    if (auto done = option->set(selects ? selection : settings, values, ""); !done) fail(*option, done.error());
  }
  if (!good) return std::nullopt;
  settings.config.units.flags = line.compiler_flags;
  settings.config.units.jobs = line.jobs;
  if (!line.no_cache) settings.config.units.cache = units::cache_folder();
  engine::layer_selection(settings.config, selection.config, rules);
  return settings;
}

std::optional<knowledge::Knowledge> knowledge_of(const Settings& settings) {
  knowledge::Knowledge knowledge = knowledge::Knowledge::built_in();
  for (const std::string& path : settings.config.knowledge) {
    auto text = source::read_bytes(path, largest_knowledge);
    if (!text) return complain(path + ": " + text.error()), std::nullopt;
    if (auto added = knowledge.add(*text, path); !added) return complain(added.error()), std::nullopt;
  }
  return knowledge;
}

}  // namespace forklint::app
