#include "analyzer/model/native/tables.h"

#include <set>

namespace forklint::model::native {
namespace {

constexpr size_t most_visits = 5000;

}  // namespace

Tables::Tables(const Program& program) : program_(program) {
  for (FunctionId id = 0; id < program.functions().size(); ++id) {
    const Function& function = program.function(id);
    const FileFacts& facts = program.facts(id);
    const facts::Range events = facts.scopes[function.scope].events;
    const bool outside = function.has(function_module);
    for (EventId at = events.begin; at < events.end; ++at) {
      const facts::Event& event = facts.events[at];
      const std::string_view name = facts.name(event.name);
      // A function's static variable has its function's name before its own.
      if (event.op == Op::bind && (outside || name.find("::") != name.npos)) values_[name].push_back({id, program.operand(id, at, 0)});
      if (event.op != Op::set_attribute) continue;
      Object object = program.object(id, program.operand(id, at, 0));
      if (!object.empty() && !object.local) values_[object.name].push_back({id, program.operand(id, at, 1)});
    }
  }
}

const std::vector<Place>* Tables::values_of(Place read) const {
  if (program_.event(read.function, read.event).op != Op::read) return nullptr;
  auto it = values_.find(program_.name_of(read.function, read.event));
  return it == values_.end() ? nullptr : &it->second;
}

void Tables::each(Place start, const std::function<void(Place)>& visit) const {
  std::vector<Place> queue{start};
  std::set<std::pair<FunctionId, EventId>> seen;
  while (!queue.empty() && seen.size() < most_visits) {
    Place at = queue.back();
    queue.pop_back();
    if (at.event == none || !seen.insert({at.function, at.event}).second) continue;
    visit(at);
    const facts::Event& event = program_.event(at.function, at.event);
    for (uint32_t i = event.operands_count; i-- > 0;) queue.push_back({at.function, program_.operand(at.function, at.event, i)});
    if (const std::vector<Place>* values = values_of(at)) queue.insert(queue.end(), values->rbegin(), values->rend());
  }
}

EventId Tables::field(Place call, const knowledge::Argument& wanted) const {
  const FileFacts& facts = program_.facts(call.function);
  const facts::Event& event = facts.events[call.event];
  for (uint32_t i = 1; i < event.operands_count && !wanted.keyword.empty(); ++i) {
    const facts::Operand& operand = facts.operands_of(event)[i];
    if (facts.name(operand.keyword) == wanted.keyword) return operand.value;
  }
  return program_.argument(call.function, call.event, wanted);
}

std::string_view Tables::text(Place place) const {
  for (int depth = 0; place.event != none && depth < 4; ++depth) {
    if (program_.event(place.function, place.event).op == Op::string) return program_.name_of(place.function, place.event);
    const std::vector<Place>* values = values_of(place);
    if (!values || values->size() != 1) return {};
    place = values->front();
  }
  return {};
}

const NativeApi* Tables::row(Place place) const {
  if (program_.event(place.function, place.event).op != Op::call) return nullptr;
  const Call* call = program_.call_at(place.function, place.event);
  return call ? program_.row(*call) : nullptr;
}

}  // namespace forklint::model::native
