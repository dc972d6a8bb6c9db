#include "analyzer/model/native/reads.h"

namespace forklint::model::native {
namespace {

using Kind = Origin::Kind;

constexpr int most_callers = 200;  // that are asked
constexpr int deepest_operand = 8;

class Reads {
 public:
  Reads(const Native& native, const Changes& task, const std::set<FunctionId>& children) : native_(native), program_(native.program()), task_(task), children_(children) {}

  std::optional<Place> of(const Origin& what, Place since) {
    if (what.kind == Kind::object && !own_object(what.function)) return std::nullopt;
    if (what.kind != Kind::parameter) return somewhere(what, since);
    bool owned = false;
    for (const Program::Caller& caller : program_.callers(what.function)) {
      if (asked_++ >= most_callers) return std::nullopt;
      const Call& call = program_.function(caller.function).calls[caller.call];
      const EventId given = call.sure ? program_.argument(caller.function, call.event, {.position = int(what.parameter)}) : none;
      const Origin theirs = given == none ? Origin{} : origin(program_, caller.function, given, what.behind);
      if (!theirs.known()) continue;
      if (std::optional<Place> found = of(theirs, {caller.function, call.event})) return found;
      owned |= theirs.kind != Kind::parameter;
    }
    return owned ? in(what.function, what, since) : std::nullopt;
  }

 private:
  // Whether the object of a method is in memory of this process alone: not where all that call it get it from somewhere unseen, by a pointer.
  bool own_object(FunctionId method) {
    const std::vector<Program::Caller>& callers = program_.callers(method);
    for (const Program::Caller& caller : callers) {
      if (asked_++ >= most_callers) return false;
      const EventId object = program_.receiver(caller.function, program_.function(caller.function).calls[caller.call].event);
      if (object == none) return true;  // it is being made
      const Origin given = origin_of_object(program_, caller.function, object);
      const bool same = given.kind == Kind::object && given.key.empty();
      if (given.known() && (!same || own_object(given.function))) return true;
    }
    return callers.empty();
  }

  std::optional<Place> somewhere(const Origin& what, Place since) const {
    if (std::optional<Place> found = in(since.function, what, since)) return found;
    for (FunctionId id = 0; id < program_.functions().size(); ++id)
      if (id != since.function && native_.share_program(id, since.function))
        if (std::optional<Place> found = in(id, what, since)) return found;
    return std::nullopt;
  }

  std::optional<Place> in(FunctionId function, const Origin& what, Place since) const {
    if (task_.runs(function) || children_.contains(function) || program_.function(function).has(function_module)) return std::nullopt;
    const facts::Range events = program_.facts(function).scopes[program_.function(function).scope].events;
    const EventId begin = function == since.function ? first_behind(what, since, events) : events.begin;
    std::optional<std::set<EventId>> only_changed;
    for (EventId at = begin; at < events.end; ++at) {
      if (function == since.function && at > since.event && replaced(function, at, what, since)) return std::nullopt;
      if (!names(function, at, what)) continue;
      if (!only_changed) only_changed = no_reads(function, since);
      if (!only_changed->contains(at)) return Place{function, at};
    }
    return std::nullopt;
  }

  // Whether a variable gets another value wherever control comes that came from the launch.
  bool replaced(FunctionId function, EventId at, const Origin& what, Place since) const {
    if (program_.event(function, at).op != Op::bind || program_.object(function, at).key != what.key) return false;
    const facts::RegionId around = program_.event(function, at).region;
    return around == none || inside(program_.facts(function), since.event, around);
  }

  bool names(FunctionId function, EventId at, const Origin& what) const {
    const Op op = program_.event(function, at).op;
    if (what.kind == Kind::object) return op == Op::attribute && program_.name_of(function, at) == what.key;
    if (op != Op::read) return false;
    if (program_.name_of(function, at) == what.name) return program_.object(function, at).key == what.key;
    // By another name: a reference to it, or what a pointer points to.
    const std::string type = program_.indirection(function, at).value_or("");
    if (type != "&" && type != "*") return false;
    return origin(program_, function, at, type == "*") == what;
  }

