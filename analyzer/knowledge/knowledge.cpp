#include "analyzer/knowledge/knowledge.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <mutex>

#include "analyzer/knowledge/built_in.h"
#include "analyzer/knowledge/compiled.h"
#include "analyzer/knowledge/load.h"

namespace forklint::knowledge {

bool acts(const Api& row) {
  Api described{.names = row.names, .source = row.source, .proof = row.proof, .since = row.since, .until = row.until, .returns = row.returns};
  described.is_object = row.is_object;
  described.defaults_from = row.defaults_from;
  described.makes_class = row.makes_class;
  described.picklable = row.picklable;
  described.pickle_error = row.pickle_error;
  described.picklable_with = row.picklable_with;
  described.setting_path = row.setting_path;
  described.sent_settings = row.sent_settings;
  described.large = row.large;
  described.decorator_keeps_function = row.decorator_keeps_function;
  described.wraps = row.wraps;
  described.makes_property = row.makes_property;
  described.makes_fields = row.makes_fields;
  described.class_only = row.class_only;
  described.enumeration = row.enumeration;
  described.keeps_arguments = row.keeps_arguments;
  described.keeps_elements = row.keeps_elements;
  described.yields = row.yields;
  described.yields_elements = row.yields_elements;
  described.makes_missing = row.makes_missing;
  described.returns_argument = row.returns_argument;
  described.puts_into = row.puts_into;
  described.puts = row.puts;
  described.returns_element = row.returns_element;
  return described != row;
}
namespace {

// Takes the names that `newer` has from the rows before it; a row without a name left goes.
template <class Row>
void replace(std::vector<Row>& apis, std::vector<Row>&& newer) {
  for (const Row& row : newer)
    for (const std::string& name : row.names)
      for (Row& api : apis) std::erase(api.names, name);
  std::erase_if(apis, [](const Row& api) { return api.names.empty(); });
  std::ranges::move(newer, std::back_inserter(apis));
}

}  // namespace

// Immutable but for the rows, which are decoded when first asked for: whoever is first to store one wins.
struct Knowledge::State {
  std::string added;  // owns the bytes, unless they are the built-in ones
  Compiled compiled;
  std::vector<Alias> aliases;
  std::vector<std::string> anchors;
  mutable std::vector<std::atomic<const Api*>> decoded;
  mutable std::once_flag natives_once;
  mutable std::unique_ptr<const Natives> natives;

  explicit State(std::string_view bytes)
      : compiled(bytes), aliases(compiled.aliases()), anchors(compiled.anchors()), decoded(compiled.row_count()) {}
  explicit State(std::string&& bytes) : State(std::string_view(bytes)) { added = std::move(bytes), compiled = Compiled(added); }
  State(const State&) = delete;
  ~State() {
    for (const std::atomic<const Api*>& api : decoded) delete api.load(std::memory_order_relaxed);
  }

  const Api* row(uint32_t number) const {
    std::atomic<const Api*>& slot = decoded[number];
    const Api* api = slot.load(std::memory_order_acquire);
    if (api) return api;
    const Api* mine = new Api(compiled.row(number));
    if (slot.compare_exchange_strong(api, mine, std::memory_order_acq_rel)) return mine;
    delete mine;
    return api;
  }
};

Natives::Natives(std::vector<NativeApi> rows) : rows_(std::move(rows)) {
  for (const NativeApi& row : rows_)
    for (std::string_view name : row.names) {
      bool beginning = name.ends_with('*') && !name.ends_with("operator*");
      if (!beginning) {
        by_name_.emplace(name, &row);
        continue;
      }
      name.remove_suffix(1);
      by_beginning_.emplace(name, &row);
      longest_beginning_ = std::max(longest_beginning_, name.size());
    }
}

const NativeApi* Natives::find(std::string_view name) const {
  if (auto it = by_name_.find(name); it != by_name_.end()) return it->second;
  for (size_t length = std::min(name.size(), longest_beginning_); length > 0; --length)
    if (auto it = by_beginning_.find(name.substr(0, length)); it != by_beginning_.end()) return it->second;
  return nullptr;
}

Knowledge::Knowledge() : state_(std::make_shared<const State>(compile(Rows{}))) {}

Knowledge Knowledge::built_in() {
  Knowledge knowledge;
  knowledge.state_ = std::make_shared<const State>(std::string_view(reinterpret_cast<const char*>(built_in_bytes), built_in_size));
  return knowledge;
}

std::expected<void, std::string> Knowledge::add(std::string_view toml, std::string_view origin) {
  auto loaded = load(toml, origin, Source::optional);
  if (!loaded) return std::unexpected(loaded.error());
  Rows rows = state_->compiled.all();
  replace(rows.apis, std::move(loaded->apis));
  replace(rows.natives, std::move(loaded->natives));
  std::ranges::move(loaded->aliases, std::back_inserter(rows.aliases));
  state_ = std::make_shared<const State>(compile(rows));
  return {};
}

const Api* Knowledge::find(std::string_view qualified_name) const {
  std::optional<uint32_t> number = state_->compiled.find_name(qualified_name);
  if (number) return state_->row(*number);
  if (!derived_) return nullptr;
  auto it = derived_->find(std::string(qualified_name));
  return it == derived_->end() ? nullptr : &it->second;
}

Knowledge Knowledge::with(std::unordered_map<std::string, Api> derived) const {
  Knowledge result = *this;
  if (!derived.empty()) result.derived_ = std::make_shared<const std::unordered_map<std::string, Api>>(std::move(derived));
  return result;
}

std::string Knowledge::canonical(std::string_view name) const {
  for (size_t end = name.size(); end != name.npos && end > 0; end = name.rfind('.', end - 1)) {
    std::optional<uint32_t> number = state_->compiled.find_alias(name.substr(0, end));
    if (!number) continue;
    const Alias& alias = state_->aliases[*number];
    std::string_view rest = name.substr(end);  // "" or ".member…"
    std::string_view member = rest.substr(0, rest.find('.', 1));
    if (!member.empty() && std::ranges::find(alias.except, member.substr(1)) != alias.except.end()) return std::string(name);
    return alias.to + std::string(rest);
  }
  return std::string(name);
}

bool Knowledge::knows_module(std::string_view module) const { return state_->compiled.has_module(module); }

const std::vector<std::string>& Knowledge::anchors() const { return state_->anchors; }
const std::vector<Alias>& Knowledge::aliases() const { return state_->aliases; }

const Natives& Knowledge::natives() const {
  std::call_once(state_->natives_once, [&] { state_->natives = std::make_unique<const Natives>(state_->compiled.natives()); });
  return *state_->natives;
}

std::vector<Api> Knowledge::rows() const { return state_->compiled.all().apis; }

}  // namespace forklint::knowledge
