#include "analyzer/model/native/behind.h"

#include <algorithm>

namespace forklint::model::native {
namespace {

using Range = ForkResult::Range;

constexpr State before = 1, reached = 2;
constexpr int third = 2;  // of the processes that ResultReader tells apart: here there is one

// A walk from the calls that `begins` says, of which the first gives `given`.
Walked walk_from(const Program& program, const Forks& forks, FunctionId id, const ResultReader& reader, const std::function<bool(const Call&)>& begins) {
  Steps steps{.after = [&](EventId at, State state) -> State {
                const Call* call = program.event(id, at).op == Op::call ? program.call_at(id, at) : nullptr;
                if (!call) return state;
                return !forks.returns(*call) ? 0 : begins(*call) ? reached : state;
              },
              .assume = [&](EventId condition, bool taken, State state) -> State {
                const int truth = state & reached ? reader.truth(condition, third) : -1;
                return truth >= 0 && bool(truth) != taken ? state & ~reached : state;
              }};
  return walk(program.facts(id), program.function(id).scope, before, steps);
}

std::optional<Range> number_of(const Program& program, FunctionId id, EventId value) {
  if (value == none) return std::nullopt;
  const Op op = program.event(id, value).op;
  if (auto number = program.constant(id, value)) return Range{true, *number, *number};
  if (op != Op::boolean && op != Op::null) return std::nullopt;
  const int truth = constant_truth(program.facts(id), value);
  return Range{true, truth, truth};
}

// Of the returns that are come to: numbers alone, for a variable may have been set in some arm.
Range returned(const Program& program, FunctionId id, const Walked& walked) {
  std::optional<Range> all;
  for (size_t i = 0; i < walked.before.size(); ++i) {
    const EventId at = walked.begin + EventId(i);
    if (program.event(id, at).op != Op::return_ || !(walked.before[i] & reached)) continue;
    const std::optional<Range> one = program.event(id, at).operands_count ? number_of(program, id, program.operand(id, at, 0)) : std::nullopt;
    if (!one) return {};
    all = all ? Range{true, std::min(all->low, one->low), std::max(all->high, one->high)} : *one;
  }
  return all.value_or(Range{});
}

ForkResult always(Range given) { return {{given, given, given}}; }

}  // namespace

bool Behind::comes_to(EventId event) const { return walked.at(event) & reached; }

Behind behind(const Program& program, const Forks& forks, FunctionId id, EventId call, Range given) {
  const ForkResult result = always(given);
  const ResultReader reader(program, id, call, result);
  Behind behind{walk_from(program, forks, id, reader, [call](const Call& it) { return it.event == call; }), {}};
  behind.returned = returned(program, id, behind.walked);
  return behind;
}

Range returned_when_done(const Program& program, const Forks& forks, FunctionId id, const CallJudge& does) {
  const std::vector<Call>& calls = program.function(id).calls;
  const auto first = std::ranges::find_if(calls, [&](const Call& call) { return does(id, call); });
  if (first == calls.end()) return {};
  // What arranges something for the end of the process gives 0 when it has.
  const ForkResult result = always(first->api && first->targets.empty() && first->api->at_exit ? Range{true, 0, 0} : Range{});
  const ResultReader reader(program, id, first->event, result);
  return returned(program, id, walk_from(program, forks, id, reader, [&](const Call& call) { return does(id, call); }));
}

}  // namespace forklint::model::native
