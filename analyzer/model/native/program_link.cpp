// Which functions each call may run.
#include <algorithm>
#include <iterator>

#include "analyzer/model/native/program.h"

namespace forklint::model::native {

using facts::Event;
using facts::Scope;

namespace {

constexpr int nobody = 0;  // is asked what a parameter or field is before calls are linked

}  // namespace

void Program::link() {
  for (FunctionId id = 0; id < functions_.size(); ++id) link_calls(id);
  called_parameters_.resize(functions_.size());
  for (FunctionId id = 0; id < functions_.size(); ++id) find_called_parameters(id);
  for (FunctionId id = 0; id < functions_.size(); ++id) hand_on(id);
  link_callers();
  for (FunctionId id = 0; id < functions_.size(); ++id) call_kept(id);
  for (FunctionId id = 0; id < functions_.size(); ++id) give_parameters(id);
  link_callers();
}

void Program::link_callers() {
  callers_.assign(functions_.size(), {});
  for (FunctionId id = 0; id < functions_.size(); ++id)
    for (uint32_t call = 0; call < functions_[id].calls.size(); ++call)
      for (FunctionId target : functions_[id].calls[call].targets) callers_[target].push_back({id, call});
}

// A function that forks, and calls a parameter: what its child runs is what callers give. Elsewhere callers are said to call what they
// hand on, which tells them apart.
void Program::give_parameters(FunctionId id) {
  const bool forks = std::ranges::any_of(functions_[id].calls, [](const Call& call) { return call.api && call.targets.empty() && call.api->forks != knowledge::Forks::none && call.api->forks != knowledge::Forks::spawn; });
  if (!forks) return;
  for (Call& call : functions_[id].calls) {
    if (!call.symbol.empty() || !call.targets.empty()) continue;
    call.targets = function_values(id, operand(id, call.event, 0));
    call.sure = call.targets.size() == 1 && callers_[id].size() == 1;
  }
}

void Program::link_calls(FunctionId id) {
  Function& function = functions_[id];
  const FileFacts& facts = *units_[function.unit].facts;
  const Scope& scope = facts.scopes[function.scope];
  std::unordered_set<EventId> callee;
  for (EventId at = scope.events.begin; at < scope.events.end; ++at)
    if (facts.events[at].op == Op::call && facts.events[at].operands_count) callee.insert(facts.operands_of(facts.events[at])[0].value);
  for (EventId at = scope.events.begin; at < scope.events.end; ++at) {
    const Event& event = facts.events[at];
    if ((event.op == Op::read || event.op == Op::lambda) && !callee.contains(at))
      for (FunctionId target : function_values(id, at, nobody)) function.mentioned.push_back(target);
    if (event.op != Op::call || event.operands_count == 0) continue;
    EventId what = facts.operands_of(event)[0].value;
    const Event& named = facts.events[what];
    Call call{.event = at};
    bool variable = named.op == Op::read && owner_of(function.unit, function.scope, named.name) != none;
    if (variable) {
      call.targets = function_values(id, what, nobody);
      call.sure = call.targets.size() == 1;
    } else if (named.op == Op::read || named.op == Op::attribute) {
      std::string_view symbol = facts.name(named.name);
      call.symbol = without_parameters(symbol);
      // In C a structure may have the name of a function.
      if (facts.language != facts::Language::c || !makes_structure(id, at)) call.targets = resolve(id, symbol, at, call);
      if (call.targets.empty()) call.api = natives_.find(call.symbol);
      if (const NativeApi* made = named.op == Op::attribute && call.targets.empty() ? emplaced(id, what) : nullptr) call.api = made;
      if (call.targets.empty() && named.op == Op::attribute && last_name(symbol) == "operator()") call.targets = function_values(id, operand(id, what, 0), nobody);
    } else if (named.op == Op::lambda) {
      call.targets = function_values(id, what, nobody);
    }
    if (ends_when_told(id, call)) call.targets.clear(), call.api = natives_.find("exit");
    function.calls.push_back(std::move(call));
  }
}

// The row of what a container makes an element of, where its elements are things that start something: threads.emplace_back(run).
const NativeApi* Program::emplaced(FunctionId id, EventId callee) const {
  const std::string_view name = without_parameters(name_of(id, callee));
  const size_t colons = name.rfind("::");
  const NativeApi* container = colons == name.npos ? nullptr : natives_.find(name.substr(0, colons));
  if (!container || std::ranges::find(container->emplaces, name.substr(colons + 2)) == container->emplaces.end()) return nullptr;
  const Object object = this->object(id, operand(id, callee, 0));
  std::string_view element;
  if (const EventId receiver = operand(id, callee, 0); object.local && event(id, receiver).op == Op::read) {
    const NameId local = event(id, receiver).name;
    auto known = local_elements_[functions_[id].unit].find(local_key(owner_of(functions_[id].unit, functions_[id].scope, local), local));
    if (known != local_elements_[functions_[id].unit].end()) element = known->second;
  } else if (auto known = elements_.find(object.key); known != elements_.end()) {
    element = known->second;
  }
  const NativeApi* row = element.empty() ? nullptr : natives_.find(element);
  return row && row->starts_thread ? row : nullptr;
}

// Whether a call ends the program because of a number that it is given: error(1, …). A body that is here has to name exit(), too.
bool Program::ends_when_told(FunctionId id, const Call& call) const {
  const NativeApi* known = row(call);
  if (!known || !known->ends_unless_zero) return false;
  const EventId given = argument(id, call.event, *known->ends_unless_zero);
  if (given == none || constant(id, given).value_or(0) == 0) return false;
  return std::ranges::all_of(call.targets, [&](FunctionId target) {
    std::vector<FunctionId> open{target};  // and what it calls at once
    for (size_t i = 0; i < open.size(); ++i) {
      const facts::Range events = facts(open[i]).scopes[functions_[open[i]].scope].events;
      for (EventId at = events.begin; at < events.end; ++at) {
        if (facts(open[i]).events[at].op != Op::read) continue;
        const std::string_view name = facts(open[i]).name(facts(open[i]).events[at].name);
        if (const NativeApi* row = natives_.find(name); row && row->leaves == knowledge::Leaves::cleanup) return true;
        if (i == 0 && open.size() < 16)
          for (FunctionId next : defined(name)) open.push_back(next);
      }
    }
    return false;
  });
}

// Whether what looks like a call is the initialiser of a structure: it names fields, or is empty where a function would want arguments.
bool Program::makes_structure(FunctionId id, EventId call) const {
  const Event& event = this->event(id, call);
  for (uint32_t i = 1; i < event.operands_count; ++i)
    if (facts(id).operands_of(event)[i].keyword != facts::name_positional) return true;
  const std::vector<FunctionId>& functions = defined(name_of(id, operand(id, call, 0)));
  return event.operands_count == 1 && !functions.empty() && facts(functions.front()).scopes[functions_[functions.front()].scope].parameters.size() > 0;
}

// Its parameters that it calls.
void Program::find_called_parameters(FunctionId id) {
  const Scope& scope = facts(id).scopes[functions_[id].scope];
  std::vector<uint32_t>& called = called_parameters_[id];
  for (const Call& call : functions_[id].calls) {
    if (!call.symbol.empty() || !call.targets.empty()) continue;
    const Event& pointer = event(id, operand(id, call.event, 0));
    if (pointer.op != Op::read) continue;
    for (uint32_t p = scope.parameters.begin; p < scope.parameters.end; ++p)
      if (facts(id).parameters[p].name == pointer.name && std::find(called.begin(), called.end(), p - scope.parameters.begin) == called.end()) called.push_back(p - scope.parameters.begin);
  }
}

// Functions given to something that calls them: as a knowledge row says, or as the body of a function of ours shows.
void Program::hand_on(FunctionId id) {
  std::vector<Call> more;
  for (const Call& call : functions_[id].calls) {
    auto add = [&](EventId given) {
      std::vector<FunctionId> targets = given == none ? std::vector<FunctionId>{} : function_values(id, given, nobody);
      if (!targets.empty()) more.push_back({.event = call.event, .targets = std::move(targets), .sure = false});
    };
    if (call.api && call.api->calls) {
      const Event& event = this->event(id, call.event);
      int first = call.api->calls->position;
      for (int i = first; i >= 0 && uint32_t(i) + 1 < event.operands_count && (i == first || call.api->calls->rest); ++i) add(operand(id, call.event, uint32_t(i) + 1));
    }
    for (FunctionId target : call.targets)
      for (uint32_t parameter : called_parameters_[target]) add(operand(id, call.event, parameter + 1));
  }
  if (more.empty()) return;
  std::vector<Call> all;
  std::merge(std::make_move_iterator(functions_[id].calls.begin()), std::make_move_iterator(functions_[id].calls.end()), std::make_move_iterator(more.begin()),
             std::make_move_iterator(more.end()), std::back_inserter(all), [](const Call& a, const Call& b) { return a.event < b.event; });
  functions_[id].calls = std::move(all);
}

}  // namespace forklint::model::native
