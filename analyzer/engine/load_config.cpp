#include "analyzer/engine/load_config.h"

#include <filesystem>
#include <optional>

#include "analyzer/knowledge/toml.h"
#include "analyzer/source/file.h"

namespace forklint::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view own_files[] = {".forklint.toml", "forklint.toml"};
constexpr std::string_view pyproject = "pyproject.toml";

constexpr uint64_t largest_file = 4 << 20;

std::optional<std::string> read_text(const fs::path& path) {
  auto bytes = source::read_bytes(path.string(), largest_file);
  return bytes ? std::optional(std::move(*bytes)) : std::nullopt;
}

bool is_pyproject(const std::string& file) { return fs::path(file).filename() == pyproject; }

std::string article(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "an array";
    case toml::node_type::string: return "a string";
    case toml::node_type::integer: return "an integer";
    case toml::node_type::floating_point: return "a number";
    case toml::node_type::boolean: return "a boolean";
    default: return "a date or time";
  }
}

// Reads one of our tables into settings and gathers what is wrong with it.
class Reader {
 public:
  Reader(const std::string& file, Rules rules) : file_(file), rules_(rules) {
    std::error_code error;
    base_ = fs::absolute(fs::path(file), error).lexically_normal().parent_path().string();
  }

  void read(const toml::table& table, Settings& settings) {
    settings.origin = file_;
    settings.config.root = base_;
    for (auto&& [key, node] : table) {
      const Option* option = find_option(key.str());
      if (!option) fail(key.source(), "unknown key '" + std::string(key.str()) + "'" + similar_key(key.str()));
      else if (option->kind == OptionKind::table) read_per_file(node, settings);
      else set(*option, node, settings);
    }
  }

  void fail(const toml::source_region& where, const std::string& what) {
    std::string line = std::to_string(where.begin.line), column = std::to_string(where.begin.column);
    errors.push_back(file_ + ":" + line + ":" + column + ": PSM902 invalid-configuration: " + what);
  }

  ConfigErrors errors;

 private:
  static std::string similar_key(std::string_view key) {
    std::vector<std::string_view> keys;
    for (const Option& option : options()) keys.push_back(option.key);
    return did_you_mean(key, keys);
  }

  // Strings of a node, for a key that wants `expected`.
  std::optional<std::vector<std::string>> strings(std::string_view key, const toml::node& node, bool one_only) {
    std::string expected = "'" + std::string(key) + "' must be " + (one_only ? "a string" : "an array of strings");
    if (auto text = node.value_exact<std::string>()) return std::vector{std::move(*text)};
    const toml::array* array = one_only ? nullptr : node.as_array();
    if (!array) return fail(node.source(), expected + ", not " + article(node)), std::nullopt;
    std::vector<std::string> values;
    for (const toml::node& element : *array) {
      auto text = element.value_exact<std::string>();
      if (!text) return fail(element.source(), expected + "; this element is " + article(element)), std::nullopt;
      values.push_back(std::move(*text));
    }
    return values;
  }

  bool check_rules(const std::vector<std::string>& selectors, const toml::node& node) {
    const toml::array* array = node.as_array();
    bool good = true;
    for (size_t i = 0; i < selectors.size(); ++i) {
      auto known = check_selector(selectors[i], rules_);
      if (!known) fail((array ? array->get(i) : &node)->source(), known.error());
      good = good && known;
    }
    return good;
  }

  void set(const Option& option, const toml::node& node, Settings& settings) {
    std::vector<std::string> values;
    std::string key(option.key);
    if (option.kind == OptionKind::flag) {
      auto flag = node.value_exact<bool>();
      if (!flag) return fail(node.source(), "'" + key + "' must be true or false, not " + article(node));
      values = {*flag ? "true" : "false"};
    } else if (auto number = node.value_exact<int64_t>(); number && option.key == "max-file-size") {
      values = {std::to_string(*number)};
    } else {
      auto texts = strings(key, node, option.kind == OptionKind::value);
      if (!texts) return;
      values = std::move(*texts);
    }
    if (option.key == "select" || option.key == "extend-select" || option.key == "ignore")
      if (!check_rules(values, node)) return;
    if (auto done = option.set(settings, values, base_); !done) fail(node.source(), key + ": " + done.error());
  }

  void read_per_file(const toml::node& node, Settings& settings) {
    const toml::table* table = node.as_table();
    if (!table) return fail(node.source(), "'per-file-ignores' must be a table of globs, not " + article(node));
    for (auto&& [glob, rules] : *table) {
      auto selectors = strings(glob.str(), rules, false);
      if (selectors && check_rules(*selectors, rules))
        settings.config.per_file_ignores.emplace_back(std::string(glob.str()), std::move(*selectors));
    }
  }

  std::string file_;
  std::string base_;
  Rules rules_;
};

