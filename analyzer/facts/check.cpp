#include "analyzer/facts/check.h"

namespace forklint::facts {
namespace {

bool opens_scope(Op op) { return op == Op::function || op == Op::lambda || op == Op::class_ || op == Op::comprehension; }

bool within(Range inner, Range outer) { return inner.begin <= inner.end && inner.begin >= outer.begin && inner.end <= outer.end; }

bool no_event(const FileFacts& facts, EventId id) { return id != none && id >= facts.events.size(); }

std::string fault_in_events(const FileFacts& facts) {
  for (const Event& event : facts.events) {
    if (event.name >= facts.names.size()) return "an event has no name";
    if (event.operands_begin > facts.operands.size() || event.operands_count > facts.operands.size() - event.operands_begin) return "an event has operands that are not there";
    if (event.region != none && event.region >= facts.regions.size()) return "an event stands in no region";
    if (opens_scope(event.op) && event.extra >= facts.scopes.size()) return "an event opens a scope that is not there";
  }
  for (const Operand& operand : facts.operands) {
    if (operand.value >= facts.events.size()) return "an operand names no event";
    if (operand.keyword >= facts.names.size()) return "an operand has no name";
  }
  return {};
}

std::string fault_in_regions(const FileFacts& facts, const Scope& scope) {
  uint32_t begin = scope.events.begin;
  for (RegionId id = scope.regions.begin; id < scope.regions.end; ++id) {
    const Region& region = facts.regions[id];
    if (no_event(facts, region.subject)) return "a region's subject names no event";
    const bool outermost = region.parent == none;
    if (!outermost && (region.parent < scope.regions.begin || region.parent >= id)) return "a region's parent is not before it";
    if (!within(region.events, outermost ? scope.events : facts.regions[region.parent].events)) return "a region reaches beyond what is around it";
    if (region.events.begin < begin) return "regions are out of order";
    begin = region.events.begin;
  }
  for (EventId id = scope.events.begin; id < scope.events.end; ++id) {
    const RegionId region = facts.events[id].region;
    if (region == none) continue;
    if (!scope.regions.contains(region) || !facts.regions[region].events.contains(id)) return "an event is outside of its region";
  }
  return {};
}

}  // namespace

std::string fault_in(const FileFacts& facts) {
  if (facts.names.size() < std::size(reserved_names)) return "names are missing";
  for (size_t i = 0; i < std::size(reserved_names); ++i)
    if (facts.names[i] != reserved_names[i]) return "names are missing";
  if (facts.scopes.empty() || facts.scopes[0].kind != ScopeKind::module) return "the first scope must be the module";
  if (std::string fault = fault_in_events(facts); !fault.empty()) return fault;
  const Range parameters{0, uint32_t(facts.parameters.size())}, events{0, uint32_t(facts.events.size())}, regions{0, uint32_t(facts.regions.size())};
  for (const Parameter& parameter : facts.parameters) {
    if (parameter.name >= facts.names.size()) return "a parameter has no name";
    if (no_event(facts, parameter.default_value) || no_event(facts, parameter.annotation)) return "a parameter names no event";
  }
  for (ScopeId id = 0; id < facts.scopes.size(); ++id) {
    const Scope& scope = facts.scopes[id];
    const bool nested = scope.parent < id && scope.definition < facts.events.size();
    if (id == 0 ? scope.parent != none : !nested) return "scope " + std::to_string(id) + " needs a parent before it and the event that defines it";
    if (scope.name >= facts.names.size()) return "a scope has no name";
    if (!within(scope.parameters, parameters) || !within(scope.events, events) || !within(scope.regions, regions)) return "scope " + std::to_string(id) + " holds what is not there";
    if (std::string fault = fault_in_regions(facts, scope); !fault.empty()) return fault;
  }
  return {};
}

}  // namespace forklint::facts
