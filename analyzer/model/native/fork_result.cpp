#include "analyzer/model/native/fork_result.h"

#include <algorithm>
#include <set>

#include "analyzer/model/native/walk.h"

namespace forklint::model::native {
namespace {

using facts::Event;
using Range = ForkResult::Range;

constexpr int most_steps = 200;  // of one question about a value
constexpr int deepest = 40;

bool writes(Op op) { return op == Op::bind || op == Op::set_attribute || op == Op::augment || op == Op::augment_attribute || op == Op::set_subscript; }

Range exactly(int64_t number) { return {true, number, number}; }
Range either() { return {true, 0, 1}; }
Range both(Range a, Range b) { return a.known && b.known ? Range{true, std::min(a.low, b.low), std::max(a.high, b.high)} : Range(); }

int truth_of(Range range) {
  if (!range.known || (range.low <= 0 && range.high >= 0 && range.low != range.high)) return -1;
  return range.low == 0 && range.high == 0 ? 0 : 1;
}

Range compared(std::string_view op, Range a, Range b) {
  if (!a.known || !b.known) return {};
  int equal = a.low == a.high && b.low == b.high && a.low == b.low ? 1 : a.high < b.low || b.high < a.low ? 0 : -1;
  int less = a.high < b.low ? 1 : a.low >= b.high ? 0 : -1;
  int more = a.low > b.high ? 1 : a.high <= b.low ? 0 : -1;
  int truth = op == "==" ? equal : op == "!=" ? (equal < 0 ? -1 : 1 - equal) : op == "<" ? less : op == ">" ? more
            : op == ">=" ? (less < 0 ? -1 : 1 - less) : op == "<=" ? (more < 0 ? -1 : 1 - more) : -1;
  return truth < 0 ? either() : exactly(truth);
}

}  // namespace

ResultReader::ResultReader(const Program& program, FunctionId function, EventId fork, const ForkResult& result) : program_(program), function_(function), fork_(fork), result_(result) {
  const facts::Scope& scope = program.facts(function).scopes[program.function(function).scope];
  for (EventId at = scope.events.begin; at < scope.events.end; ++at)
    if (writes(program.event(function, at).op))
      if (Object target = assigned(at); !target.empty()) writes_[target.key].push_back(at);
  learn_from_regions();
}

ResultReader::Range ResultReader::value(EventId event, int process) const {
  int steps = most_steps;
  return value(event, process, steps, 0);
}

int ResultReader::truth(EventId event, int process) const { return truth_of(value(event, process)); }

Object ResultReader::assigned(EventId at) const {
  const Event& event = program_.event(function_, at);
  if (event.op == Op::set_subscript) return program_.object(function_, program_.operand(function_, at, 0));
  if (event.op == Op::set_attribute || event.op == Op::augment_attribute) return {.key = std::string(program_.name_of(function_, at)), .name = program_.name_of(function_, at)};
  return program_.object(function_, at);
}

// What the conditions around the fork say of local variables that nothing sets, there or later: they hold behind it, too.
void ResultReader::learn_from_regions() {
  const FileFacts& facts = program_.facts(function_);
  for (facts::RegionId region = facts.events[fork_].region; region != none; region = facts.regions[region].parent) {
    const facts::Region& it = facts.regions[region];
    if (it.kind == facts::RegionKind::then_arm) learn(it.subject, true);
    else if (it.kind == facts::RegionKind::else_arm) learn(it.subject, false);
  }
  const facts::Range events = facts.scopes[program_.function(function_).scope].events;
  for (EventId at = fork_ + 1; at < events.end; ++at)  // asked && fork()
    if (facts.events[at].op == Op::boolean_operation)
      for (uint32_t i = 1; i < facts.events[at].operands_count; ++i)
        if (fork_ > program_.operand(function_, at, i - 1) && fork_ <= program_.operand(function_, at, i)) learn(program_.operand(function_, at, i - 1), facts.name(facts.events[at].name) == "and");
  if (known_.empty()) return;
  const facts::Scope& scope = facts.scopes[program_.function(function_).scope];
  for (EventId at = scope.events.begin; at < scope.events.end; ++at)  // its address is given away: who knows
    if (facts.events[at].op == Op::unary && facts.name(facts.events[at].name) == "&") known_.erase(program_.object(function_, at).key);
}

void ResultReader::learn(EventId condition, bool truth) {
  std::vector<std::pair<EventId, bool>> open{{condition, truth}};
  for (int steps = 0; !open.empty() && steps < most_steps; ++steps) {
    auto [at, holds] = open.back();
    open.pop_back();
    if (at == none) continue;
    const Event& event = program_.event(function_, at);
    std::string_view name = program_.name_of(function_, at);
    if (event.op == Op::unary && (name == "not" || name == "!")) open.emplace_back(program_.operand(function_, at, 0), !holds);
    if (event.op == Op::boolean_operation && holds == (name == "and"))
      for (uint32_t i = 0; i < event.operands_count; ++i) open.emplace_back(program_.operand(function_, at, i), holds);
    if (event.op == Op::read) {
      if (Object object = program_.object(function_, at); object.local && !writes_.contains(object.key)) known_.emplace(object.key, holds);
    } else if (const std::string text = asked(at); !text.empty()) {
      asked_.emplace(text, holds);
    }
  }
}

// What a condition asks of a field, in one wording: options[0] & 32. Empty where it asks more, or the function sets some of it.
std::string ResultReader::asked(EventId condition) const {
  std::string text;
  std::vector<EventId> open{condition};
  bool field = false;
  for (int steps = 0; !open.empty(); ++steps) {
    const EventId at = open.back();
    open.pop_back();
    if (at == none || steps == deepest) return {};
    const Event& event = program_.event(function_, at);
    const bool variable = event.op == Op::read || event.op == Op::attribute;
    if (!variable && event.op != Op::subscript && event.op != Op::binary && event.op != Op::number && event.op != Op::unary) return {};
    if (variable && (program_.object(function_, at).empty() || writes_.contains(program_.object(function_, at).key))) return {};
    field |= event.op == Op::attribute;
    text += std::to_string(int(event.op)) + ' ' + std::string(program_.name_of(function_, at)) + ';';
    for (uint32_t i = 0; i < event.operands_count; ++i) open.push_back(program_.operand(function_, at, i));
  }
  return field ? text : std::string();
}

// What ++ or -- adds: a number that stands where the operator does. Of other operators the facts say the right side alone.
std::optional<int64_t> ResultReader::counted(EventId augment) const {
  const Event& number = program_.event(function_, program_.operand(function_, augment, 0));
  if (number.op != Op::number || number.span.end - number.span.begin != 2) return std::nullopt;
  const std::optional<int64_t> step = program_.constant(function_, program_.operand(function_, augment, 0));
  return step == 1 || step == -1 ? step : std::nullopt;
}

void ResultReader::reached(EventId event, unsigned processes) {
  if (writes(program_.event(function_, event).op) || event == fork_) reached_[event] |= processes;
}

EventId ResultReader::last_write(EventId reader, int process) const {
  Object object = program_.object(function_, reader);
  auto it = object.empty() ? writes_.end() : writes_.find(object.key);
  if (it == writes_.end()) return none;
  auto after = std::lower_bound(it->second.begin(), it->second.end(), reader);
  auto others = [&](EventId write) {
    auto known = reached_.find(write);
    return !reached_.empty() && write > fork_ && (known == reached_.end() || !(known->second & 1u << process));
  };
  auto before = after;
  while (before != it->second.begin() && others(*(before - 1))) --before;
  if (before == it->second.begin()) return none;
  EventId last = *(before - 1);
  // In a loop that began after it, what is written further down comes around.
  const FileFacts& facts = program_.facts(function_);
  for (facts::RegionId region = facts.events[reader].region; region != none; region = facts.regions[region].parent) {
    if (facts.regions[region].events.begin <= last) break;
    if (facts.regions[region].kind == facts::RegionKind::loop && after != it->second.end() && *after < facts.regions[region].events.end) return none;
  }
  return last;
}

// The operands before the one that forks were true, or false in an `or`: else there would be no process. A parent that comes around
// again in a loop may be there for the last time.
uint32_t ResultReader::first_behind_fork(EventId operation, int process) const {
  const FileFacts& facts = program_.facts(function_);
  for (facts::RegionId region = facts.events[fork_].region; process != 1 && region != none; region = facts.regions[region].parent)
    if (facts.regions[region].kind == facts::RegionKind::loop) return 0;
  const uint32_t count = program_.event(function_, operation).operands_count;
  for (uint32_t i = 0; i < count; ++i)
    if (program_.operand(function_, operation, i) >= fork_) return i;
  return 0;
}

ResultReader::Range ResultReader::read(EventId id, int process, int& steps, int depth) const {
  if (EventId write = last_write(id, process); write != none) return value(write, process, steps, depth + 1);
  if (process == 1 && !asked_.empty())
    if (auto known = asked_.find(asked(id)); known != asked_.end()) return known->second ? Range{true, 1, INT32_MAX} : exactly(0);
  auto known = known_.empty() ? known_.end() : known_.find(program_.object(function_, id).key);
  if (known == known_.end()) return {};
  return known->second ? Range{true, 1, INT32_MAX} : exactly(0);
}

ResultReader::Range ResultReader::value(EventId id, int process, int& steps, int depth) const {
  if (id == none || --steps < 0 || depth > deepest) return {};
  if (id == fork_) return result_.of[process];
  if (auto other = process == 2 ? others_.find(id) : others_.end(); other != others_.end()) return other->second;
  const Event& event = program_.event(function_, id);
  auto operand = [&](uint32_t i) { return value(program_.operand(function_, id, i), process, steps, depth + 1); };
  switch (event.op) {
    case Op::number:
      if (auto number = program_.constant(function_, id)) return exactly(*number);
      return {};
    case Op::boolean: return exactly(constant_truth(program_.facts(function_), id));
    case Op::null: return exactly(0);
    case Op::call: {  // what becomes another program comes back to say that it did not
      const Call* call = program_.call_at(function_, id);
      return call && call->api && call->targets.empty() && call->api->leaves == knowledge::Leaves::exec ? exactly(-1) : Range();
    }
    case Op::bind: return operand(0);
    case Op::augment: {
      const std::optional<int64_t> step = counted(id);
      const Range before = step ? read(id, process, steps, depth) : Range();
      return before.known && before.high != INT32_MAX ? Range{true, before.low + *step, before.high + *step} : Range();
    }
    case Op::set_attribute: return operand(1);
    case Op::set_subscript: return operand(2);
    case Op::read:
    case Op::attribute:
    case Op::subscript: return read(id, process, steps, depth);
    case Op::unary: {
      std::string_view op = program_.name_of(function_, id);
      if (op == "*") return read(id, process, steps, depth);
      Range inner = operand(0);
      if (!inner.known) return inner;
      if (op == "-") return {true, -inner.high, -inner.low};
      if (op != "not" && op != "!") return {};
      int truth = truth_of(inner);
      return truth < 0 ? either() : exactly(1 - truth);
    }
    case Op::compare: return compared(program_.name_of(function_, id), operand(0), operand(1));
    case Op::boolean_operation: {
      bool all = program_.name_of(function_, id) == "and";
      bool open = false;
      for (uint32_t i = first_behind_fork(id, process); i < event.operands_count && i < 16; ++i) {
        int truth = truth_of(operand(i));
        if (truth == (all ? 0 : 1)) return exactly(truth);
        open |= truth < 0;
      }
      return open ? Range() : exactly(all ? 1 : 0);
    }
    case Op::binary: {  // only the child keeps what was asked of fields: its parent may see them changed meanwhile
      auto known = asked_.empty() || process != 1 ? asked_.end() : asked_.find(asked(id));
      return known == asked_.end() ? Range() : known->second ? Range{true, 1, INT32_MAX} : exactly(0);
    }
    case Op::conditional: {
      int truth = truth_of(operand(0));
      const EventId condition = program_.operand(function_, id, 0), first = program_.operand(function_, id, 1);
      if (truth < 0 && fork_ > condition && fork_ < id) truth = fork_ <= first;  // what forks was chosen
      return truth < 0 ? both(operand(1), operand(2)) : operand(truth ? 1 : 2);
    }
    default: return {};
  }
}

}  // namespace forklint::model::native