const toml::table* our_table(const toml::table& document, const std::string& file) {
  return is_pyproject(file) ? document["tool"]["forklint"].as_table() : &document;
}

// Python versions that the project itself names. What cannot be read there is for other tools to complain about.
void take_requires_python(const toml::table& document, Settings& settings) {
  if (settings.config.python_given) return;
  auto text = document["project"]["requires-python"].value<std::string>();
  if (!text) text = document["tool"]["poetry"]["dependencies"]["python"].value<std::string>();
  if (!text) return;
  auto range = parse_python(*text);
  if (!range) return;
  settings.config.python_given = true;
  settings.config.python_from = range->from;
  settings.config.python_to = range->to;
}

// Operating systems that the project's own classifiers name.
void take_classifiers(const toml::table& document, Settings& settings) {
  Platforms& declared = settings.config.declared;
  const toml::array* classifiers = document["project"]["classifiers"].as_array();
  if (!classifiers) classifiers = document["tool"]["poetry"]["classifiers"].as_array();
  if (!classifiers || declared.linux || declared.macos || declared.windows) return;
  for (const toml::node& node : *classifiers) {
    auto text = node.value_exact<std::string>();
    if (!text || !text->starts_with("Operating System :: ")) continue;
    std::string_view system = std::string_view(*text).substr(20);
    bool anywhere = system == "OS Independent";
    bool posix = system == "POSIX" || system.starts_with("Unix");
    declared.linux |= anywhere || posix || system.starts_with("POSIX :: Linux");
    declared.macos |= anywhere || posix || system.starts_with("MacOS");
    declared.windows |= anywhere || system.starts_with("Microsoft");
  }
}

// The folders in which to look for `path`, nearest first.
std::vector<fs::path> folders_above(const std::string& path) {
  std::error_code error;
  fs::path folder = fs::absolute(fs::path(path), error).lexically_normal();
  if (!fs::is_directory(folder, error) || !folder.has_filename()) folder = folder.parent_path();
  std::vector<fs::path> folders{folder};
  while (folder.has_relative_path()) folders.push_back(folder = folder.parent_path());
  return folders;
}

std::string shown(const fs::path& path) {
  std::error_code error;
  fs::path relative = path.lexically_relative(fs::current_path(error));
  return relative.empty() || *relative.begin() == ".." ? path.string() : relative.string();
}

// What the nearest pyproject.toml says of the project. Versions may be said further up; classifiers belong to what is there.
void find_project(const std::string& path, Settings& settings) {
  bool nearest = true;
  for (const fs::path& folder : folders_above(path)) {
    if (settings.config.python_given && !nearest) return;
    auto text = read_text(folder / pyproject);
    if (!text) continue;
    auto document = knowledge::parse_toml(*text);
    if (!document) continue;
    take_requires_python(*document, settings);
    if (nearest) take_classifiers(*document, settings);
    nearest = false;
  }
}

}  // namespace

std::expected<Settings, ConfigErrors> parse_config(std::string_view text, const std::string& file, Rules rules) {
  Reader reader(file, rules);
  auto document = knowledge::parse_toml(text);
  if (!document) {
    reader.fail(document.error().where, document.error().message);
    return std::unexpected(std::move(reader.errors));
  }
  Settings settings;
  if (const toml::table* table = our_table(*document, file)) reader.read(*table, settings);
  else if (is_pyproject(file) && (*document)["tool"]["forklint"])
    reader.fail((*document)["tool"]["forklint"].node()->source(), "'tool.forklint' must be a table");
  if (!reader.errors.empty()) return std::unexpected(std::move(reader.errors));
  return settings;
}

std::expected<Settings, ConfigErrors> load_config_file(const std::string& file, const std::string& path, Rules rules) {
  auto text = source::read_bytes(file, largest_file);
  if (!text) return std::unexpected(ConfigErrors{file + ": PSM902 invalid-configuration: the file cannot be read: " + text.error()});
  auto settings = parse_config(*text, file, rules);
  if (settings) find_project(path, *settings);
  return settings;
}

std::expected<Settings, ConfigErrors> load_config(const std::string& path, Rules rules) {
  for (const fs::path& folder : folders_above(path)) {
    for (std::string_view name : own_files)
      if (std::error_code error; fs::is_regular_file(folder / name, error)) return load_config_file(shown(folder / name), path, rules);
    auto text = read_text(folder / pyproject);
    // The name of our table in the bytes decides whether a pyproject.toml is ours to complain about.
    if (!text || text->find("forklint") == std::string::npos) continue;
    auto settings = parse_config(*text, shown(folder / pyproject), rules);
    if (settings && settings->origin.empty()) continue;
    if (settings) find_project(path, *settings);
    return settings;
  }
  Settings settings;
  find_project(path, settings);
  return settings;
}

}  // namespace forklint::engine
