// The part of inherited-pipe-end for C and C++: a process that reads a pipe to its end never comes there while its other end is open
// in itself, in the program that it becomes, or in a child that was forked later.
#include <algorithm>

#include "rules/inherited_state/native.h"
#include "rules/inherited_state/read_to_end.h"
#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

constexpr int reading_end = 0, writing_end = 1;

// The end of a pipe that an expression is: fds[0] or fds[1], -1 for neither.
int end_of(const Program& code, FunctionId id, EventId event, const std::string& pipe) {
  if (event == none || code.event(id, event).op != Op::subscript || code.object(id, event).key != pipe) return -1;
  std::optional<int64_t> number = code.constant(id, code.operand(id, event, 1));
  return number && (*number == reading_end || *number == writing_end) ? int(*number) : -1;
}

// A program may bring its own closefrom(), for systems without one, or close all in a loop.
bool closes_all(const Program& code, FunctionId id, const Call& call) {
  const NativeApi* row = code.row(call);
  return (row && row->closes_all) || closes_by_number(code, id, call);
}

EventId closed(const Program& code, FunctionId id, const Call& call) {
  return call.api && call.targets.empty() && call.api->closes ? code.argument(id, call.event, *call.api->closes) : none;
}

// What calls do with ends of pipes, by themselves or by the functions that they hand them to.
struct Calls {
  explicit Calls(const Native& program)
      : program(program), code(program.program()),
        closing(handed_parameters(code, [&](FunctionId id, const Call& call) { return closed(code, id, call); })),
        reading(handed_parameters(code, [&](FunctionId id, const Call& call) { return read_to_end(program, id, call); })) {}

  int end_closed(FunctionId id, const Call& call, const std::string& pipe) const { return end_in(id, call, closed(code, id, call), closing, pipe); }
  // Whether a call is given the pipe as a whole, and may close what it likes of it: close_pair(fds).
  bool takes_pipe(FunctionId id, const Call& call, const std::string& pipe) const {
    for (uint32_t i = 1; i < code.event(id, call.event).operands_count && !(call.api && call.targets.empty()); ++i) {
      const EventId given = code.operand(id, call.event, i);
      if (code.event(id, given).op != Op::subscript && code.object(id, given).key == pipe) return true;
    }
    return false;
  }
  int end_read(FunctionId id, const Call& call, const std::string& pipe) const { return end_in(id, call, read_to_end(program, id, call), reading, pipe); }

  const Native& program;
  const Program& code;
  Handed closing, reading;

 private:
  int end_in(FunctionId id, const Call& call, EventId itself, const Handed& handed, const std::string& pipe) const {
    int end = end_of(code, id, itself, pipe);
    for (EventId given : handed_by(code, handed, id, call)) end = std::max(end, end_of(code, id, given, pipe));
    return end;
  }
};

struct Pipe {
  const Call* made = nullptr;
  std::string key;
  bool local = false;
  bool one_of_many = false;  // an element: pipe(ends[i])
};

class PipeCheck {
 public:
  PipeCheck(const Native& program, const Calls& calls, const ForkSite& site, const Pipe& pipe, engine::Report& report)
      : program_(program), calls_(calls), code_(program.program()), site_(site), id_(site.function), pipe_(pipe), report_(report) {}

  void run() {
    for (uint8_t side : {uint8_t(side_child), uint8_t(side_parent)})
      if (const Call* read = read_to_its_end(side)) {
        const int other = 1 - calls_.end_read(id_, *read, pipe_.key);
        if (!used(other)) continue;
        if (!closes(side, other, read->event)) return say(*read, "Reads a pipe to its end with the writing end still open in this process: the end never comes", "the fork gives both processes both ends; close the one that is not used");
        if (side == side_child && other == writing_end && sibling_keeps()) return say(*read, "Reads a pipe to its end while children that are forked later have its writing end open: the end never comes", "each child gets all ends that the parent has open; close those of the others, or all before the first is waited for");
      }
    if (const std::optional<Place> read = kept_and_read(); read && used(writing_end) && !parent_has_a_use_for(writing_end))
      return say(*read, "Reads a pipe to its end with the writing end still open in this process: the end never comes", "the fork gives both processes both ends; close the one that is not used");
    if (const Call* input = input_of_program(); input && used(writing_end))
      say(*input, "The program that is started here has the writing end of its own input open: the end never comes", "the fork gives both processes both ends; close the one that is not used");
  }

 private:
  uint8_t sides(EventId at) const { return program_.forks().sides_at(site_, at); }

  // A call by which one side reads an end in a loop.
  const Call* read_to_its_end(uint8_t side) const {
    for (const Call& read : code_.function(id_).calls)
      if ((sides(read.event) & side) && !(sides(read.event) & side_before) && calls_.end_read(id_, read, pipe_.key) >= 0) return &read;
    return nullptr;
  }

