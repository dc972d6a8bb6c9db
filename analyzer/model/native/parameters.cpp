#include "analyzer/model/native/parameters.h"

#include <algorithm>

namespace forklint::model::native {
namespace {

// The position of the parameter that an expression names; none: it names something else.
uint32_t parameter_of(const Program& program, FunctionId function, EventId event) {
  Object object = event == none ? Object{} : program.object(function, event);
  if (!object.local) return none;
  const facts::Range parameters = program.facts(function).scopes[program.function(function).scope].parameters;
  for (uint32_t p = parameters.begin; p < parameters.end; ++p)
    if (program.facts(function).name(program.facts(function).parameters[p].name) == object.name) return p - parameters.begin;
  return none;
}

}  // namespace

Handed handed_parameters(const Program& program, const std::function<EventId(FunctionId, const Call&)>& argument) {
  Handed handed(program.functions().size());
  std::vector<std::pair<FunctionId, uint32_t>> open;
  auto add = [&](FunctionId function, EventId given) {
    uint32_t parameter = parameter_of(program, function, given);
    if (parameter == none || std::ranges::find(handed[function], parameter) != handed[function].end()) return;
    handed[function].push_back(parameter);
    open.emplace_back(function, parameter);
  };
  for (FunctionId id = 0; id < program.functions().size(); ++id)
    for (const Call& call : program.function(id).calls) add(id, argument(id, call));
  for (size_t i = 0; i < open.size(); ++i) {
    auto [callee, parameter] = open[i];
    for (const Program::Caller& caller : program.callers(callee)) {
      const Call& call = program.function(caller.function).calls[caller.call];
      if (call.sure) add(caller.function, program.argument(caller.function, call.event, {.position = int(parameter)}));
    }
  }
  return handed;
}

std::vector<EventId> handed_by(const Program& program, const Handed& handed, FunctionId function, const Call& call) {
  std::vector<EventId> result;
  if (!call.sure) return result;
  for (FunctionId target : call.targets)
    for (uint32_t parameter : handed[target])
      if (EventId given = program.argument(function, call.event, {.position = int(parameter)}); given != none) result.push_back(given);
  return result;
}

}  // namespace forklint::model::native
