// What expressions are: constants, variables and fields, functions, types.
#include <algorithm>
#include <charconv>

#include "analyzer/model/native/program.h"

namespace forklint::model::native {

using facts::Event;
using facts::ScopeKind;

namespace {

constexpr size_t most_values = 16;  // functions that a parameter may be; of more nothing is known

}  // namespace

EventId Program::operand(FunctionId id, EventId event, uint32_t i) const {
  const Event& it = this->event(id, event);
  return i < it.operands_count ? facts(id).operands_of(it)[i].value : none;
}

EventId Program::receiver(FunctionId id, EventId call) const {
  EventId callee = operand(id, call, 0);
  return callee != none && event(id, callee).op == Op::attribute ? operand(id, callee, 0) : none;
}

EventId Program::argument(FunctionId id, EventId call, const knowledge::Argument& wanted) const {
  const Event& it = event(id, call);
  for (uint32_t i = 1; i < it.operands_count && wanted.keyword.starts_with('<'); ++i)
    if (facts(id).name(facts(id).operands_of(it)[i].keyword) == wanted.keyword) return facts(id).operands_of(it)[i].value;
  if (wanted.position < 0) return none;
  uint32_t at = 0;
  for (uint32_t i = 1; i < it.operands_count; ++i) {
    if (facts(id).operands_of(it)[i].keyword != facts::name_positional) continue;  // a template argument
    if (at++ == uint32_t(wanted.position)) return facts(id).operands_of(it)[i].value;
  }
  return none;
}

EventId Program::subject(FunctionId id, EventId call, const NativeApi& api, const knowledge::Argument& wanted) const {
  return api.receiver ? receiver(id, call) : argument(id, call, wanted);
}

std::optional<int64_t> Program::constant(FunctionId id, EventId event) const {
  if (event == none || this->event(id, event).op != Op::number) return std::nullopt;
  std::string_view text = name_of(id, event);
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The scope that declares a name as seen from `scope`; none: it is no local variable.
ScopeId Program::owner_of(uint32_t unit, ScopeId scope, NameId name) const {
  const FileFacts& facts = *units_[unit].facts;
  while (scope != none) {
    if (declared_[unit].contains(local_key(scope, name))) return scope;
    if (facts.scopes[scope].kind != ScopeKind::lambda) return none;
    scope = facts.scopes[scope].parent;
  }
  return none;
}

Object Program::object(FunctionId id, EventId event) const {
  for (int depth = 0; event != none && depth < 16; ++depth) {
    const Event& it = this->event(id, event);
    std::string_view name = facts(id).name(it.name);
    switch (it.op) {
      case Op::unary:
        if (name != "&" && name != "*") return {};
        event = operand(id, event, 0);
        continue;
      case Op::subscript: event = operand(id, event, 0); continue;
      case Op::bind:
      case Op::augment:
      case Op::read: {
        ScopeId owner = owner_of(functions_[id].unit, functions_[id].scope, it.name);
        if (owner == none) return {.key = std::string(name), .name = name};
        return {.key = std::to_string(functions_[id].unit) + ":" + std::to_string(owner) + " " + std::string(name), .name = name, .local = true};
      }
      case Op::attribute: return {.key = std::string(name), .name = name};
      case Op::call: {  // a conversion or operator that gives the object back: *ptr, ptr->
        std::string_view called = last_name(operand(id, event, 0) == none ? std::string_view() : name_of(id, operand(id, event, 0)));
        if (called != "operator->" && called != "operator*" && called != "get" && called != "native_handle") return {};
        event = receiver(id, event);
        continue;
      }
      default: return {};
    }
  }
  return {};
}

// What a call makes a pointer to a function of: a lambda, by its conversion operator. none: it does something else.
EventId Program::converted(FunctionId id, EventId call) const {
  const EventId callee = operand(id, call, 0);
  const bool converts = callee != none && event(id, callee).op == Op::attribute && name_of(id, callee).find("::operator ") != std::string_view::npos && name_of(id, callee).find("(*)") != std::string_view::npos;
  return converts ? operand(id, callee, 0) : none;
}

std::vector<FunctionId> Program::function_values(FunctionId id, EventId event, int callers) const {
  uint32_t unit = functions_[id].unit;
  for (int depth = 0; event != none && depth < 8; ++depth) {
    const Event& it = this->event(id, event);
    if (it.op == Op::lambda) {
      auto scope = by_scope_[unit].find(it.extra);
      return scope == by_scope_[unit].end() ? std::vector<FunctionId>{} : std::vector{scope->second};
    }
    if (it.op == Op::unary || it.op == Op::bind || it.op == Op::subscript) {
      event = operand(id, event, 0);
      continue;
    }
    if (it.op == Op::call) {
      event = converted(id, event);
      continue;
    }
    if (it.op == Op::attribute && name_of(id, event).ends_with(')')) return pick(name_of(id, event), unit);
    if (it.op == Op::attribute) return kept_functions(id, name_of(id, event), true, callers);
    if (it.op != Op::read) return {};
    ScopeId owner = owner_of(unit, functions_[id].scope, it.name);
    if (owner == none) {
      const std::string_view name = facts(id).name(it.name);
      std::vector<FunctionId> named = pick(name, unit);
      return named.empty() ? kept_functions(id, name, false, callers) : named;
    }
    auto bound = bound_[unit].find(local_key(owner, it.name));
    if (bound == bound_[unit].end()) return given_by_callers(id, it.name, callers);
    if (bound->second.again) return {};
    event = bound->second.event;
  }
  return {};
}

// The functions that callers are seen to give for a parameter, one that is never set; a caller may give others that are not seen.
std::vector<FunctionId> Program::given_by_callers(FunctionId id, NameId name, int callers) const {
  const std::optional<Local> parameter = callers > 0 ? local(id, name) : std::nullopt;
  if (!parameter || parameter->parameter == none || parameter->function >= callers_.size()) return {};
  std::vector<FunctionId> all;
  for (const Caller& caller : callers_[parameter->function]) {
    const Call& call = functions_[caller.function].calls[caller.call];
    if (!call.sure) continue;
    const EventId given = argument(caller.function, call.event, {.position = int(parameter->parameter)});
    if (given == none) continue;
    for (FunctionId value : function_values(caller.function, given, callers - 1))
      if (std::ranges::find(all, value) == all.end()) all.push_back(value);
    if (all.size() > most_values) return {};
  }
  return all;
}

std::string_view Program::type_event(uint32_t unit, EventId type) const {
  const FileFacts& facts = *units_[unit].facts;
  for (int depth = 0; type != none && depth < 8; ++depth) {
    const Event& it = facts.events[type];
    if (it.op == Op::read) return facts.name(it.name);
    if (it.operands_count == 0) return {};
    type = facts.operands_of(it)[0].value;
  }
  return {};
}

std::optional<Program::Local> Program::local(FunctionId id, NameId name) const {
  const uint32_t unit = functions_[id].unit;
  const ScopeId owner = owner_of(unit, functions_[id].scope, name);
  auto function = by_scope_[unit].find(owner);
  if (owner == none || function == by_scope_[unit].end()) return std::nullopt;
  Local result{.function = function->second};
  const facts::Range parameters = units_[unit].facts->scopes[owner].parameters;
  for (uint32_t p = parameters.begin; p < parameters.end; ++p)
    if (units_[unit].facts->parameters[p].name == name) result.parameter = p - parameters.begin;
  if (auto bound = bound_[unit].find(local_key(owner, name)); bound != bound_[unit].end()) {
    const EventId type = declared_[unit].at(local_key(owner, name));
    const bool reference = type != none && units_[unit].facts->events[type].op == Op::unary && units_[unit].facts->name(units_[unit].facts->events[type].name) == "&";
    result.initialised = bound->second.event;
    if (reference || !bound->second.again) result.value = operand(result.function, bound->second.event, 0);
  }
  return result;
}

std::optional<std::string> Program::indirection(FunctionId id, EventId event) const {
  const uint32_t unit = functions_[id].unit;
  size_t inside = 0;  // elements and what is pointed to
  for (; event != none; ++inside, event = operand(id, event, 0))
    if (const Event& it = this->event(id, event); it.op != Op::subscript && (it.op != Op::unary || facts(id).name(it.name) != "*")) break;
  if (event == none) return std::nullopt;
  const Event& it = this->event(id, event);
  const bool variable = it.op == Op::read || it.op == Op::bind || it.op == Op::augment;
  if (!variable && it.op != Op::attribute && it.op != Op::set_attribute && it.op != Op::augment_attribute) return std::nullopt;
  const FileFacts* file = units_[unit].facts;
  EventId type = none;
  if (const ScopeId owner = variable ? owner_of(unit, functions_[id].scope, it.name) : none; owner != none) {
    type = declared_[unit].at(local_key(owner, it.name));
  } else if (auto global = globals_.find(facts(id).name(it.name)); global != globals_.end()) {
    file = units_[global->second.first].facts;
    type = global->second.second;
  }
  if (type == none) return std::nullopt;
  std::string result;
  for (; type != none && file->events[type].op == Op::unary && file->events[type].operands_count; type = file->operands_of(file->events[type])[0].value) result += file->name(file->events[type].name).substr(0, 1);
  if (inside == 0) return result;
  if (result.starts_with('&')) result.erase(0, 1);
  return result.size() < inside ? std::nullopt : std::optional(result.substr(inside));
}

FunctionId Program::maker(FunctionId lambda) const {
  if (!functions_[lambda].has(function_lambda)) return none;
  auto found = by_scope_[functions_[lambda].unit].find(facts(lambda).scopes[functions_[lambda].scope].parent);
  return found == by_scope_[functions_[lambda].unit].end() ? none : found->second;
}

EventId Program::captured(FunctionId lambda, NameId name) const {
  const EventId made = facts(lambda).scopes[functions_[lambda].scope].definition;
  if (!functions_[lambda].has(function_lambda) || made == none) return none;
  const Event& event = facts(lambda).events[made];
  for (uint32_t i = 0; i < event.operands_count; ++i)
    if (facts(lambda).operands_of(event)[i].keyword == name) return facts(lambda).operands_of(event)[i].value;
  return none;
}

std::optional<uint32_t> Program::unit_of_global(std::string_view symbol) const {
  auto global = globals_.find(symbol);
  return global == globals_.end() || defined_again_.contains(symbol) ? std::nullopt : std::optional(global->second.first);
}

std::string_view Program::type_of(FunctionId id, EventId event) const {
  uint32_t unit = functions_[id].unit;
  for (int depth = 0; event != none && depth < 16; ++depth) {
    const Event& it = this->event(id, event);
    if (it.op == Op::unary || it.op == Op::subscript) {
      event = operand(id, event, 0);
      continue;
    }
    if (it.op != Op::read && it.op != Op::attribute && it.op != Op::bind && it.op != Op::declare) return {};
    if (it.op != Op::attribute)
      if (ScopeId owner = owner_of(unit, functions_[id].scope, it.name); owner != none) return type_event(unit, declared_[unit].at(local_key(owner, it.name)));
    auto global = globals_.find(facts(id).name(it.name));
    return global == globals_.end() ? std::string_view() : type_event(global->second.first, global->second.second);
  }
  return {};
}

}  // namespace forklint::model::native
