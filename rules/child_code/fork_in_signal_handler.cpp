// A signal handler interrupts whatever the program was doing, malloc() included. fork() there runs handlers and takes locks that
// the interrupted code may hold; POSIX took it from the list of what a handler may call.
#include <algorithm>
#include <map>

#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

constexpr size_t furthest = 8;  // calls: at the end of a longer way other conditions hold

// The global variables that a handler sets to a number before it calls on, each once: in_handler = 1.
std::map<std::string, int64_t> set_by_handler(const Program& code, Place call) {
  std::map<std::string, int64_t> values;
  const facts::Range events = code.facts(call.function).scopes[code.function(call.function).scope].events;
  for (EventId at = events.begin; at < call.event; ++at) {
    const facts::Event& event = code.event(call.function, at);
    const Object object = event.op == Op::bind ? code.object(call.function, at) : Object{};
    if (object.empty() || object.local || event.region != facts::none) continue;
    if (auto number = code.constant(call.function, code.operand(call.function, at, 0))) values[object.key] = *number;
  }
  return values;
}

// Whether a place is never come to with these values: it stands in an arm of a condition that asks one of them.
bool ruled_out(const Program& code, Place place, const std::map<std::string, int64_t>& values) {
  const facts::FileFacts& facts = code.facts(place.function);
  for (facts::RegionId region = code.event(place.function, place.event).region; region != facts::none; region = facts.regions[region].parent) {
    const facts::Region& arm = facts.regions[region];
    bool taken = arm.kind == facts::RegionKind::then_arm;
    if (arm.subject == facts::none || (!taken && arm.kind != facts::RegionKind::else_arm)) continue;
    EventId asked = arm.subject;
    for (; facts.events[asked].op == Op::unary && facts.name(facts.events[asked].name) == "not"; asked = code.operand(place.function, asked, 0)) taken = !taken;
    auto known = facts.events[asked].op == Op::read ? values.find(code.object(place.function, asked).key) : values.end();
    if (known != values.end() && (known->second != 0) != taken) return true;
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
    const std::map<std::string, int64_t> values = set_by_handler(program.program(), way.front());
    if (std::any_of(way.begin() + 1, way.end(), [&](const Place& place) { return ruled_out(program.program(), place, values); })) continue;
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
