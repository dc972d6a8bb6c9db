// Calls that end the process because of a number that they are given: report(FATAL, …).
#include <algorithm>

#include "analyzer/model/native/known_values.h"

namespace forklint::model::native {
namespace {

constexpr int deepest = 2;  // calls that hand the number on
constexpr size_t longest = 600;  // events of a function that is walked for each of its calls

// The position of the parameter that an expression is; none: it is no parameter.
uint32_t parameter_of(const Program& program, FunctionId id, EventId event) {
  if (event == none || program.event(id, event).op != Op::read) return none;
  const std::optional<Program::Local> local = program.local(id, program.event(id, event).name);
  return local && local->function == id ? local->parameter : none;
}

// The parameters that the conditions around an event read.
void asked_around(const Program& program, FunctionId id, EventId at, std::set<uint32_t>& positions) {
  const FileFacts& facts = program.facts(id);
  std::vector<EventId> open;
  for (facts::RegionId region = facts.events[at].region; region != none; region = facts.regions[region].parent) open.push_back(facts.regions[region].subject);
  for (size_t i = 0; i < open.size() && i < 64; ++i) {
    if (open[i] == none) continue;
    if (const uint32_t position = parameter_of(program, id, open[i]); position != none) positions.insert(position);
    const Op op = facts.events[open[i]].op;
    if (op != Op::compare && op != Op::unary && op != Op::boolean_operation && op != Op::binary) continue;
    for (uint32_t part = 0; part < facts.events[open[i]].operands_count; ++part) open.push_back(program.operand(id, open[i], part));
  }
}

}  // namespace

// The parameters of each function by which it may be told to end: asked around a call that never comes back, or handed on as such.
void Forks::find_telling() {
  telling_.assign(program_.functions().size(), {});
  for (int round = 0; round < deepest; ++round)
    for (FunctionId id = 0; id < telling_.size(); ++id) {
      const facts::Scope& scope = program_.facts(id).scopes[program_.function(id).scope];
      if (never_returns_[id] || scope.parameters.size() == 0 || scope.events.size() > longest) continue;
      for (const Call& call : program_.function(id).calls) {
        if (round == 0 && !returns(call)) asked_around(program_, id, call.event, telling_[id]);
        if (round == 0 || !call.sure || call.targets.size() != 1) continue;
        for (uint32_t position : telling_[call.targets.front()])
          if (const uint32_t own = parameter_of(program_, id, program_.argument(id, call.event, {.position = int(position)})); own != none) telling_[id].insert(own);
      }
    }
}

bool Forks::is_told_to_end(FunctionId caller, const Call& call, const Known& known, int depth) const {
  if (!call.sure || call.targets.size() != 1 || never_returns_[call.targets.front()]) return false;
  const FunctionId target = call.targets.front();
  const Known given = known_in_callee(program_, caller, call.event, target, known);
  Known told;
  for (uint32_t position : telling_[target])
    if (auto it = given.find(key_of_parameter(program_, target, position)); it != given.end()) told.insert(*it);
  if (told.empty()) return false;
  const FileFacts& facts = program_.facts(target);
  std::map<EventId, int> asked;
  Steps steps{.after = [&](EventId at, State state) -> State {
                const Call* inner = facts.events[at].op == Op::call ? program_.call_at(target, at) : nullptr;
                if (!inner) return state;
                return !returns(*inner) || (depth > 0 && is_told_to_end(target, *inner, known_at(program_, target, at, told), depth - 1)) ? 0 : state;
              },
              .assume = [&](EventId condition, bool taken, State state) -> State {
                auto [it, is_new] = asked.try_emplace(condition);
                if (is_new) it->second = truth_knowing(program_, target, condition, known_at(program_, target, condition, told));
                return it->second >= 0 && bool(it->second) != taken ? 0 : state;
              }};
  const Walked walked = walk(facts, program_.function(target).scope, 1, steps);
  if (walked.end || !walked.uncaught.empty()) return false;
  for (size_t i = 0; i < walked.before.size(); ++i)
    if (walked.before[i] && facts.events[walked.begin + i].op == Op::return_) return false;
  return true;
}

// Calls that are told to end, and functions that therefore never come back.
void Forks::find_told_to_end() {
  find_telling();
  std::vector<FunctionId> queue;
  for (FunctionId id = 0; id < program_.functions().size(); ++id)
    for (const Call& call : program_.function(id).calls) {
      if (call.targets.size() != 1 || telling_[call.targets.front()].empty() || !is_told_to_end(id, call, {}, deepest)) continue;
      told_to_end_.insert(&call);
      queue.push_back(id);
    }
  spread_endless(std::move(queue));
}

}  // namespace forklint::model::native
