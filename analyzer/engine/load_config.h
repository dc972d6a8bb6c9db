// Finding and reading the configuration: .forklint.toml, forklint.toml, or [tool.forklint] of a pyproject.toml, the
// nearest one at or above a path. There is no merging of several files; a pyproject.toml without our table is passed
// over, but the nearest requires-python still says which Python versions are meant.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/engine/options.h"
#include "analyzer/engine/selectors.h"

namespace forklint::engine {

// Every problem of a file, each as "path:line:column: PSM902 invalid-configuration: unknown key 'selct', did you mean …".
using ConfigErrors = std::vector<std::string>;

// The settings for what lies at `path` (a file or folder; it need not exist). Rule names are checked against `rules`.
std::expected<Settings, ConfigErrors> load_config(const std::string& path, Rules rules);

// The settings of a file named by the user; requires-python is still looked for above `path`.
std::expected<Settings, ConfigErrors> load_config_file(const std::string& file, const std::string& path, Rules rules);

// The text of a configuration file. `file` names it: a pyproject.toml holds our table under [tool.forklint].
std::expected<Settings, ConfigErrors> parse_config(std::string_view text, const std::string& file, Rules rules);

}  // namespace forklint::engine
