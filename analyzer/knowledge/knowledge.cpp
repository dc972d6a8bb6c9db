#include "analyzer/knowledge/knowledge.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "analyzer/knowledge/built_in.h"
#include "analyzer/knowledge/compiled.h"
#include "analyzer/knowledge/load.h"
#include "analyzer/knowledge/table.h"

namespace forklint::knowledge {
namespace {

// As anchors they would select nearly every file. Their modules are anchors too; of `os`, the rarer functions are.
constexpr std::array<std::string_view, 20> common_words{
    "Client", "__init__", "call", "compute", "filter", "fit",  "init",  "launch", "main",   "map",
    "open",   "os",       "pool", "python",  "run",    "send", "spawn", "start",  "submit", "test"};

void add_anchor(std::vector<std::string>& anchors, std::string_view word) {
  if (std::ranges::find(common_words, word) == common_words.end()) anchors.emplace_back(word);
}

std::vector<std::string> find_anchors(const std::vector<Api>& apis) {
  std::vector<std::string> anchors;
  for (const Api& api : apis) {
    if (!api.launch) continue;
    for (std::string_view name : api.names) {
      add_anchor(anchors, name.substr(0, name.find('.')));
      add_anchor(anchors, name.substr(name.rfind('.') + 1));
    }
  }
  std::ranges::sort(anchors);
  auto repeated = std::ranges::unique(anchors);
  anchors.erase(repeated.begin(), repeated.end());
  return anchors;
}

// Takes the names that `newer` has from the rows before it; a row without a name left goes.
void replace(std::vector<Api>& apis, std::vector<Api>&& newer) {
  for (const Api& row : newer)
    for (const std::string& name : row.names)
      for (Api& api : apis) std::erase(api.names, name);
  std::erase_if(apis, [](const Api& api) { return api.names.empty(); });
  std::ranges::move(newer, std::back_inserter(apis));
}

}  // namespace

// The tables point into the texts of the rows, which stay where they are: the whole is made once and never changed.
struct Knowledge::State {
  Rows rows;
  std::vector<std::string> anchors;
  Table names;    // every name -> its row
  Table modules;  // every name and every dotted prefix of one
  Table aliases;  // every `from` -> its alias

  explicit State(Rows given) : rows(std::move(given)), anchors(find_anchors(rows.apis)) {
    // From the last row, since a text that is there keeps its number, and the last row of a name is the one that counts.
    for (size_t i = rows.apis.size(); i-- > 0;)
      for (const std::string& name : rows.apis[i].names) names.insert(name, insert_modules(name), uint32_t(i));
    for (size_t i = rows.aliases.size(); i-- > 0;) {
      const std::string& from = rows.aliases[i].from;
      aliases.insert(from, insert_modules(from), uint32_t(i));
    }
  }
  State(const State&) = delete;

 private:
  // Returns the hash of the name.
  uint32_t insert_modules(std::string_view name) {
    uint32_t hash = hash_start;
    for (size_t i = 0; i < name.size(); ++i) {
      if (name[i] == '.') modules.insert(name.substr(0, i), hash, 0);
      hash = hash_next(hash, name[i]);
    }
    modules.insert(name, hash, 0);
    return hash;
  }
};

Knowledge::Knowledge() : Knowledge(Rows{}) {}

Knowledge::Knowledge(Rows rows) : state_(std::make_shared<const State>(std::move(rows))) {}

Knowledge Knowledge::built_in() {
  return Knowledge(decompile({reinterpret_cast<const char*>(built_in_bytes), built_in_size}));
}

std::expected<void, std::string> Knowledge::add(std::string_view toml, std::string_view origin) {
  auto loaded = load(toml, origin, Source::optional);
  if (!loaded) return std::unexpected(loaded.error());
  Rows rows = state_->rows;
  replace(rows.apis, std::move(loaded->apis));
  std::ranges::move(loaded->aliases, std::back_inserter(rows.aliases));
  state_ = std::make_shared<const State>(std::move(rows));
  return {};
}

const Api* Knowledge::find(std::string_view qualified_name) const {
  const uint32_t* row = state_->names.find(qualified_name);
  return row ? &state_->rows.apis[*row] : nullptr;
}

std::string Knowledge::canonical(std::string_view name) const {
  for (size_t end = name.size(); end != name.npos && end > 0; end = name.rfind('.', end - 1)) {
    const uint32_t* found = state_->aliases.find(name.substr(0, end));
    if (!found) continue;
    const Alias& alias = state_->rows.aliases[*found];
    std::string_view rest = name.substr(end);  // "" or ".member…"
    std::string_view member = rest.substr(0, rest.find('.', 1));
    if (!member.empty() && std::ranges::find(alias.except, member.substr(1)) != alias.except.end()) return std::string(name);
    return alias.to + std::string(rest);
  }
  return std::string(name);
}

bool Knowledge::knows_module(std::string_view module) const { return state_->modules.find(module) != nullptr; }

const std::vector<std::string>& Knowledge::anchors() const { return state_->anchors; }
const std::vector<Api>& Knowledge::rows() const { return state_->rows.apis; }
const std::vector<Alias>& Knowledge::aliases() const { return state_->rows.aliases; }

}  // namespace forklint::knowledge
