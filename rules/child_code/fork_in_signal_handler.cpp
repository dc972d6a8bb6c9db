// A signal handler interrupts whatever the program was doing, malloc() included. fork() there runs handlers and takes locks that
// the interrupted code may hold; POSIX took it from the list of what a handler may call.
#include <algorithm>
#include <map>

#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

constexpr size_t furthest = 8;  // calls: at the end of a longer way other conditions hold

// What variables are known to be where a handler comes to a place: by key, the numbers that each may be. Only what is one of few numbers
// is kept.
using Known = std::map<std::string, std::vector<int64_t>>;

std::string key_of_parameter(const Program& code, FunctionId id, uint32_t i) {
  const facts::Range parameters = code.facts(id).scopes[code.function(id).scope].parameters;
  if (parameters.begin + i >= parameters.end) return {};
  return std::to_string(code.function(id).unit) + ":" + std::to_string(code.function(id).scope) + " " + std::string(code.facts(id).name(code.facts(id).parameters[parameters.begin + i].name));
}

// The numbers that an expression may be; empty: it is not known.
std::vector<int64_t> numbers(const Program& code, FunctionId id, EventId event, const Known& known) {
  if (event == none) return {};
  if (auto number = code.constant(id, event)) return {*number};
  const facts::Event& it = code.event(id, event);
  if (it.op == Op::boolean) return {native::constant_truth(code.facts(id), event)};
  if (it.op != Op::read && it.op != Op::attribute) return {};
  auto found = known.find(code.object(id, event).key);
  return found == known.end() ? std::vector<int64_t>{} : found->second;
}

// The variables that a function on the way sets to a number before it calls on, by whatever way it goes there: in_handler = 1.
void add_set_before(const Program& code, Place call, Known& known) {
  const facts::Range events = code.facts(call.function).scopes[code.function(call.function).scope].events;
  for (EventId at = events.begin; at < call.event; ++at) {
    const facts::Event& event = code.event(call.function, at);
    const bool field = event.op == Op::set_attribute;
    if (event.op == Op::augment || event.op == Op::augment_attribute) known.erase(field ? std::string(code.name_of(call.function, at)) : code.object(call.function, at).key);
    if (event.op != Op::bind && !field) continue;
    const std::string key = field ? std::string(code.name_of(call.function, at)) : code.object(call.function, at).key;
    auto number = code.constant(call.function, code.operand(call.function, at, field ? 1 : 0));
    if (number && event.region == facts::none && !key.empty()) known[key] = {*number};
    else known.erase(key);
  }
}

// What the parameters of the function that is called are.
void add_given(const Program& code, Place call, FunctionId callee, Known& known) {
  const Known before = known;
  for (uint32_t i = 0; i + 1 < code.event(call.function, call.event).operands_count; ++i) {
    const std::string key = key_of_parameter(code, callee, i);
    const std::vector<int64_t> given = numbers(code, call.function, code.argument(call.function, call.event, {.position = int(i)}), before);
    if (given.empty()) known.erase(key);
    else if (!key.empty()) known[key] = given;
  }
}

// 1 and 0 where the condition of an arm is so for all that is known, else -1.
int truth(const Program& code, FunctionId id, EventId condition, const Known& known) {
  const facts::Event& event = code.event(id, condition);
  const std::string_view sign = code.name_of(id, condition);
  if (event.op == Op::unary && sign == "not") {
    const int inner = truth(code, id, code.operand(id, condition, 0), known);
    return inner < 0 ? inner : 1 - inner;
  }
  std::vector<bool> ways;
  if (event.op == Op::boolean_operation) {  // the cases of a switch that share an arm; a && b
    bool open = false;
    for (uint32_t i = 0; i < event.operands_count; ++i) {
      const int part = truth(code, id, code.operand(id, condition, i), known);
      if (part == (sign == "and" ? 0 : 1)) return part;
      open |= part < 0;
    }
    return open ? -1 : sign == "and";
  }
  if (event.op == Op::compare && event.operands_count == 2) {
    const std::vector<int64_t> left = numbers(code, id, code.operand(id, condition, 0), known), right = numbers(code, id, code.operand(id, condition, 1), known);
    for (int64_t a : left)
      for (int64_t b : right)
        if (sign == "==" || sign == "!=") ways.push_back((a == b) == (sign == "=="));
        else if (sign == "<" || sign == ">=") ways.push_back((a < b) == (sign == "<"));
        else if (sign == ">" || sign == "<=") ways.push_back((a > b) == (sign == ">"));
  } else {
    for (int64_t number : numbers(code, id, condition, known)) ways.push_back(number != 0);
  }
  if (ways.empty() || std::ranges::any_of(ways, [&](bool way) { return way != ways.front(); })) return -1;
  return ways.front();
}

// Whether a place is never come to with these values: it stands in an arm of a condition that asks one of them.
bool ruled_out(const Program& code, Place place, const Known& known) {
  const facts::FileFacts& facts = code.facts(place.function);
  for (facts::RegionId region = code.event(place.function, place.event).region; region != facts::none; region = facts.regions[region].parent) {
    const facts::Region& arm = facts.regions[region];
    const bool taken = arm.kind == facts::RegionKind::then_arm;
    if (arm.subject == facts::none || (!taken && arm.kind != facts::RegionKind::else_arm)) continue;
    const int holds = truth(code, place.function, arm.subject, known);
    if (holds >= 0 && bool(holds) != taken) return true;
  }
  return false;
}

// The signals that a handler is installed for, where all of them are seen.
std::vector<int64_t> signals_of(const Native& program, FunctionId handler) {
  std::vector<int64_t> signals;
  for (const Native::Entry& entry : program.signal_handlers()) {
    if (entry.function != handler) continue;
    const auto number = program.program().constant(entry.start.function, program.program().argument(entry.start.function, entry.start.event, {.position = 0}));
    if (!number) return {};
    signals.push_back(*number);
  }
  return signals;
}

// Whether the handler never goes this way: what it is given or sets on the way rules that out.
bool never_goes(const Native& program, FunctionId handler, const std::vector<Place>& way) {
  const Program& code = program.program();
  Known known;
  if (std::vector<int64_t> signals = signals_of(program, handler); !signals.empty())
    if (const std::string key = key_of_parameter(code, handler, 0); !key.empty()) known[key] = std::move(signals);
  for (size_t i = 0; i < way.size(); ++i) {
    add_set_before(code, way[i], known);
    if (ruled_out(code, way[i], known)) return true;
    if (i + 1 < way.size()) add_given(code, way[i], way[i + 1].function, known);
  }
  return false;
}

void check(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  for (const Native::Entry& handler : program.signal_handlers()) {
    const Step* step = program.effects().of(handler.function, Effect::forks);
    if (!step) continue;
    std::vector<Place> way = program.effects().way(handler.function, *step, Effect::forks);
    if (way.size() > furthest) continue;
    if (never_goes(program, handler.function, way)) continue;
    auto draft = report.finding(program.site(way.back()), "Forks in a signal handler");
    draft.under(StartMethod::fork, "hangs").confidence(step->sure ? Confidence::likely : Confidence::possible).launch_at(program.site(way.back()));
    draft.label(program.site(handler.start), "the handler is installed here; let it set a flag or write to a pipe, and fork in the main loop");
    label_way(draft, program, way, "it forks here");
  }
}

}  // namespace

extern const engine::Rule fork_in_signal_handler = {
    .code = "PSM609", .name = "fork-in-signal-handler", .family = "child_code",
    .summary = "A signal handler forks", .severity = engine::Severity::warning, .languages = "c", .check = check};

}  // namespace forklint::rules
