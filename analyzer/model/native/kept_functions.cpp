// Functions that are kept: in fields of structures, in global variables, in tables. What a call through one of them may run is what the
// program is seen to put there, where all of it is understood; a pointer that something unknown may have set stands for nothing.
#include <algorithm>

#include "analyzer/model/native/program.h"

namespace forklint::model::native {

using facts::Event;

namespace {

constexpr size_t most_kept = 8;  // functions that a pointer may stand for; a table of more is a choice that nobody follows

// The name of a structure's field, as facts have it.
std::string field_of(std::string_view structure, std::string_view field) { return structure == "(anonymous)" ? std::string(field) : std::string(structure) + "::" + std::string(field); }

}  // namespace

// What a field or global variable is known by. Fields of a structure without a name are told by their file.
std::string Program::kept_key(FunctionId id, std::string_view name, bool field) const {
  return field && name.find("::") == name.npos ? std::to_string(functions_[id].unit) + "." + std::string(name) : std::string(name);
}

// Whether a field or global variable is declared as a pointer to a function.
bool Program::keeps_functions(std::string_view name) const {
  auto known = globals_.find(name);
  return known != globals_.end() && type_event(known->second.first, known->second.second).find('(') != std::string_view::npos;
}

// The fields of a structure that is an element of a table: which of its functions is called, an index says.
void Program::mark_table(FunctionId id, EventId element) {
  const EventId type = element != none && event(id, element).op == Op::call ? operand(id, element, 0) : none;
  if (type == none || event(id, type).op != Op::read) return;
  for (uint32_t i = 1; i < event(id, element).operands_count; ++i) {
    const facts::Operand& given = facts(id).operands_of(event(id, element))[i];
    if (auto known = kept_.find(kept_key(id, field_of(name_of(id, type), facts(id).name(given.keyword)), true)); known != kept_.end()) known->second.table = true;
  }
}

void Program::collect_kept() {
  auto keep = [&](FunctionId id, std::string_view name, bool field, EventId value) {
    if (value != none && keeps_functions(name)) kept_[kept_key(id, name, field)].values.push_back({id, value});
  };
  for (FunctionId id = 0; id < functions_.size(); ++id) {
    const facts::Range events = facts(id).scopes[functions_[id].scope].events;
    for (EventId at = events.begin; at < events.end; ++at) {
      const Event& event = this->event(id, at);
      const std::string_view name = facts(id).name(event.name);
      switch (event.op) {
        case Op::set_attribute: keep(id, name, true, operand(id, at, 1)); break;
        case Op::bind:
          if (owner_of(functions_[id].unit, functions_[id].scope, event.name) == none) keep(id, name, false, operand(id, at, 0));
          break;
        case Op::set_subscript: {
          const EventId table = operand(id, at, 0);
          const Op op = table == none ? Op::number : this->event(id, table).op;
          if (op == Op::attribute || (op == Op::read && !object(id, table).local)) {
            keep(id, name_of(id, table), op == Op::attribute, operand(id, at, 2));
            if (auto known = kept_.find(kept_key(id, name_of(id, table), op == Op::attribute)); known != kept_.end()) known->second.table = true;
          }
          break;
        }
        case Op::call: {  // a structure that is made of its fields
          const EventId type = operand(id, at, 0);
          if (type == none || this->event(id, type).op != Op::read) break;
          for (uint32_t i = 1; i < event.operands_count; ++i) {
            const facts::Operand& given = facts(id).operands_of(event)[i];
            if (given.keyword == facts::name_positional) continue;
            const std::string field = field_of(name_of(id, type), facts(id).name(given.keyword));
            if (keeps_functions(field)) kept_[kept_key(id, field, true)].values.push_back({id, given.value});
          }
          break;
        }
        case Op::list:  // a table of such structures
          for (uint32_t i = 0; i < event.operands_count; ++i) mark_table(id, operand(id, at, i));
          break;
        case Op::unary: {  // its address is given away: who knows
          const EventId inner = name == "&" ? operand(id, at, 0) : none;
          const Op op = inner == none ? Op::number : this->event(id, inner).op;
          if (op == Op::attribute || op == Op::read)
            if (const std::string_view kept = name_of(id, inner); keeps_functions(kept)) kept_[kept_key(id, kept, op == Op::attribute)].open = true;
          break;
        }
        default: break;
      }
    }
  }
}

// The functions that a field or global variable is set to, anywhere; none where some of that is not understood.
std::vector<FunctionId> Program::kept_functions(FunctionId id, std::string_view name, bool field, int callers) const {
  auto known = kept_.find(kept_key(id, name, field));
  if (callers <= 0 || known == kept_.end() || known->second.open) return {};
  std::vector<FunctionId> all;
  std::vector<std::pair<FunctionId, EventId>> open(known->second.values.rbegin(), known->second.values.rend());
  while (!open.empty()) {
    auto [in, value] = open.back();
    open.pop_back();
    const Event& event = this->event(in, value);
    if (event.op == Op::null || constant(in, value) == 0) continue;
    if (event.op == Op::list || event.op == Op::conditional) {
      for (uint32_t i = event.op == Op::conditional; i < event.operands_count; ++i) open.emplace_back(in, operand(in, value, i));
      continue;
    }
    const std::vector<FunctionId> found = function_values(in, value, callers - 1);
    if (found.empty()) return {};
    for (FunctionId function : found)
      if (std::ranges::find(all, function) == all.end()) all.push_back(function);
    if (all.size() > most_kept) return {};
  }
  return all;
}

// Calls through what is kept: hooks->prepare(). Where it may be one of several, or stands in a table, which it is depends on the object and
// the program: that is not followed, and nothing is said of such a call.
void Program::call_kept(FunctionId id) {
  for (Call& call : functions_[id].calls) {
    if (!call.targets.empty() || call.api) continue;
    const EventId callee = operand(id, call.event, 0);
    if (callee == none) continue;
    const Op op = event(id, callee).op;
    const bool field = op == Op::attribute && !name_of(id, callee).ends_with(')');
    if (!field && !(op == Op::read && owner_of(functions_[id].unit, functions_[id].scope, event(id, callee).name) == none)) continue;
    if (auto known = kept_.find(kept_key(id, name_of(id, callee), field)); known == kept_.end() || known->second.table) continue;
    // Where a folder holds many programs, one may set what others do not have.
    std::vector<FunctionId> kept = function_values(id, callee, furthest_callers);
    if (kept.size() == 1 && (named("main").size() <= 1 || functions_[kept.front()].unit == functions_[id].unit)) call.targets = std::move(kept);
  }
}

}  // namespace forklint::model::native
