#include "rules/inherited_state/read_to_end.h"

#include <algorithm>

#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

// Whether the loop around a read waits elsewhere, and no longer than a time: it need not see the end of the pipe.
bool waits_for_a_time(const Program& code, FunctionId id, EventId read) {
  const FileFacts& facts = code.facts(id);
  const facts::RegionId region = loop_around(code, id, read);
  if (region == none) return false;
  return std::ranges::any_of(code.function(id).calls, [&](const Call& call) {
    if (!call.api || !call.api->timeout || call.event < facts.regions[region].events.begin || call.event >= facts.regions[region].events.end) return false;
    const EventId given = code.argument(id, call.event, *call.api->timeout);
    return given != none && code.event(id, given).op != Op::null && code.constant(id, given).value_or(0) >= 0;
  });
}

constexpr State before = 1, error = 2, end = 4, data = 8;

// Where a function goes behind a read that has failed, come to the end, or got as much as it asked for.
class Reading {
 public:
  Reading(const Native& program, FunctionId id, const Call& call) : program_(program), code_(program.program()), id_(id), call_(call) {
    const int64_t wanted = code_.constant(id, code_.argument(id, call.event, {.position = 2})).value_or(0);
    const ForkResult result{{{true, -1, -1}, {true, 0, 0}, {true, wanted > 0 ? wanted : 1, wanted > 0 ? wanted : INT32_MAX}}};
    const ResultReader reader(code_, id, call.event, result);
    Steps steps{.after = [&](EventId at, State state) -> State {
                  if (at == call_.event) return error | end | data;
                  const Call* other = code_.event(id_, at).op == Op::call ? code_.call_at(id_, at) : nullptr;
                  return other && !program_.forks().returns(*other) ? 0 : state;
                },
                .assume = [&](EventId condition, bool taken, State state) -> State {
                  constexpr State of[3] = {error, end, data};
                  for (int i = 0; i < 3; ++i)
                    if (const int truth = state & of[i] ? reader.truth(condition, i) : -1; truth >= 0 && bool(truth) != taken) state &= ~of[i];
                  return state;
                }};
    walked_ = walk(code_.facts(id), code_.function(id).scope, before, steps);
  }

  // Whether one of the loops around it is never left as long as something comes, and left when nothing more does.
  bool goes_to_end() const {
    const State around = walked_.at(call_.event);
    if (!(around & data) || ((around & error) && (around & end))) return false;
    const FileFacts& facts = code_.facts(id_);
    for (facts::RegionId region = facts.events[call_.event].region; region != none; region = facts.regions[region].parent)
      if (facts.regions[region].kind == facts::RegionKind::loop && !left_with_data(facts.regions[region].events)) return true;
    return false;
  }

 private:
  bool left_with_data(facts::Range loop) const {
    const facts::Range events = code_.facts(id_).scopes[code_.function(id_).scope].events;
    if (loop.end >= events.end ? walked_.end & data : walked_.at(loop.end) & data) return true;
    for (EventId at = loop.begin; at < loop.end; ++at)
      if ((walked_.at(at) & data) && comes_out(at)) return true;
    return false;
  }

  // Whether the function or the process is left here, and not because something has failed: with a number below 0, no pointer, a status.
  bool comes_out(EventId at) const {
    const facts::Event& event = code_.event(id_, at);
    if (event.op == Op::return_) {
      const EventId value = event.operands_count ? code_.operand(id_, at, 0) : none;
      return value == none || (code_.event(id_, value).op != Op::null && code_.constant(id_, value).value_or(0) >= 0);
    }
    const Call* call = event.op == Op::call && at != call_.event ? code_.call_at(id_, at) : nullptr;
    if (!call || !call->api || !call->targets.empty() || call->api->leaves == knowledge::Leaves::no) return false;
    return code_.constant(id_, code_.argument(id_, at, {.position = 0})).value_or(0) == 0;
  }

  const Native& program_;
  const Program& code_;
  FunctionId id_;
  const Call& call_;
  Walked walked_;
};

}  // namespace

EventId read_to_end(const Native& program, FunctionId id, const Call& call) {
  const Program& code = program.program();
  if (!call.api || !call.targets.empty() || !call.api->reads || loop_around(code, id, call.event) == none || waits_for_a_time(code, id, call.event)) return none;
  return Reading(program, id, call).goes_to_end() ? code.argument(id, call.event, *call.api->reads) : none;
}

}  // namespace forklint::rules
