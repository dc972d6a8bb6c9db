#include "analyzer/engine/prefilter.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "analyzer/engine/words.h"

namespace forklint::engine {
namespace {

// What comments to forklint start with, what imports modules by computed names, and what makes executables of programs.
constexpr std::array<std::string_view, 8> special_words{"forklint", "__import__", "import_module", "importorskip", "cx_Freeze", "py2exe", "PyInstaller", "nuitka"};
constexpr uint32_t first_importing = 1, first_packaging = 4;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t' || text.front() == '(' || text.front() == '\\' || text.front() == '\n')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r' || text.back() == ')')) text.remove_suffix(1);
  return text;
}

std::string_view first_word(std::string_view text) {
  size_t end = text.find_first_of(" \t,;#(\\");
  return text.substr(0, std::min(end, text.size()));
}

bool begins_block(std::string_view line) { return line.starts_with("try:") || line.starts_with("else:") || line.starts_with("if ") || line.starts_with("except"); }

// Whether a word at this place is an attribute, a text or a keyword argument: mp.Process, "Process", preexec_fn=f.
// By itself it is prose, unless it is imported: "the fork of a project".
bool in_code(std::string_view text, size_t begin, size_t length) {
  char before = begin > 0 ? text[begin - 1] : ' ';
  if (before == '.' || before == '"' || before == '\'') return true;
  size_t after = text.find_first_not_of(' ', begin + length);
  return after != std::string_view::npos && text[after] == '=';
}

// The name behind `as`; `otherwise` when there is none.
std::string_view alias_in(std::string_view part, std::string_view otherwise) {
  size_t at = part.find(" as ");
  return at == std::string_view::npos ? otherwise : first_word(trimmed(part.substr(at + 4)));
}

