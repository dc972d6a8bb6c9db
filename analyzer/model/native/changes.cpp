#include "analyzer/model/native/changes.h"

#include <algorithm>
#include <array>

namespace forklint::model::native {
namespace {

using Kind = Origin::Kind;

constexpr size_t most_functions = 2000;

bool assigns(std::string_view method) {
  static constexpr std::array<std::string_view, 13> operators{"operator=", "operator+=", "operator-=", "operator*=", "operator/=", "operator%=", "operator&=", "operator|=", "operator^=", "operator<<=", "operator>>=", "operator++", "operator--"};
  return std::ranges::find(operators, method) != operators.end();
}

// Of what has no body here: those of a library.
bool changes_object(const Program& program, const Call& call) {
  const std::string_view method = last_name(call.symbol);
  if (assigns(method)) return true;
  const NativeApi* type = program.natives().find(class_of(call.symbol));
  return type && std::ranges::find(type->changed_by, method) != type->changed_by.end();
}

// What gives a reference or variable its first value changes nothing.
bool initialises(const Program& program, FunctionId function, EventId event) {
  const std::optional<Program::Local> local = program.local(function, program.event(function, event).name);
  return local && local->function == function && local->parameter == none && local->initialised == event;
}

}  // namespace

Origin changed_by(const Program& program, FunctionId function, EventId event) {
  switch (program.event(function, event).op) {
    case Op::bind:
      if (initialises(program, function, event)) return {};
      [[fallthrough]];
    case Op::augment: case Op::set_attribute: case Op::augment_attribute: case Op::set_subscript: case Op::augment_subscript:
      return origin(program, function, event);
    case Op::unknown:  // an assignment to what a call gives: list[i] = x
      return program.name_of(function, event) == "=" ? origin(program, function, program.operand(function, event, 0)) : Origin{};
    case Op::call: {
      const Call* call = program.call_at(function, event);
      const EventId object = program.receiver(function, event);
      if (!call || object == none || !call->targets.empty() || !changes_object(program, *call)) return {};
      return origin_of_object(program, function, object);
    }
    default: return {};
  }
}

Changes::Changes(const Program& program, const Forks& forks, FunctionId start) : program_(program) {
  for (const Reached::Entry& entry : reach(program, forks, {{start}}, most_functions).entries)
    if (index_.try_emplace(entry.function, uint32_t(functions_.size())).second) functions_.push_back(entry.function);
  found_.resize(functions_.size());
  for (uint32_t i = 0; i < functions_.size(); ++i) find_written(i);
  for (size_t i = 0; i < open_.size(); ++i) hand_up(open_[i].first, open_[i].second);
}

void Changes::find_written(uint32_t index) {
  const FunctionId function = functions_[index];
  const facts::Range events = program_.facts(function).scopes[program_.function(function).scope].events;
  for (EventId at = events.begin; at < events.end; ++at) add(index, {.what = changed_by(program_, function, at), .at = at});
}

// Once for each thing; what is the function's own is nobody else's business.
void Changes::add(uint32_t index, Change change) {
  if (!change.what.known() || (change.what.kind == Kind::variable && change.what.function == functions_[index])) return;
  std::vector<Change>& known = found_[index];
  if (std::ranges::any_of(known, [&](const Change& it) { return it.what == change.what; })) return;
  open_.emplace_back(index, uint32_t(known.size()));
  known.push_back(std::move(change));
}

void Changes::hand_up(uint32_t index, uint32_t change) {
  const FunctionId target = functions_[index];
  for (const Program::Caller& caller : program_.callers(target)) {
    auto at = index_.find(caller.function);
    if (at == index_.end()) continue;
    const Call& call = program_.function(caller.function).calls[caller.call];
    add(at->second, {.what = seen_by_caller(caller.function, call, target, found_[index][change].what), .at = call.event, .next = target, .of_next = change});
  }
}

Origin Changes::seen_by_caller(FunctionId caller, const Call& call, FunctionId target, const Origin& what) const {
  if (what.kind == Kind::parameter && what.function == target) {
    const EventId given = call.sure ? program_.argument(caller, call.event, {.position = int(what.parameter)}) : none;
    return given == none ? Origin{} : origin(program_, caller, given, what.behind);
  }
  if (what.kind != Kind::object || program_.function(target).has(function_lambda)) return what;
  const EventId object = program_.receiver(caller, call.event);
  if (object == none) return {};  // it is being made
  Origin seen = origin_of_object(program_, caller, object);
  if (seen.kind == Kind::object && seen.key.empty()) seen.key = what.key, seen.name = what.name;  // a method of the same object
  return seen;
}

std::vector<Place> Changes::way(const Change& change) const {
  std::vector<Place> result{{functions_[0], change.at}};
  for (const Change* it = &change; it->next != none;) {
    const FunctionId function = it->next;
    it = &found_[index_.at(function)][it->of_next];
    result.push_back({function, it->at});
  }
  return result;
}

}  // namespace forklint::model::native
