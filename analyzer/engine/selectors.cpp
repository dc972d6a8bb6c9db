#include "analyzer/engine/selectors.h"

#include <algorithm>
#include <filesystem>

#include "analyzer/engine/options.h"
#include "analyzer/source/ignore.h"

namespace forklint::engine {
namespace {

constexpr std::string_view letters = "PSM";  // of every code

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'a' && c <= 'z') c = char(c - 0x20);
  return result;
}

// How narrow the narrowest selector that matches is: 0 none matches, 1 ALL, else more for each letter.
size_t specificity(const std::vector<std::string>& selectors, const Rule& rule) {
  size_t best = 0;
  for (const std::string& selector : selectors) {
    if (!selects(selector, rule.code, rule.name)) continue;
    size_t narrow = selector == rule.name ? rule.code.size() + 1 : upper(selector) == "ALL" ? 1 : selector.size() + 1;
    best = std::max(best, narrow);
  }
  return best;
}

}  // namespace

bool selects(std::string_view selector, std::string_view code, std::string_view name) {
  if (selector == name) return true;
  std::string wanted = upper(selector);
  return wanted == "ALL" || (wanted.starts_with(letters) && code.starts_with(wanted));
}

std::expected<void, std::string> check_selector(std::string_view selector, Rules rules) {
  std::vector<std::string_view> known;
  for (const Rule* rule : rules) {
    if (selects(selector, rule->code, rule->name)) return {};
    known.push_back(rule->code);
    known.push_back(rule->name);
  }
  if (upper(selector) == "ALL") return {};
  bool code_like = upper(selector).starts_with(letters);
  std::string hint = did_you_mean(code_like ? upper(selector) : std::string(selector), known);
  return std::unexpected("unknown rule '" + std::string(selector) + "'" + hint);
}

std::vector<const Rule*> enabled_rules(const Config& config, Rules rules) {
  std::vector<const Rule*> enabled;
  for (const Rule* rule : rules) {
    size_t chosen = config.select.empty() ? 1 : specificity(config.select, *rule);
    chosen = std::max(chosen, specificity(config.extend_select, *rule));
    size_t ignored = specificity(config.ignore, *rule);
    if (chosen > ignored) enabled.push_back(rule);
  }
  return enabled;
}

void layer_selection(Config& config, const Config& over, Rules rules) {
  Config base = over.select.empty() ? config : Config{};
  base.select.insert(base.select.end(), over.select.begin(), over.select.end());
  std::vector<const Rule*> enabled = enabled_rules(base, rules);
  Config outcome;
  for (const Rule* rule : rules) {
    size_t added = std::max(specificity(over.extend_select, *rule), specificity(over.select, *rule));
    size_t ignored = specificity(over.ignore, *rule);
    bool on = added == ignored && added == 0 ? std::ranges::count(enabled, rule) != 0 : added > ignored;
    if (on) outcome.select.emplace_back(rule->code);
  }
  if (outcome.select.empty()) outcome.ignore = {"ALL"};  // an empty select would mean every rule
  config.select = std::move(outcome.select);
  config.extend_select.clear();
  config.ignore = std::move(outcome.ignore);
}

bool glob_names(std::string_view glob, std::string_view path) {
  const std::vector<source::IgnorePattern> patterns = source::parse_ignore_file(glob);
  for (size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1))
    if (source::match(patterns, path.substr(0, slash), true) == source::Verdict::ignored) return true;
  return source::match(patterns, path, false) == source::Verdict::ignored;
}

bool ignored_in_file(const Config& config, std::string_view path, const Rule& rule) {
  if (config.per_file_ignores.empty()) return false;
  namespace fs = std::filesystem;
  std::error_code error;
  fs::path absolute = fs::absolute(fs::path(path), error).lexically_normal();
  fs::path root = config.root.empty() ? fs::current_path(error) : fs::path(config.root);
  std::string relative = absolute.lexically_relative(root).generic_string();
  for (const auto& [glob, selectors] : config.per_file_ignores)
    if (specificity(selectors, rule) && glob_names(glob, relative))
      return true;
  return false;
}

}  // namespace forklint::engine
