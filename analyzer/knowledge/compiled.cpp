#include "analyzer/knowledge/compiled.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "analyzer/knowledge/encoding.h"

namespace forklint::knowledge {
namespace {

// The block: where each section begins, then the sections. Numbers of fixed size are 32 bits in the machine's own order.
enum Section : uint32_t { rows_section, names_section, modules_section, alias_table_section, aliases_section, anchors_section, natives_section, texts_section, section_count };

// A section that is a table: the number of slots, a power of two, then the slots. At most half of them are used; a slot
// without a length is free.
struct Slot {
  uint32_t text = 0;  // in the texts section
  uint32_t length = 0;
  uint32_t value = 0;
};

uint32_t hash_of(std::string_view text) {  // FNV-1a
  uint32_t hash = 2166136261u;
  for (char c : text) hash = (hash ^ uint8_t(c)) * 16777619u;
  return hash;
}

uint32_t load32(std::string_view bytes, size_t at) {
  uint32_t number;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

void append32(std::string& bytes, uint32_t number) { bytes.append(reinterpret_cast<const char*>(&number), sizeof number); }

// The slot of a text, used or free. `slot_at(i)` gives slot i, `text_of(slot)` its text.
size_t place(std::string_view text, size_t slots, auto&& slot_at, auto&& text_of) {
  size_t at = hash_of(text) & (slots - 1);
  while (true) {
    const Slot slot = slot_at(at);
    if (slot.length == 0 || text_of(slot) == text) return at;
    at = (at + 1) & (slots - 1);
  }
}

std::optional<uint32_t> find(std::string_view bytes, Section section, std::string_view text) {
  if (text.empty()) return std::nullopt;
  size_t table = load32(bytes, section * 4);
  size_t texts = load32(bytes, texts_section * 4);
  auto slot_at = [&](size_t i) {
    Slot slot;
    std::memcpy(&slot, bytes.data() + table + 4 + i * sizeof slot, sizeof slot);
    return slot;
  };
  auto text_of = [&](const Slot& slot) { return bytes.substr(texts + slot.text, slot.length); };
  Slot slot = slot_at(place(text, load32(bytes, table), slot_at, text_of));
  return slot.length == 0 ? std::nullopt : std::optional(slot.value);
}

// A table in the making.
class Table {
 public:
  explicit Table(const std::string& texts) : slots_(64), texts_(texts) {}

  // A text that is already there keeps its value.
  void insert(Slot slot) {
    if (count_ * 2 >= slots_.size()) grow();
    Slot& found = slots_[place_of(slot)];
    if (found.length) return;
    found = slot;
    ++count_;
  }
  std::string bytes() const {
    std::string bytes;
    append32(bytes, uint32_t(slots_.size()));
    bytes.append(reinterpret_cast<const char*>(slots_.data()), slots_.size() * sizeof(Slot));
    return bytes;
  }

 private:
  std::string_view text_of(const Slot& slot) const { return std::string_view(texts_).substr(slot.text, slot.length); }
  size_t place_of(const Slot& slot) const {
    return place(text_of(slot), slots_.size(), [&](size_t i) { return slots_[i]; }, [&](const Slot& s) { return text_of(s); });
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old)
      if (slot.length) slots_[place_of(slot)] = slot;
  }

  std::vector<Slot> slots_;
  size_t count_ = 0;
  const std::string& texts_;
};

// "module.word": a file may launch when it imports the one and says the other. Programs that only become other programs
// inherit nothing; of them just what runs before that counts.
std::vector<std::string> find_anchors(const Rows& rows) {
  std::vector<std::string> anchors;
  auto add = [&](std::string_view module, std::string_view word) {
    anchors.push_back(std::string(module.substr(0, module.find('.'))) + "." + std::string(word.substr(word.rfind('.') + 1)));
  };
  auto add_all = [&](std::string_view name, const Api& api) {
    if (api.launch && !api.launch->executes) add(name, name);
    if (api.launch && api.launch->before_exec) add(name, api.launch->before_exec->keyword);
    if (api.makes_context || api.method_effect == MethodEffect::sets) add(name, name);
  };
  for (const Api& api : rows.apis)
    for (const std::string& name : api.names) {
      add_all(name, api);
      for (const Alias& alias : rows.aliases)
        if (name == alias.to || (name.starts_with(alias.to) && name[alias.to.size()] == '.')) add_all(alias.from + name.substr(alias.to.size()), api);
    }
  std::ranges::sort(anchors);
  auto repeated = std::ranges::unique(anchors);
  anchors.erase(repeated.begin(), repeated.end());
  return anchors;
}

}  // namespace

std::string compile(const Rows& rows) {
  std::array<std::string, section_count> sections;
  std::string& texts = sections[texts_section];
  Table names(texts), modules(texts), alias_table(texts);

  auto insert = [&](Table& table, std::string_view name, size_t number) {
    Slot slot{uint32_t(texts.size()), uint32_t(name.size()), uint32_t(number)};
    texts += name;
    table.insert(slot);
    for (size_t dot = name.find('.'); dot != name.npos; dot = name.find('.', dot + 1))
      modules.insert({slot.text, uint32_t(dot), 0});
  };
  for (size_t i = rows.apis.size(); i-- > 0;)
    for (const std::string& name : rows.apis[i].names) insert(names, name, i);
  for (size_t i = rows.aliases.size(); i-- > 0;) insert(alias_table, rows.aliases[i].from, i);

  std::string encoded;
  append32(sections[rows_section], uint32_t(rows.apis.size()));
  for (const Api& api : rows.apis) {
    append32(sections[rows_section], uint32_t(4 + rows.apis.size() * 4 + encoded.size()));
    Encoder{encoded}.write(api);
  }
  sections[rows_section] += encoded;
  sections[names_section] = names.bytes();
  sections[modules_section] = modules.bytes();
  sections[alias_table_section] = alias_table.bytes();
  Encoder{sections[aliases_section]}.write(rows.aliases);
  Encoder{sections[anchors_section]}.write(find_anchors(rows));
  Encoder{sections[natives_section]}.write(rows.natives);

  std::string bytes;
  size_t begin = section_count * 4;
  for (const std::string& section : sections) append32(bytes, uint32_t(begin)), begin += section.size();
  for (const std::string& section : sections) bytes += section;
  return bytes;
}

std::optional<uint32_t> Compiled::find_name(std::string_view name) const { return find(bytes_, names_section, name); }
std::optional<uint32_t> Compiled::find_alias(std::string_view from) const { return find(bytes_, alias_table_section, from); }
bool Compiled::has_module(std::string_view module) const {
  return find(bytes_, modules_section, module) || find_name(module) || find_alias(module);
}

uint32_t Compiled::row_count() const { return load32(bytes_, load32(bytes_, rows_section * 4)); }

Api Compiled::row(uint32_t number) const {
  size_t section = load32(bytes_, rows_section * 4);
  Api api;
  Decoder{bytes_.data() + section + load32(bytes_, section + 4 + number * 4)}.read(api);
  return api;
}

std::vector<Alias> Compiled::aliases() const {
  std::vector<Alias> aliases;
  Decoder{bytes_.data() + load32(bytes_, aliases_section * 4)}.read(aliases);
  return aliases;
}

std::vector<std::string> Compiled::anchors() const {
  std::vector<std::string> anchors;
  Decoder{bytes_.data() + load32(bytes_, anchors_section * 4)}.read(anchors);
  return anchors;
}

std::vector<NativeApi> Compiled::natives() const {
  std::vector<NativeApi> natives;
  Decoder{bytes_.data() + load32(bytes_, natives_section * 4)}.read(natives);
  return natives;
}

Rows Compiled::all() const {
  Rows rows{{}, aliases(), natives()};
  for (uint32_t i = 0; i < row_count(); ++i) rows.apis.push_back(row(i));
  return rows;
}

}  // namespace forklint::knowledge
