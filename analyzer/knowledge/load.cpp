#include <algorithm>

#include "analyzer/knowledge/fields.h"
#include "analyzer/knowledge/load.h"
#include "analyzer/knowledge/toml.h"

namespace forklint::knowledge {
namespace {

struct Reader {
  std::string_view origin;
  std::string error;  // the first one; everything after it is read in vain

  void fail(const toml::source_region& where, const std::string& what) {
    if (!error.empty()) return;
    error = std::string(origin) + ":" + std::to_string(where.begin.line) + ":" + std::to_string(where.begin.column) + ": " + what;
  }
  void wrong_type(std::string_view key, const toml::node& node, std::string_view wanted) {
    fail(node.source(), "'" + std::string(key) + "' must be " + std::string(wanted));
  }

  // One overload per type of field.

  void read(std::string_view key, const toml::node& node, std::string& field) {
    if (!node.is_string()) return wrong_type(key, node, "a string");
    field = **node.as_string();
    if (field.empty()) fail(node.source(), "'" + std::string(key) + "' is empty");
  }

  void read(std::string_view key, const toml::node& node, bool& field) {
    if (!node.is_boolean()) return wrong_type(key, node, "true or false");
    field = **node.as_boolean();
  }

  void read(std::string_view key, const toml::node& node, Argument& field) {
    if (!node.is_string()) return wrong_type(key, node, "an argument such as \"0:target\"");
    auto argument = parse_argument(**node.as_string());
    if (!argument) return fail(node.source(), argument.error());
    field = *argument;
  }

  void read(std::string_view key, const toml::node& node, uint64_t& field) {
    if (!node.is_integer() || **node.as_integer() < 0) return wrong_type(key, node, "a number that is not negative");
    field = uint64_t(**node.as_integer());
  }

  template <class Enum>
    requires std::is_enum_v<Enum>
  void read(std::string_view key, const toml::node& node, Enum& field) {
    if (!node.is_string()) return wrong_type(key, node, "a string");
    const std::string& word = **node.as_string();
    for (size_t i = 0; i < spellings<Enum>.size(); ++i) {
      if (spellings<Enum>[i] != word) continue;
      field = Enum(i);
      return;
    }
    fail(node.source(), "unknown " + std::string(key) + " '" + word + "'" + did_you_mean(word, spellings<Enum>));
  }

  void read(std::string_view key, const toml::node& node, StartMethods& field) {
    std::vector<StartMethod> methods;
    read(key, node, methods);
    for (StartMethod method : methods) field |= method;
  }

  template <class T>
  void read(std::string_view key, const toml::node& node, std::optional<T>& field) {
    read(key, node, field.emplace());
  }

  template <class T>
  void read(std::string_view key, const toml::node& node, std::vector<T>& field) {
    if (!node.is_array()) return wrong_type(key, node, "an array");
    for (const toml::node& item : *node.as_array()) read(key, item, field.emplace_back());
  }

  template <class Row>
    requires std::same_as<Row, Launch> || std::same_as<Row, Task>
  void read(std::string_view key, const toml::node& node, Row& field) {
    if (!node.is_table()) return wrong_type(key, node, "a table");
    read_table(*node.as_table(), field);
  }

  template <class Row>
  void read_table(const toml::table& table, Row& row) {
    std::vector<std::string_view> known;
    each_field(row, [&](std::string_view key, auto& field) {
      known.push_back(key);
      if (const toml::node* node = table.get(key)) read(key, *node, field);
    });
    reject_unknown_keys(table, known);
  }

  void reject_unknown_keys(const toml::table& table, const std::vector<std::string_view>& known) {
    for (auto&& [key, node] : table) {
      if (std::ranges::find(known, key.str()) != known.end()) continue;
      fail(key.source(), "unknown key '" + std::string(key.str()) + "'" + did_you_mean(key.str(), known));
    }
  }

  template <class Words>
  static std::string did_you_mean(std::string_view word, const Words& words) {
    std::string_view guess = nearest(word, words);
    return guess.empty() ? "" : ", did you mean '" + std::string(guess) + "'?";
  }
};

// Where a key of a row, or of its launch, stands; the row itself when the key is not there.
const toml::source_region& place(const toml::table& row, std::string_view key) {
  if (const toml::node* node = row.get(key)) return node->source();
  if (const toml::node* launch = row.get("launch"); launch && launch->is_table())
    if (const toml::node* node = launch->as_table()->get(key)) return node->source();
  return row.source();
}

void read_api(Reader& reader, const toml::table& table, Source source, Rows& rows) {
  Api& api = rows.apis.emplace_back();
  reader.read_table(table, api);
  if (!reader.error.empty()) return;
  std::string_view field;
  if (std::string why = contradiction(api, field); !why.empty())
    return reader.fail(place(table, field), "'" + std::string(field) + "': " + why);
  if (api.source.empty() && source == Source::mandatory)
    reader.fail(table.source(), "'" + api.names[0] + "' has no source");
}

void read_native(Reader& reader, const toml::table& table, Source source, Rows& rows) {
  NativeApi& api = rows.natives.emplace_back();
  reader.read_table(table, api);
  if (!reader.error.empty()) return;
  std::string_view field;
  if (std::string why = contradiction(api, field); !why.empty())
    return reader.fail(place(table, field), "'" + std::string(field) + "': " + why);
  if (api.source.empty() && source == Source::mandatory) reader.fail(table.source(), "'" + api.names[0] + "' has no source");
}

void read_alias(Reader& reader, const toml::table& table, Rows& rows) {
  Alias& alias = rows.aliases.emplace_back();
  reader.read_table(table, alias);
  if (alias.from.empty() || alias.to.empty()) reader.fail(table.source(), "an alias needs 'from' and 'to'");
}

// Calls `read` with every table of the array of tables under `key`.
void each_table(Reader& reader, const toml::table& document, std::string_view key, auto&& read) {
  const toml::node* node = document.get(key);
  if (!node) return;
  if (!node->is_array_of_tables()) return reader.wrong_type(key, *node, "an array of tables: [[" + std::string(key) + "]]");
  for (const toml::node& item : *node->as_array()) read(*item.as_table());
}

}  // namespace

std::expected<Rows, std::string> load(std::string_view text, std::string_view origin, Source source) {
  Reader reader{origin, {}};
  auto parsed = parse_toml(text);
  if (!parsed) {
    reader.fail(parsed.error().where, parsed.error().message);
    return std::unexpected(reader.error);
  }
  Rows rows;
  reader.reject_unknown_keys(*parsed, {"api", "alias", "native"});
  each_table(reader, *parsed, "api", [&](const toml::table& table) { read_api(reader, table, source, rows); });
  each_table(reader, *parsed, "native", [&](const toml::table& table) { read_native(reader, table, source, rows); });
  each_table(reader, *parsed, "alias", [&](const toml::table& table) { read_alias(reader, table, rows); });
  if (!reader.error.empty()) return std::unexpected(reader.error);
  return rows;
}

}  // namespace forklint::knowledge
