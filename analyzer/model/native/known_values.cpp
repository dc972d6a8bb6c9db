#include "analyzer/model/native/known_values.h"

#include <algorithm>

namespace forklint::model::native {
namespace {

constexpr size_t most_conditions = 64;  // of the arms around an event

// The numbers that an expression may be; empty: it is not known.
std::vector<int64_t> numbers(const Program& program, FunctionId id, EventId event, const Known& known) {
  if (event == none) return {};
  if (auto number = program.constant(id, event)) return {*number};
  const facts::Event& it = program.event(id, event);
  if (it.op == Op::boolean) return {constant_truth(program.facts(id), event)};
  if (it.op == Op::binary && program.name_of(id, event) == "&") {  // flags & FATAL
    const std::vector<int64_t> left = numbers(program, id, program.operand(id, event, 0), known), right = numbers(program, id, program.operand(id, event, 1), known);
    std::vector<int64_t> both;
    for (int64_t a : left)
      for (int64_t b : right) both.push_back(a & b);
    return both;
  }
  if (it.op != Op::read && it.op != Op::attribute) return {};
  auto found = known.find(program.object(id, event).key);
  return found == known.end() ? std::vector<int64_t>{} : found->second;
}

bool holds(std::string_view sign, int64_t a, int64_t b) {
  if (sign == "==") return a == b;
  if (sign == "!=") return a != b;
  if (sign == "<") return a < b;
  if (sign == "<=") return a <= b;
  if (sign == ">") return a > b;
  return a >= b;
}

// Whether who comes to one event has come through another before it, in its arm or one around it.
bool surely_before(const FileFacts& facts, EventId earlier, EventId event) {
  facts::RegionId region = facts.events[event].region;
  while (region != none && region != facts.events[earlier].region) region = facts.regions[region].parent;
  return region == facts.events[earlier].region;
}

// The variable or field that an event sets, and the numbers that it is set to on every way to another; none: to what is not known.
struct Write {
  std::string key;
  std::vector<int64_t> numbers;
};

std::optional<Write> written(const Program& program, FunctionId id, EventId at, EventId event, const Known& known) {
  const facts::Event& it = program.event(id, at);
  const bool field = it.op == Op::set_attribute || it.op == Op::augment_attribute;
  if (!field && it.op != Op::bind && it.op != Op::augment) return std::nullopt;
  Write write{field ? std::string(program.name_of(id, at)) : program.object(id, at).key, {}};
  if (!surely_before(program.facts(id), at, event)) return write;
  const EventId value = program.operand(id, at, field ? 1 : 0);
  if (it.op == Op::bind || it.op == Op::set_attribute) write.numbers = numbers(program, id, value, known);
  // ++ of a flag, which nobody counts below 0.
  const bool counts = value != none && program.constant(id, value) == 1 && program.event(id, value).span.end - program.event(id, value).span.begin == 2;
  if (it.op == Op::augment && counts) write.numbers = {1, 2};
  return write;
}

// Where the outermost loop around an event ends; the event itself where there is none.
EventId end_of_loops(const FileFacts& facts, EventId event) {
  EventId end = event;
  for (facts::RegionId region = facts.events[event].region; region != none; region = facts.regions[region].parent)
    if (facts.regions[region].kind == facts::RegionKind::loop) end = facts.regions[region].events.end;
  return end;
}

}  // namespace

int truth_knowing(const Program& program, FunctionId id, EventId condition, const Known& known) {
  const facts::Event& event = program.event(id, condition);
  const std::string_view sign = program.name_of(id, condition);
  if (event.op == Op::unary && sign == "not") {
    const int inner = truth_knowing(program, id, program.operand(id, condition, 0), known);
    return inner < 0 ? inner : 1 - inner;
  }
  if (event.op == Op::boolean_operation) {  // the cases of a switch that share an arm; a && b
    bool open = false;
    for (uint32_t i = 0; i < event.operands_count; ++i) {
      const int part = truth_knowing(program, id, program.operand(id, condition, i), known);
      if (part == (sign == "and" ? 0 : 1)) return part;
      open |= part < 0;
    }
    return open ? -1 : sign == "and";
  }
  std::vector<bool> ways;
  if (event.op == Op::compare) {
    if (event.operands_count != 2 || (sign != "==" && sign != "!=" && sign != "<" && sign != "<=" && sign != ">" && sign != ">=")) return -1;
    const std::vector<int64_t> left = numbers(program, id, program.operand(id, condition, 0), known), right = numbers(program, id, program.operand(id, condition, 1), known);
    for (int64_t a : left)
      for (int64_t b : right) ways.push_back(holds(sign, a, b));
  } else {
    for (int64_t number : numbers(program, id, condition, known)) ways.push_back(number != 0);
  }
  if (ways.empty() || std::ranges::any_of(ways, [&](bool way) { return way != ways.front(); })) return -1;
  return ways.front();
}

std::string key_of_parameter(const Program& program, FunctionId id, uint32_t position) {
  const facts::Range parameters = program.facts(id).scopes[program.function(id).scope].parameters;
  if (parameters.begin + position >= parameters.end) return {};
  return std::to_string(program.function(id).unit) + ":" + std::to_string(program.function(id).scope) + " " + std::string(program.facts(id).name(program.facts(id).parameters[parameters.begin + position].name));
}

Known known_in_arms(const Program& program, FunctionId id, EventId event) {
  const FileFacts& facts = program.facts(id);
  std::vector<std::pair<EventId, bool>> open;  // conditions, and whether they hold
  for (facts::RegionId region = facts.events[event].region; region != none; region = facts.regions[region].parent) {
    const facts::RegionKind kind = facts.regions[region].kind;
    if (kind == facts::RegionKind::then_arm || kind == facts::RegionKind::else_arm) open.emplace_back(facts.regions[region].subject, kind == facts::RegionKind::then_arm);
  }
  Known known;
  for (size_t i = 0; i < open.size() && i < most_conditions; ++i) {
    const auto [condition, holds] = open[i];
    if (condition == none) continue;
    const facts::Event& it = facts.events[condition];
    const std::string_view sign = program.name_of(id, condition);
    if (it.op == Op::unary && sign == "not") open.emplace_back(program.operand(id, condition, 0), !holds);
    if (it.op == Op::boolean_operation && holds == (sign == "and"))
      for (uint32_t part = 0; part < it.operands_count; ++part) open.emplace_back(program.operand(id, condition, part), holds);
    const bool equals = it.op == Op::compare && it.operands_count == 2 && sign == (holds ? "==" : "!=");
    const bool zero = !holds && (it.op == Op::read || it.op == Op::attribute);
    const std::optional<int64_t> number = zero ? 0 : equals ? program.constant(id, program.operand(id, condition, 1)) : std::nullopt;
    if (const Object object = number ? program.object(id, equals ? program.operand(id, condition, 0) : condition) : Object{}; !object.empty()) known[object.key] = {*number};
  }
  return known;
}

Known known_at(const Program& program, FunctionId id, EventId event, Known known, EventId since) {
  const EventId begin = since != none ? since : program.facts(id).scopes[program.function(id).scope].events.begin;
  for (EventId at = begin; at < event; ++at) {
    const std::optional<Write> write = written(program, id, at, event, known);
    if (!write || write->key.empty()) continue;
    if (write->numbers.empty()) known.erase(write->key);
    else known[write->key] = write->numbers;
  }
  for (EventId at = event, end = end_of_loops(program.facts(id), event); at < end; ++at)  // what comes around
    if (const std::optional<Write> write = written(program, id, at, event, {})) known.erase(write->key);
  return known;
}

Known known_in_callee(const Program& program, FunctionId id, EventId call, FunctionId callee, Known known) {
  const Known before = known;
  for (uint32_t i = 0; i + 1 < program.event(id, call).operands_count; ++i) {
    const std::string key = key_of_parameter(program, callee, i);
    const std::vector<int64_t> given = numbers(program, id, program.argument(id, call, {.position = int(i)}), before);
    if (given.empty()) known.erase(key);
    else if (!key.empty()) known[key] = given;
  }
  return known;
}

Walked walk_knowing(const Program& program, const Forks& forks, FunctionId id, const Known& at_begin) {
  const FileFacts& facts = program.facts(id);
  std::map<EventId, int> asked;  // conditions, with what they are
  Steps steps{.after = [&](EventId at, State state) -> State {
                const Call* call = facts.events[at].op == Op::call ? program.call_at(id, at) : nullptr;
                return call && !forks.returns(*call) ? 0 : state;
              },
              .assume = [&](EventId condition, bool taken, State state) -> State {
                auto [it, is_new] = asked.try_emplace(condition);
                if (is_new) it->second = truth_knowing(program, id, condition, known_at(program, id, condition, at_begin));
                return it->second >= 0 && bool(it->second) != taken ? 0 : state;
              }};
  return walk(facts, program.function(id).scope, 1, steps);
}

}  // namespace forklint::model::native