  // Where to begin: behind the event, or at the outermost loop around both that does not make the variable anew.
  EventId first_behind(const Origin& what, Place since, facts::Range events) const {
    const facts::FileFacts& facts = program_.facts(since.function);
    facts::RegionId around = none;
    for (facts::RegionId region = facts.events[since.event].region; region != none; region = facts.regions[region].parent)
      if (facts.regions[region].kind == facts::RegionKind::loop && !made_in(region, since.function, what)) around = region;
    EventId at = events.begin;
    while (around != none && at < since.event && !inside(facts, at, around)) ++at;
    return around == none ? since.event + 1 : at;
  }

  static bool inside(const facts::FileFacts& facts, EventId at, facts::RegionId around) {
    for (facts::RegionId region = facts.events[at].region; region != none; region = facts.regions[region].parent)
      if (region == around) return true;
    return false;
  }

  bool made_in(facts::RegionId loop, FunctionId function, const Origin& what) const {
    if (what.kind != Kind::variable || what.function != function) return false;
    const facts::Range events = program_.facts(function).scopes[program_.function(function).scope].events;
    for (EventId at = events.begin; at < events.end; ++at)
      if (program_.event(function, at).op == Op::declare && program_.name_of(function, at) == what.name) return inside(program_.facts(function), at, loop);
    return false;
  }

  // What stands there for something else: the target of an assignment, what is destroyed, what is given to the task itself.
  std::set<EventId> no_reads(FunctionId function, Place since) const {
    std::set<EventId> result;
    const facts::Range events = program_.facts(function).scopes[program_.function(function).scope].events;
    for (EventId at = events.begin; at < events.end; ++at) {
      const Op op = program_.event(function, at).op;
      if (op == Op::set_attribute || op == Op::set_subscript) result.insert(program_.operand(function, at, 0));
      else if (op == Op::attribute && last_name(program_.name_of(function, at)).starts_with('~')) result.insert(program_.operand(function, at, 0));
      else if (op == Op::call && changed_by(program_, function, at).known()) result.insert(program_.receiver(function, at));
      else if (op == Op::lambda && runs(function, at)) add_operands(function, at, 0, result);
    }
    if (function == since.function) add_operands(function, since.event, 0, result);
    return result;
  }

  bool runs(FunctionId function, EventId lambda) const {
    for (FunctionId id : program_.function_values(function, lambda))
      if (task_.runs(id)) return true;
    return false;
  }

  void add_operands(FunctionId function, EventId at, int depth, std::set<EventId>& result) const {
    const facts::Event& event = program_.event(function, at);
    for (uint32_t i = 0; i < event.operands_count && depth < deepest_operand; ++i) {
      const EventId operand = program_.operand(function, at, i);
      if (operand == none || !result.insert(operand).second) continue;
      add_operands(function, operand, depth + 1, result);
    }
  }

  const Native& native_;
  const Program& program_;
  const Changes& task_;
  const std::set<FunctionId>& children_;
  int asked_ = 0;
};

}  // namespace

std::set<FunctionId> run_in_children(const Native& native) {
  const Program& program = native.program();
  std::vector<Reached::Entry> start;
  for (FunctionId id = 0; id < program.functions().size(); ++id)
    for (const Call& call : program.function(id).calls) {
      const NativeApi* row = program.row(call);
      const EventId given = row && row->child ? program.argument(id, call.event, *row->child) : none;
      if (given == none) continue;
      for (FunctionId function : program.function_values(id, given)) start.push_back({function});
    }
  std::set<FunctionId> result;
  for (const Reached::Entry& entry : reach(program, native.forks(), start).entries) result.insert(entry.function);
  return result;
}

std::optional<Place> read_by_others(const Native& native, const Changes& task, const std::set<FunctionId>& children, const Origin& what, Place since) {
  return Reads(native, task, children).of(what, since);
}

}  // namespace forklint::model::native
