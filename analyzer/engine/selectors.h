// Which rules are on. A selector is "ALL", a code ("PSM201"), the start of one ("PSM2", "PSM"), or a rule's name.
// Pure functions; safe to call from any thread.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/engine/config.h"
#include "analyzer/engine/rule.h"

namespace forklint::engine {

using Rules = std::span<const Rule* const>;

// Codes and ALL match whatever the case of their letters.
bool selects(std::string_view selector, std::string_view code, std::string_view name);

// The error is "unknown rule 'PSM2o1', did you mean 'PSM201'?".
std::expected<void, std::string> check_selector(std::string_view selector, Rules rules);

// The rules that are on, in the order of `rules`. Where both select and ignore match a rule, the more specific
// selector wins, and ignore wins a draw.
std::vector<const Rule*> enabled_rules(const Config& config, Rules rules);

// Puts the selection of `over` (the command line) on top of that of `config` (the configuration file): a select of
// `over` starts afresh, anything else changes only the rules that it names. Leaves in `config` the outcome, as codes.
void layer_selection(Config& config, const Config& over, Rules rules);

// Whether per-file-ignores turn the rule off for a file. The path is as in source::File: absolute or relative to the
// working directory.
bool ignored_in_file(const Config& config, std::string_view path, const Rule& rule);

// Whether a glob of per-file-ignores names the file, or a folder that holds it; as in .gitignore.
bool glob_names(std::string_view glob, std::string_view path);

}  // namespace forklint::engine