// import a.b, c as d
void add_modules(std::vector<ImportName>& result, std::string_view list) {
  while (!list.empty()) {
    size_t comma = std::min(list.find_first_of(",;#"), list.size());
    std::string_view name = first_word(trimmed(list.substr(0, comma)));
    if (!name.empty()) result.push_back({name, {}, true, alias_in(list.substr(0, comma), name.substr(0, name.find('.')))});
    if (comma < list.size() && list[comma] != ',') return;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

// from a.b import c as d, (e,\n f): what stands behind `from`; the list may go on at `next`
void add_members(std::vector<ImportName>& result, std::string_view rest, std::string_view text, size_t next) {
  constexpr size_t longest_list = 4000;
  std::string_view module = first_word(trimmed(rest));
  size_t keyword = rest.find("import");
  result.push_back({module, {}, false, {}});
  if (keyword == std::string_view::npos) return;
  std::string_view list = rest.substr(keyword + 6);
  if (list.find('(') != std::string_view::npos && list.find(')') == std::string_view::npos) {
    size_t close = text.find(')', next);
    if (close != std::string_view::npos && close - next < longest_list) list = std::string_view(list.data(), size_t(text.data() + close - list.data()));
  }
  while (!list.empty()) {
    size_t comma = std::min(list.find_first_of(",\n"), list.size());
    std::string_view name = first_word(trimmed(list.substr(0, comma)));
    if (!name.empty()) result.push_back({module, name, false, alias_in(list.substr(0, comma), name)});
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

}  // namespace

// Of the length, two bytes at the front and one at the end. `word` is not empty.
inline uint32_t WordSet::shape_of(std::string_view word) {
  const uint32_t front = uint8_t(word.front()), second = uint8_t(word[word.size() > 1]), back = uint8_t(word.back());
  return (front | second << 8 | back << 16 | uint32_t(word.size()) << 24) * 2654435761u >> 18;
}

uint32_t WordSet::add(std::string_view word) {
  if (word.empty()) return absent;
  auto [it, added] = words_.try_emplace(std::string(word), uint32_t(words_.size()));
  if (!added) return it->second;
  by_number_.push_back(&it->first);
  const uint32_t shape = shape_of(word);
  shapes_[shape / 64] |= 1ull << shape % 64;
  return it->second;
}

uint32_t WordSet::find(std::string_view word) const {
  auto it = words_.find(word);
  return it == words_.end() ? absent : it->second;
}

template <class Found>
void WordSet::scan(std::string_view text, const Found& found) const {
  each_word(text, [&](size_t begin, size_t end) {
    const std::string_view word = text.substr(begin, end - begin);
    const uint32_t shape = shape_of(word);
    if (!(shapes_[shape / 64] >> shape % 64 & 1)) return;
    if (uint32_t number = find(word); number != absent) found(number, begin);
  });
}

std::vector<uint32_t> WordSet::all_in(std::string_view text) const {
  std::vector<uint32_t> result;
  scan(text, [&](uint32_t number, size_t) {
    if (std::find(result.begin(), result.end(), number) == result.end()) result.push_back(number);
  });
  return result;
}

Anchors::Anchors(const std::vector<std::string>& pairs) {
  for (std::string_view word : special_words) words_.add(word);
  goes_with_.resize(special_words.size());
  for (const std::string& pair : pairs) {
    size_t dot = pair.rfind('.');
    uint32_t word = words_.add(std::string_view(pair).substr(dot + 1));
    if (word == WordSet::absent) continue;
    if (word == goes_with_.size()) goes_with_.emplace_back();
    goes_with_[word].push_back(modules_.add(std::string_view(pair).substr(0, dot)));
  }
}

Glance Anchors::look(std::string_view text) const {
  Glance glance{.imports = imported_names(text), .words = {}, .modules = {}};
  auto once = [](std::vector<uint32_t>& numbers, uint32_t number) {
    if (std::find(numbers.begin(), numbers.end(), number) == numbers.end()) numbers.push_back(number);
  };
  auto keep = [&](std::string_view name) {
    if (uint32_t module = modules_.find(name); module != WordSet::absent) once(glance.modules, module);
  };
  bool star = false;
  for (const ImportName& import : glance.imports) {
    std::string_view top = import.module.substr(0, import.module.find('.'));
    keep(top);
    keep(import.member);
    if (uint32_t module = modules_.find(top); module != WordSet::absent && !import.bound.empty()) glance.held.push_back({import.bound, module});
    star |= import.member == "*";
  }
  bool dynamic = false;
  words_.scan(text, [&](uint32_t word, size_t begin) {
    glance.addressed |= word < first_importing;
    dynamic |= word >= first_importing && word < first_packaging;
    glance.packages |= word >= first_packaging && word < special_words.size();
    std::string_view name = words_.word(word);
    auto imported = [&] { return star || std::any_of(glance.imports.begin(), glance.imports.end(), [&](const ImportName& it) { return it.member == name; }); };
    if (goes_with_[word].empty() || std::ranges::find(glance.words, word) != glance.words.end()) return;
    if (in_code(text, begin, name.size()) || imported()) glance.words.push_back(word);
  });
  if (dynamic && !glance.words.empty())
    modules_.scan(text, [&](uint32_t module, size_t begin) {  // import_module("multiprocessing.pool")
      size_t end = begin + modules_.word(module).size();
      char before = begin > 0 ? text[begin - 1] : ' ', after = end < text.size() ? text[end] : ' ';
      if ((before == '"' || before == '\'') && (after == before || after == '.')) once(glance.modules, module);
    });
  return glance;
}

std::vector<std::string> Anchors::launching(const std::vector<uint32_t>& words, const std::vector<uint32_t>& modules) const {
  std::vector<std::string> result;
  for (uint32_t word : words)
    if (std::any_of(modules.begin(), modules.end(), [&](uint32_t module) { return std::find(goes_with_[word].begin(), goes_with_[word].end(), module) != goes_with_[word].end(); }))
      result.push_back(words_.word(word));
  return result;
}

std::vector<ImportName> imported_names(std::string_view text) {
  std::vector<ImportName> result;
  size_t at = 0;
  while (at < text.size()) {
    const void* found = std::memchr(text.data() + at, '\n', text.size() - at);
    size_t end = found ? size_t(static_cast<const char*>(found) - text.data()) : text.size();
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    size_t start = line.find_first_not_of(" \t\f");
    if (start == std::string_view::npos) continue;
    line.remove_prefix(start);
    if (std::string_view("ifet").find(line[0]) == std::string_view::npos) continue;  // import, if; from; else, except; try
    if (begins_block(line))  // try: import a
      if (size_t colon = line.find(": "); colon != std::string_view::npos) line = trimmed(line.substr(colon + 1));
    bool from = line.starts_with("from ");
    if (!from && !line.starts_with("import ")) continue;
    while (line.ends_with('\\') && at < text.size()) {  // goes on in the next line
      end = std::min(text.find('\n', at), text.size());
      line = std::string_view(line.data(), size_t(text.data() + end - line.data()));
      at = end + 1;
    }
    if (from) add_members(result, line.substr(5), text, std::min(at, text.size()));
    else add_modules(result, line.substr(7));
  }
  return result;
}

}  // namespace forklint::engine