  // Whether a side has closed an end by then, itself or in a function that knows the field.
  bool closes(uint8_t side, int end, EventId until) const {
    for (const Call& close : code_.function(id_).calls) {
      if (close.event < pipe_.made->event || close.event > until) continue;
      const bool its_own = close.event < site_.event || (sides(close.event) & side);
      if (its_own && (calls_.end_closed(id_, close, pipe_.key) == end || calls_.takes_pipe(id_, close, pipe_.key) || closes_by_number(code_, id_, close))) return true;
    }
    return !pipe_.local && std::ranges::any_of(functions_of(side), [&](FunctionId function) { return closes_in(function, end); });
  }

  bool closes_in(FunctionId function, int end) const {
    return std::ranges::any_of(code_.function(function).calls, [&](const Call& call) { return calls_.end_closed(function, call, pipe_.key) == end || closes_all(code_, function, call); });
  }

  std::vector<FunctionId> functions_of(uint8_t side) const {
    std::vector<Reached::Entry> start;
    for (const Call& call : code_.function(id_).calls)
      if ((sides(call.event) & side) && call.event > site_.event)
        for (FunctionId target : call.targets) start.push_back({target});
    std::vector<FunctionId> functions;
    for (const Reached::Entry& entry : reach(code_, program_.forks(), start, 200).entries) functions.push_back(entry.function);
    return functions;
  }

  // Whether an end is used by somebody: else the pipe is for something else.
  bool used(int end) const {
    const facts::Range events = code_.facts(id_).scopes[code_.function(id_).scope].events;
    for (EventId at = pipe_.made->event + 1; at < events.end; ++at) {
      const facts::Event& event = code_.event(id_, at);
      if (event.op != Op::call && event.op != Op::bind && event.op != Op::set_attribute && event.op != Op::return_) continue;
      const Call* call = event.op == Op::call ? code_.call_at(id_, at) : nullptr;
      if (call && calls_.end_closed(id_, *call, pipe_.key) >= 0) continue;
      for (uint32_t i = 0; i < event.operands_count; ++i)
        if (end_of(code_, id_, code_.operand(id_, at, i), pipe_.key) == end) return true;
    }
    // A field is used by whoever knows it.
    for (FunctionId id = 0; id < code_.functions().size() && !pipe_.local; ++id)
      for (const Call& call : code_.function(id).calls)
        for (uint32_t i = 1; id != id_ && i < code_.event(id, call.event).operands_count; ++i)
          if (end_of(code_, id, code_.operand(id, call.event, i), pipe_.key) == end && calls_.end_closed(id, call, pipe_.key) < 0) return true;
    return false;
  }

  // The field in which the parent keeps an end of a pipe that is a local variable; empty: in none.
  std::string field_of(int end) const {
    const facts::Range events = code_.facts(id_).scopes[code_.function(id_).scope].events;
    for (EventId at = site_.event + 1; at < events.end && pipe_.local; ++at)
      if (code_.event(id_, at).op == Op::set_attribute && (sides(at) & side_parent) && end_of(code_, id_, code_.operand(id_, at, 1), pipe_.key) == end) return std::string(code_.name_of(id_, at));
    return {};
  }

  // Where another function reads to its end what the parent has kept of the pipe.
  std::optional<Place> kept_and_read() const {
    const std::string field = field_of(reading_end);
    for (FunctionId id = 0; id < code_.functions().size() && !field.empty(); ++id)
      for (const Call& call : code_.function(id).calls) {
        const EventId given = read_to_end(program_, id, call);
        if (given != none && code_.object(id, given).key == field && program_.share_program(id, id_)) return Place{id, call.event};
      }
    return std::nullopt;
  }

  // Whether the parent does anything with an end: closes it, keeps it, gives it to others.
  bool parent_has_a_use_for(int end) const {
    const facts::Range events = code_.facts(id_).scopes[code_.function(id_).scope].events;
    for (EventId at = pipe_.made->event + 1; at < events.end; ++at) {
      const facts::Event& event = code_.event(id_, at);
      if (event.op == Op::subscript || program_.forks().child_runs(site_, at)) continue;
      const Call* call = event.op == Op::call ? code_.call_at(id_, at) : nullptr;
      if (call && (closes_all(code_, id_, *call) || calls_.takes_pipe(id_, *call, pipe_.key))) return true;
      for (uint32_t i = 0; i < event.operands_count; ++i)
        if (end_of(code_, id_, code_.operand(id_, at, i), pipe_.key) == end) return true;
    }
    return false;
  }

  // The same of a pipe that is a local variable, whose writing end the parent keeps in a field.
  bool sibling_keeps_field() const {
    const std::string field = field_of(writing_end);
    if (field.empty() || !forks_several(code_, id_, site_.event)) return false;
    auto closes_it = [&](FunctionId id, const Call& call) {
      const EventId given = closed(code_, id, call);
      return given != none && code_.object(id, given).key == field;
    };
    auto lets_go = [&](FunctionId id, const Call& call) { return closes_all(code_, id, call) || closes_it(id, call); };
    for (const Call& call : code_.function(id_).calls)
      if ((sides(call.event) & side_child) && lets_go(id_, call)) return false;
    for (FunctionId id : functions_of(side_child))
      if (std::ranges::any_of(code_.function(id).calls, [&](const Call& call) { return lets_go(id, call); })) return false;
    for (FunctionId id = 0; id < code_.functions().size(); ++id)
      for (const Call& close : code_.function(id).calls) {
        if (!closes_it(id, close) || !forks_several(code_, id, close.event)) continue;
        const facts::RegionId loop = loop_around(code_, id, close.event);
        const bool waits = std::ranges::any_of(code_.function(id).calls, [&](const Call& call) { return call.event > close.event && loop_around(code_, id, call.event) == loop && program_.effects().of_call(id, call, Effect::waits); });
        if (waits) return true;
      }
    return false;
  }

