#include "analyzer/facts/builder.h"

namespace forklint::facts {

Builder::Builder(Language language) {
  facts_.language = language;
  grow();
}

// Where the id of a name is, or would be.
size_t Builder::slot_of(std::string_view text) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = std::hash<std::string_view>()(text) & mask;
  while (slots_[slot] != none && facts_.names[slots_[slot]] != text) slot = (slot + 1) & mask;
  return slot;
}

void Builder::grow() {
  slots_.assign(slots_.empty() ? 64 : slots_.size() * 2, none);
  for (NameId id = 0; id < facts_.names.size(); ++id) slots_[slot_of(facts_.names[id])] = id;
}

NameId Builder::name(std::string_view text) {
  const size_t slot = slot_of(text);
  if (slots_[slot] != none) return slots_[slot];
  const NameId id = NameId(facts_.names.size());
  slots_[slot] = id;
  facts_.names.emplace_back(text);
  if (facts_.names.size() * 2 > slots_.size()) grow();
  return id;
}

ScopeId Builder::add_scope(ScopeKind kind, ScopeId parent, NameId name, Span span) {
  facts_.scopes.push_back({.kind = kind, .parent = parent, .name = name, .span = span});
  return ScopeId(facts_.scopes.size() - 1);
}

void Builder::set_parameters(ScopeId scope, std::span<const Parameter> parameters) {
  uint32_t begin = uint32_t(facts_.parameters.size());
  facts_.parameters.insert(facts_.parameters.end(), parameters.begin(), parameters.end());
  facts_.scopes[scope].parameters = {begin, uint32_t(facts_.parameters.size())};
}

void Builder::open(ScopeId scope) {
  scope_ = scope;
  region_ = none;
  Scope& it = facts_.scopes[scope];
  it.events = {uint32_t(facts_.events.size()), uint32_t(facts_.events.size())};
  it.regions = {uint32_t(facts_.regions.size()), uint32_t(facts_.regions.size())};
}

void Builder::close() {
  Scope& it = facts_.scopes[scope_];
  it.events.end = uint32_t(facts_.events.size());
  it.regions.end = uint32_t(facts_.regions.size());
  scope_ = none;
}

RegionId Builder::begin(RegionKind kind, EventId subject, uint32_t statement) {
  uint32_t at = uint32_t(facts_.events.size());
  facts_.regions.push_back({kind, region_, subject, statement, {at, at}});
  return region_ = RegionId(facts_.regions.size() - 1);
}

void Builder::end() {
  Region& it = facts_.regions[region_];
  it.events.end = uint32_t(facts_.events.size());
  region_ = it.parent;
}

EventId Builder::emit(Op op, Span span, NameId name, std::initializer_list<EventId> operands, uint32_t extra) {
  uint32_t begin = uint32_t(facts_.operands.size());
  for (EventId id : operands) facts_.operands.push_back({id, name_positional});
  facts_.events.push_back({op, 0, name, begin, uint32_t(operands.size()), extra, region_, span});
  return EventId(facts_.events.size() - 1);
}

EventId Builder::emit(Op op, Span span, NameId name, std::span<const Operand> operands, uint32_t extra) {
  uint32_t begin = uint32_t(facts_.operands.size());
  facts_.operands.insert(facts_.operands.end(), operands.begin(), operands.end());
  facts_.events.push_back({op, 0, name, begin, uint32_t(operands.size()), extra, region_, span});
  return EventId(facts_.events.size() - 1);
}

}  // namespace forklint::facts
