// By what else than the result of a fork its processes may know themselves: flags, parameters, arms of failure.
#include <algorithm>

#include "analyzer/model/native/forks.h"

namespace forklint::model::native {

using facts::Event;

bool Forks::is_identity(FunctionId function, EventId value) const {
  const Call* call = value != none && program_.event(function, value).op == Op::call ? program_.call_at(function, value) : nullptr;
  return call && call->api && call->targets.empty() && !call->api->identity.empty();
}

// The global variable or field that an event sets to what says "I am the child": a number other than 0, its own process id, a bit.
std::string_view Forks::flag_set(FunctionId function, EventId at) const {
  const Event& event = program_.event(function, at);
  if (bits_set(function, at) != 0) return program_.name_of(function, at);
  if (event.op != Op::set_attribute && (event.op != Op::bind || program_.object(function, at).local)) return {};
  EventId value = program_.operand(function, at, event.op == Op::bind ? 0 : 1);
  if (value == none) return {};
  return is_identity(function, value) || program_.constant(function, value).value_or(0) != 0 ? program_.name_of(function, at) : std::string_view();
}

// The bits that an event sets beside others in a global variable or field: flags |= CHILD. 0 where it does something else; ++ counts.
int64_t Forks::bits_set(FunctionId function, EventId at) const {
  const Event& event = program_.event(function, at);
  if (event.op != Op::augment_attribute && (event.op != Op::augment || program_.object(function, at).local)) return 0;
  const EventId value = program_.operand(function, at, event.op == Op::augment ? 0 : 1);
  const int64_t bits = value == none ? 0 : program_.constant(function, value).value_or(0);
  const bool counts = bits == 1 && program_.event(function, value).span.end - program_.event(function, value).span.begin == 2;
  return counts ? 0 : bits;
}

// Whether other functions read what an event has set; of bits, whether some function asks for them.
bool Forks::noted_for_others(FunctionId function, std::string_view flag, EventId set) const {
  const int64_t bits = bits_set(function, set);
  return bits ? asks_bits(flag, bits) : read_elsewhere(function, flag);
}

bool Forks::asks_bits(std::string_view name, int64_t bits) const {
  auto asks = [&](FunctionId id, EventId at) {
    if (program_.event(id, at).op != Op::binary || program_.name_of(id, at) != "&") return false;
    for (uint32_t i = 0; i < 2; ++i) {
      const EventId variable = program_.operand(id, at, i), mask = program_.operand(id, at, 1 - i);
      const Op op = program_.event(id, variable).op;
      if ((op == Op::read || op == Op::attribute) && program_.name_of(id, variable) == name && (program_.constant(id, mask).value_or(0) & bits)) return true;
    }
    return false;
  };
  for (FunctionId id = 0; id < program_.functions().size(); ++id) {
    const facts::Range events = program_.facts(id).scopes[program_.function(id).scope].events;
    for (EventId at = events.begin; at < events.end; ++at)
      if (asks(id, at)) return true;
  }
  return false;
}

// Whether an event sets what a parameter points to: *place = value.
bool Forks::gives_through_parameter(FunctionId function, EventId at) const {
  if (program_.event(function, at).op != Op::set_subscript) return false;
  const Event& to = program_.event(function, program_.operand(function, at, 0));
  const FileFacts& facts = program_.facts(function);
  const facts::Range parameters = facts.scopes[program_.function(function).scope].parameters;
  return to.op == Op::read && std::any_of(facts.parameters.begin() + parameters.begin, facts.parameters.begin() + parameters.end, [&](const facts::Parameter& it) { return it.name == to.name; });
}

// Whether a return gives the callers the very variable that has the result of a fork: they are to tell the processes apart.
bool Forks::hands_on(FunctionId function, EventId fork, EventId at) const {
  const EventId value = program_.event(function, at).operands_count ? program_.operand(function, at, 0) : none;
  if (value == none || program_.event(function, value).op != Op::read) return false;
  const std::string given = program_.object(function, value).key;
  const facts::Range events = program_.facts(function).scopes[program_.function(function).scope].events;
  for (EventId bound = fork + 1; bound < events.end && bound < fork + 3; ++bound)
    if (program_.event(function, bound).op == Op::bind && program_.operand(function, bound, 0) == fork) return program_.object(function, bound).key == given;
  return false;
}

// Whether an event stands in an arm of a test for a negative number: something has failed.
bool Forks::in_failure_arm(FunctionId function, EventId at) const {
  const FileFacts& facts = program_.facts(function);
  for (facts::RegionId region = facts.events[at].region; region != none; region = facts.regions[region].parent) {
    EventId asked = facts.regions[region].kind == facts::RegionKind::then_arm ? facts.regions[region].subject : none;
    for (bool again = true; asked != none && again;) {  // !!(x < 0)
      const EventId inner = facts.events[asked].op == Op::unary && facts.name(facts.events[asked].name) == "not" ? program_.operand(function, asked, 0) : none;
      again = inner != none && facts.events[inner].op == Op::unary;
      if (again) asked = program_.operand(function, inner, 0);
    }
    if (asked == none || facts.events[asked].op != Op::compare) continue;
    const std::string_view op = facts.name(facts.events[asked].name);
    const std::optional<int64_t> number = program_.constant(function, program_.operand(function, asked, 1));
    if ((op == "<" && number == 0) || (op == "==" && number == -1)) return true;
  }
  return false;
}

// The variables and fields that conditions of a function read.
std::set<EventId> Forks::read_by_conditions(FunctionId function) const {
  const FileFacts& facts = program_.facts(function);
  const facts::Scope& scope = facts.scopes[program_.function(function).scope];
  std::set<EventId> reads;
  std::vector<EventId> open;
  for (facts::RegionId region = scope.regions.begin; region < scope.regions.end; ++region)
    if (facts.regions[region].subject != none) open.push_back(facts.regions[region].subject);
  std::set<EventId> seen;
  while (!open.empty()) {
    EventId at = open.back();
    open.pop_back();
    if (at < scope.events.begin || at >= scope.events.end || !seen.insert(at).second) continue;
    const Event& event = facts.events[at];
    if (event.op == Op::read || event.op == Op::attribute) reads.insert(at);
    for (uint32_t i = 0; i < event.operands_count; ++i) open.push_back(program_.operand(function, at, i));
  }
  return reads;
}

bool Forks::read_elsewhere(FunctionId function, std::string_view name) const {
  for (FunctionId id = 0; id < program_.functions().size(); ++id) {
    if (id == function) continue;
    const FileFacts& facts = program_.facts(id);
    const facts::Range events = facts.scopes[program_.function(id).scope].events;
    for (EventId at = events.begin; at < events.end; ++at)
      if ((facts.events[at].op == Op::read || facts.events[at].op == Op::attribute) && facts.name(facts.events[at].name) == name) return true;
  }
  return false;
}

}  // namespace forklint::model::native
