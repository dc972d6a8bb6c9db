#include "analyzer/facts/binary.h"

#include <cstring>
#include <type_traits>

#include "analyzer/facts/check.h"

namespace forklint::facts {
namespace {

constexpr uint32_t magic = 0x31464c46;  // another layout gets another number
constexpr size_t op_count = 0
#define OP(...) +1
#include "analyzer/facts/ops.def"
    ;
constexpr size_t region_count = 0
#define REGION(...) +1
#include "analyzer/facts/ops.def"
    ;

struct Writer {
  std::string out;

  void number(uint32_t value) { out.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void text(std::string_view value) {
    number(uint32_t(value.size()));
    out += value;
  }
  template <class T>
  void list(const std::vector<T>& values) {
    static_assert(std::is_trivially_copyable_v<T>);
    number(uint32_t(values.size()));
    if (!values.empty()) out.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  }
};

// After something that is not there, everything is empty and `good` false.
struct Reader {
  std::string_view rest;
  bool good = true;

  std::string_view take(size_t size) {
    if (size > rest.size()) {
      good = false;
      return {};
    }
    std::string_view result = rest.substr(0, size);
    rest.remove_prefix(size);
    return result;
  }
  uint32_t number() {
    uint32_t value = 0;
    if (std::string_view bytes = take(sizeof value); good) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  std::string_view text() { return take(number()); }
  template <class T>
  void list(std::vector<T>& values) {
    const size_t count = number();
    if (count > rest.size() / sizeof(T)) {
      good = false;
      return;
    }
    const std::string_view bytes = take(count * sizeof(T));
    values.resize(count);
    if (count > 0) std::memcpy(static_cast<void*>(values.data()), bytes.data(), bytes.size());
  }
};

// Enumerators that exist, so that whoever switches over them is right.
bool has_known_kinds(const FileFacts& facts) {
  for (const Event& event : facts.events)
    if (size_t(event.op) >= op_count) return false;
  for (const Region& region : facts.regions)
    if (size_t(region.kind) >= region_count) return false;
  for (const Scope& scope : facts.scopes)
    if (scope.kind > ScopeKind::comprehension) return false;
  for (const Parameter& parameter : facts.parameters)
    if (parameter.kind > ParameterKind::keywords) return false;
  return facts.language <= Language::cpp;
}

}  // namespace

std::string to_bytes(const FileFacts& facts) {
  Writer to;
  to.out.reserve(256 + facts.events.size() * sizeof(Event) * 2);
  to.number(magic);
  to.number(uint32_t(facts.language));
  to.number(uint32_t(facts.names.size()));
  for (const std::string& name : facts.names) to.text(name);
  to.list(facts.scopes);
  to.list(facts.parameters);
  to.list(facts.regions);
  to.list(facts.events);
  to.list(facts.operands);
  to.list(facts.comments);
  to.number(uint32_t(facts.problems.size()));
  for (const Problem& problem : facts.problems) {
    to.number(problem.span.begin);
    to.number(problem.span.end);
    to.text(problem.message);
  }
  return std::move(to.out);
}

std::expected<FileFacts, std::string> from_bytes(std::string_view bytes) {
  Reader from{bytes};
  FileFacts facts;
  if (from.number() != magic) return std::unexpected("not facts, or of another version");
  facts.language = Language(from.number());
  facts.names.clear();
  for (uint32_t left = from.number(); left > 0 && from.good; --left) facts.names.emplace_back(from.text());
  from.list(facts.scopes);
  from.list(facts.parameters);
  from.list(facts.regions);
  from.list(facts.events);
  from.list(facts.operands);
  from.list(facts.comments);
  for (uint32_t left = from.number(); left > 0 && from.good; --left) {
    Problem problem;
    problem.span.begin = from.number();
    problem.span.end = from.number();
    problem.message = from.text();
    facts.problems.push_back(std::move(problem));
  }
  if (!from.good || !from.rest.empty()) return std::unexpected("the facts are cut off");
  if (!has_known_kinds(facts)) return std::unexpected("the facts hold something unknown");
  if (std::string fault = fault_in(facts); !fault.empty()) return std::unexpected(std::move(fault));
  return facts;
}

}  // namespace forklint::facts