  // Whether the parent keeps the writing end of each child, and closes and waits for them one after the other.
  bool sibling_keeps() const {
    if (pipe_.local && !pipe_.one_of_many) return sibling_keeps_field();
    if (!forks_several(code_, id_, site_.event)) return false;
    for (const Call& call : code_.function(id_).calls) {
      if (call.event < site_.event || calls_.end_closed(id_, call, pipe_.key) != writing_end) continue;
      const bool of_all = loop_around(code_, id_, call.event) != loop_around(code_, id_, site_.event);
      if (of_all && (sides(call.event) & side_parent) && waits_in_turn(id_, call)) continue;
      if ((sides(call.event) & side_parent) || of_all) return false;
    }
    for (FunctionId id = 0; id < code_.functions().size(); ++id)
      for (const Call& close : code_.function(id).calls)
        if (calls_.end_closed(id, close, pipe_.key) == writing_end && waits_in_turn(id, close)) return true;
    return false;
  }

  // Whether a loop closes an end and waits for a process, and then goes on with the next one.
  bool waits_in_turn(FunctionId id, const Call& close) const {
    const facts::RegionId loop = loop_around(code_, id, close.event);
    return loop != none && std::ranges::any_of(code_.function(id).calls, [&](const Call& call) { return call.event > close.event && loop_around(code_, id, call.event) == loop && program_.effects().of_call(id, call, Effect::waits); });
  }

  // Where the child makes the reading end its standard input, becomes another program, and leaves it the other end.
  const Call* input_of_program() const {
    if (!site_.leaves_by(Way::exec) || closed_at_exec()) return nullptr;
    const Call* input = nullptr;
    for (const Call& call : code_.function(id_).calls) {
      if (call.event < pipe_.made->event) continue;
      if (closes_all(code_, id_, call) || (call.api && call.api->sets_cloexec)) return nullptr;
      const bool own = call.event < site_.event || (sides(call.event) & side_child);
      if (own && (calls_.end_closed(id_, call, pipe_.key) == writing_end || calls_.takes_pipe(id_, call, pipe_.key))) return nullptr;
      if (!program_.forks().child_runs(site_, call.event) || !call.api || !call.api->duplicates) continue;
      const EventId from = code_.argument(id_, call.event, *call.api->duplicates);
      if (end_of(code_, id_, from, pipe_.key) == reading_end && code_.constant(id_, code_.argument(id_, call.event, {.position = 1})) == 0) input = &call;
    }
    const bool elsewhere = std::ranges::any_of(functions_of(side_child), [&](FunctionId function) { return closes_in(function, writing_end); });
    return elsewhere ? nullptr : input;
  }

  bool closed_at_exec() const {
    if (pipe_.made->api->opens_cloexec) return true;
    if (!pipe_.made->api->cloexec) return false;
    const std::optional<int64_t> flags = code_.constant(id_, code_.argument(id_, pipe_.made->event, *pipe_.made->api->cloexec));
    return !flags || (uint64_t(*flags) & pipe_.made->api->cloexec_bit);
  }

  void say(const Call& at, std::string message, std::string why) { say(Place{id_, at.event}, std::move(message), std::move(why)); }

  void say(Place at, std::string message, std::string why) {
    report_.finding(program_.site(at), std::move(message))
        .under(StartMethod::fork, "hangs")
        .label(code_.site(id_, pipe_.made->event), "the pipe is made here")
        .label(site_.origin, std::move(why))
        .confidence(Confidence::likely)
        .launch_at(site_.origin);
  }

  const Native& program_;
  const Calls& calls_;
  const Program& code_;
  const ForkSite& site_;
  FunctionId id_;
  const Pipe& pipe_;
  engine::Report& report_;
};

}  // namespace

void inherited_pipe_end_native(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  const Program& code = program.program();
  if (program.forks().sites().empty()) return;
  const Calls calls(program);
  for (const ForkSite& site : program.forks().sites()) {
    if (site.heir) continue;
    for (const Call& made : code.function(site.function).calls) {
      if (!made.api || !made.targets.empty() || !made.api->pipe || made.event > site.event) continue;
      const EventId pair = code.argument(site.function, made.event, *made.api->pipe);
      const Object object = pair == none ? Object{} : code.object(site.function, pair);
      if (object.empty()) continue;
      const Pipe pipe{&made, object.key, object.local, code.event(site.function, pair).op == Op::subscript};
      PipeCheck(program, calls, site, pipe, report).run();
    }
  }
}

}  // namespace forklint::rules
