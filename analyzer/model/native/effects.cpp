#include "analyzer/model/native/effects.h"

#include <algorithm>
#include <deque>
#include <unordered_set>

namespace forklint::model::native {
namespace {

using knowledge::AfterFork;
using knowledge::Leaves;

// The stream that a call of a row writes to; none: standard output.
EventId stream_argument(const Program& program, FunctionId function, const Call& call) {
  EventId stream = program.receiver(function, call.event);
  if (stream == none && call.api->stream) stream = program.argument(function, call.event, *call.api->stream);
  for (int depth = 0; stream != none && depth < 64; ++depth) {  // std::cerr << a << b
    if (program.event(function, stream).op != Op::call) break;
    EventId receiver = program.receiver(function, stream);
    stream = receiver != none ? receiver : program.operand(function, stream, 1);
  }
  return stream;
}

// Whether an expression is a stream that is known to have no buffer: stderr.
bool names_unbuffered(const Program& program, FunctionId function, EventId stream) {
  if (stream == none || program.event(function, stream).op != Op::read) return false;
  const NativeApi* object = program.natives().find(without_parameters(program.name_of(function, stream)));
  return object && object->unbuffered;
}

// std::cout << std::flush: a flush that is given to what writes.
bool writes_a_flush(const Program& program, FunctionId function, const Call& call) {
  const facts::Event& event = program.event(function, call.event);
  for (uint32_t i = 1; i < event.operands_count && i < 4; ++i) {
    EventId given = program.operand(function, call.event, i);
    if (program.event(function, given).op != Op::read) continue;
    const NativeApi* api = program.natives().find(without_parameters(program.name_of(function, given)));
    if (api && api->flushes) return true;
  }
  return false;
}

bool only_asks(const Program& program, FunctionId function, const Call& call) {
  const EventId given = call.api->unless_null ? program.argument(function, call.event, *call.api->unless_null) : none;
  return given != none && (program.event(function, given).op == Op::null || program.constant(function, given) == 0);
}

}  // namespace

bool by_pointer(const Program& program, FunctionId function, const Call& call) {
  if (!call.targets.empty() || call.api) return false;
  const facts::Event& callee = program.event(function, program.operand(function, call.event, 0));
  return call.symbol.empty() || (callee.op == Op::attribute && !program.facts(function).name(callee.name).ends_with(')'));
}

bool joins(const Program& program, FunctionId function, const Call& call) {
  if (!call.api || !call.api->joins) return false;
  const EventId object = program.receiver(function, call.event);
  const bool destroys = last_name(call.symbol).starts_with('~') && object != none && program.event(function, object).op == Op::call;
  for (EventId at = object; destroys && ++at < call.event;) {
    const facts::Event& event = program.event(function, at);
    if (event.op == Op::call && program.receiver(function, at) == object)  // std::async(…).share()
      if (const Call* gives = program.call_at(function, at); gives && gives->api && gives->api->receiver && gives->api->refers) return false;
    for (uint32_t i = 1; i < event.operands_count; ++i)
      if (program.operand(function, at, i) == object) return false;
  }
  return true;
}

std::string_view to_string(Effect effect) {
  static constexpr std::string_view words[effect_count] = {"forks", "spawns", "starts-thread", "uses-pool", "writes-buffered", "flushes", "repaired", "deadlocks", "wrong", "execs", "exits", "arranges-exit", "waits", "python"};
  return words[size_t(effect)];
}

bool Effects::does(FunctionId function, const Call& call, Effect effect) const {
  auto forks_with = [&](auto&& condition) {
    for (uint32_t site : forks_.in(function))
      if (forks_.sites()[site].event == call.event && forks_.sites()[site].through == none && condition(forks_.sites()[site])) return true;
    return false;
  };
  if (effect == Effect::forks) return forks_with([](const ForkSite&) { return true; });
  if (effect == Effect::writes_buffered) return writes(function, call);
  if (!call.api || !call.targets.empty()) return false;
  const NativeApi& api = *call.api;
  switch (effect) {
    case Effect::spawns: return api.forks == knowledge::Forks::spawn;
    // std::thread() by itself is no thread.
    case Effect::starts_thread: return api.starts_thread && (!api.thread_object || !api.entry || program_.argument(function, call.event, *api.entry) != none);
    case Effect::uses_pool: return !api.pool.empty();
    case Effect::flushes: return api.flushes || (api.writes_buffered && writes_a_flush(program_, function, call));
    case Effect::repaired: return api.after_fork == AfterFork::repaired;
    case Effect::deadlocks: return api.after_fork == AfterFork::deadlocks && !only_asks(program_, function, call);
    case Effect::wrong: return api.after_fork == AfterFork::wrong;
    case Effect::execs: return api.leaves == Leaves::exec || api.forks == knowledge::Forks::spawn;
    case Effect::exits: return api.leaves == Leaves::cleanup && !api.handled_exit;
    case Effect::arranges_exit: {
      EventId given = api.at_exit ? program_.argument(function, call.event, *api.at_exit) : none;
      if (given == none) return false;
      std::vector<FunctionId> handlers = program_.function_values(function, given);
      return handlers.empty() || std::ranges::any_of(handlers, [&](FunctionId handler) { return seen_outside(handler); });
    }
    case Effect::waits: return api.waits || (api.reaps && selected(program_, function, call.event, api));
    case Effect::python: return api.python;
    default: return false;
  }
}

// Whether a stream has a buffer which a fork copies. Which one a parameter is, callers say; a field that is somewhere set to one without
// is for messages of that kind.
bool Effects::buffered(FunctionId function, EventId stream) const {
  if (stream == none) return true;
  const facts::Event& event = program_.event(function, stream);
  if (event.op == Op::attribute) return !unbuffered_fields_.contains(std::string(program_.name_of(function, stream)));
  if (event.op != Op::read) return true;
  const facts::Range parameters = program_.facts(function).scopes[program_.function(function).scope].parameters;
  for (uint32_t p = parameters.begin; p < parameters.end; ++p)
    if (program_.facts(function).parameters[p].name == event.name) return false;
  return !names_unbuffered(program_, function, stream);
}

// A structure that is made of its fields.
void Effects::note_initialised(FunctionId id, EventId call) {
  const facts::FileFacts& facts = program_.facts(id);
  for (uint32_t i = 1; i < facts.events[call].operands_count; ++i) {
    const facts::Operand& given = facts.operands_of(facts.events[call])[i];
    if (given.keyword != facts::name_positional && names_unbuffered(program_, id, given.value)) unbuffered_fields_.insert(std::string(program_.name_of(id, program_.operand(id, call, 0))) + "::" + std::string(facts.name(given.keyword)));
  }
}

void Effects::find_unbuffered_fields() {
  for (FunctionId id = 0; id < program_.functions().size(); ++id) {
    const facts::Range events = program_.facts(id).scopes[program_.function(id).scope].events;
    for (EventId at = events.begin; at < events.end; ++at)
      if (program_.event(id, at).op == Op::set_attribute && names_unbuffered(program_, id, program_.operand(id, at, 1))) unbuffered_fields_.emplace(program_.name_of(id, at));
      else if (program_.event(id, at).op == Op::call) note_initialised(id, at);
  }
}

bool Effects::writes(FunctionId function, const Call& call) const {
  if (call.api && call.targets.empty()) return call.api->writes_buffered && buffered(function, stream_argument(program_, function, call));
  std::vector<EventId> given = handed_by(program_, streams_, function, call);
  return std::ranges::any_of(given, [&](EventId stream) { return buffered(function, stream); });
}

std::string Effects::stream_of(FunctionId function, const Call& call) const {
  EventId stream = none;
  if (!call.api || !call.targets.empty()) {
    for (EventId given : handed_by(program_, streams_, function, call))
      if (stream == none && buffered(function, given)) stream = given;
  } else if (call.api->unbuffers) {
    stream = program_.argument(function, call.event, *call.api->unbuffers);
  } else {
    stream = stream_argument(program_, function, call);
  }
  return stream == none ? "stdout" : program_.object(function, stream).key;
}

// Whether a call of what has no body here is seen outside of the process. A pointer may be of anything: nothing is said of it. What goes
// to stderr is a message for people, who may read it twice.
bool Effects::is_outside(FunctionId function, const Call& call) const {
  if (!call.resolved()) return !by_pointer(program_, function, call);
  const NativeApi& api = *call.api;
  if (api.writes_buffered) return !names_unbuffered(program_, function, stream_argument(program_, function, call));
  if (api.outside || api.kills || api.waits || api.joins || api.forks != knowledge::Forks::none || api.handle.size()) return true;
  const bool locks = api.locks || api.unlocks || api.guard || api.lock;
  return api.after_fork == AfterFork::unknown && api.leaves == Leaves::no && !locks;
}

// Whether a function tells which process this is, itself or by what it calls and whose result it uses: is_owner().
bool Effects::tells_identity(FunctionId function, int callees) const {
  return std::ranges::any_of(program_.function(function).calls, [&](const Call& call) {
    if (call.api && call.targets.empty()) return !call.api->identity.empty();
    if (callees == 0 || call.targets.size() != 1 || !is_used(function, call.event)) return false;
    return tells_identity(call.targets.front(), callees - 1);
  });
}

// Whether something is done with what a call gives.
bool Effects::is_used(FunctionId function, EventId call) const {
  const facts::Range events = program_.facts(function).scopes[program_.function(function).scope].events;
  for (EventId at = call + 1; at < events.end; ++at)
    for (uint32_t i = 0; i < program_.event(function, at).operands_count; ++i)
      if (program_.operand(function, at, i) == call) return true;
  const facts::Range regions = program_.facts(function).scopes[program_.function(function).scope].regions;
  for (facts::RegionId region = regions.begin; region < regions.end; ++region)
    if (program_.facts(function).regions[region].subject == call) return true;
  return false;
}

bool Effects::seen_outside(FunctionId function, const Known& known) const {
  // It asks which process it is in, itself or in what it calls at once: that is for the children.
  constexpr int near = 2;
  auto asks = [&](const Call& call) {
    if (call.api && call.targets.empty()) return !call.api->identity.empty();
    return std::ranges::any_of(call.targets, [&](FunctionId target) { return tells_identity(target, is_used(function, call.event) ? near : 0); });
  };
  if (std::ranges::any_of(program_.function(function).calls, asks)) return false;
  return reaches_outside(function, known);
}

bool Effects::seen_outside(FunctionId function, const Call& call) const {
  if (std::ranges::any_of(call.targets, [&](FunctionId target) { return reaches_outside(target, {}); })) return true;
  return call.targets.empty() && is_outside(function, call);
}

Effects::Effects(const Program& program, const Forks& forks) : program_(program), forks_(forks) {
  find_unbuffered_fields();
  streams_ = handed_parameters(program, [&](FunctionId id, const Call& call) { return call.api && call.targets.empty() && call.api->writes_buffered ? stream_argument(program, id, call) : none; });
  last_join_.resize(program.functions().size());
  // Also by a function whose business that is: finish_async().
  auto joined_by = [&](FunctionId target) { return std::ranges::any_of(program.function(target).calls, [&](const Call& call) { return joins(program, target, call); }); };
  for (FunctionId id = 0; id < program.functions().size(); ++id)
    for (const Call& call : program.function(id).calls)
      if (joins(program, id, call) || std::ranges::any_of(call.targets, joined_by)) last_join_[id] = call.event;
  for (int i = 0; i < effect_count; ++i) {
    steps_[i].resize(program.functions().size());
    spread(Effect(i));
  }
}

// From where it is done to all callers, nearest first.
void Effects::spread(Effect effect) {
  std::vector<Step>& steps = steps_[size_t(effect)];
  std::deque<FunctionId> queue;
  auto ours = [&](FunctionId id, EventId event) {
    if (effect == Effect::starts_thread && joined_later(id, event)) return false;
    if (effect == Effect::writes_buffered && forks_.doomed(id, event)) return false;  // nobody comes to where it would lie in the buffer
    return effect == Effect::execs || !forks_.only_child(id, event);
  };
  for (FunctionId id = 0; id < program_.functions().size(); ++id)
    for (const Call& call : program_.function(id).calls)
      if (steps[id].event == none && does(id, call, effect) && ours(id, call.event)) {
        steps[id] = {call.event, none, 1, true};
        queue.push_back(id);
      }
  while (!queue.empty()) {
    FunctionId id = queue.front();
    queue.pop_front();
    for (const Program::Caller& caller : program_.callers(id)) {
      const Call& call = program_.function(caller.function).calls[caller.call];
      if (steps[caller.function].event != none || !ours(caller.function, call.event)) continue;
      if ((effect == Effect::starts_thread || effect == Effect::writes_buffered) && !forks_.returns(call)) continue;  // nobody comes back to where it would be of use
      steps[caller.function] = {call.event, id, steps[id].distance + 1, steps[id].sure && call.sure};
      queue.push_back(caller.function);
    }
  }
}

const Step* Effects::of(FunctionId function, Effect effect) const {
  const Step& step = steps_[size_t(effect)][function];
  return step.event == none ? nullptr : &step;
}

std::optional<Step> Effects::of_call(FunctionId function, const Call& call, Effect effect) const {
  if (does(function, call, effect)) return Step{call.event, none, 1, true};
  std::optional<Step> best;
  for (FunctionId target : call.targets)
    if (const Step* step = of(target, effect); step && (!best || step->distance < best->distance - 1)) best = Step{call.event, target, step->distance + 1, step->sure && call.sure};
  return best;
}

std::vector<Place> Effects::way(FunctionId function, Step step, Effect effect) const {
  std::vector<Place> result{{function, step.event}};
  while (step.next != none && result.size() < 64) {
    function = step.next;
    step = steps_[size_t(effect)][function];
    if (step.event == none) break;
    result.push_back({function, step.event});
  }
  return result;
}

}  // namespace forklint::model::native
