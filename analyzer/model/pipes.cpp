#include "analyzer/model/pipes.h"

#include <algorithm>
#include <string_view>

namespace forklint::model {
namespace {

using facts::RegionKind;
using knowledge::Api;

// How a receiving step goes on: round after round in an open loop, until the other side has closed.
struct Rounds {
  bool open = false;       // `while`
  bool caught = false;     // the exception that tells the end is caught
  bool told = false;       // a message may end the loop as well
};

bool catches_end(const File& file, EventId type) {
  if (type == none) return true;
  if (file.event(type).op == Op::tuple) {
    for (uint32_t i = 0; i < file.event(type).operands_count; ++i)
      if (catches_end(file, file.operand(type, i))) return true;
    return false;
  }
  bool named = file.event(type).op == Op::read || file.event(type).op == Op::attribute;
  static constexpr std::string_view ends[] = {"EOFError", "Exception", "BaseException"};
  return named && std::find(std::begin(ends), std::end(ends), file.name_of(type)) != std::end(ends);
}

bool inside(const facts::FileFacts& f, RegionId region, RegionId outer) {
  for (; region != none; region = f.regions[region].parent)
    if (region == outer) return true;
  return false;
}

// Whether a loop is left by something other than the except clause that tells the end.
bool left_otherwise(const facts::FileFacts& f, RegionId loop) {
  for (EventId id = f.regions[loop].events.begin; id < f.regions[loop].events.end; ++id) {
    const facts::Event& event = f.events[id];
    if ((event.op != Op::break_ && event.op != Op::return_) || !inside(f, event.region, loop)) continue;
    bool handler = false;
    for (RegionId region = event.region; region != none && region != loop; region = f.regions[region].parent) handler |= f.regions[region].kind == RegionKind::except_arm;
    if (!handler) return true;
  }
  return false;
}

Rounds rounds_of(const Program& program, const Trace& trace, uint32_t step) {
  Rounds result;
  for (; step != none; step = trace.steps[step].parent) {
    Site site = trace.steps[step].site;
    const File& file = program.file(site.file);
    const facts::FileFacts& f = file.facts;
    for (RegionId region = f.events[site.event].region; region != none; region = f.regions[region].parent) {
      const facts::Region& it = f.regions[region];
      bool is_while = it.kind == RegionKind::loop && (it.subject == none || it.events.contains(it.subject));
      if (is_while && !result.open) {
        result.open = true;
        result.told = left_otherwise(f, region);
        // `while not done` ends by itself, too
        if (it.subject != none && f.events[it.subject].op != Op::boolean && f.events[it.subject].op != Op::number) result.told = true;
      }
      if (it.kind != RegionKind::try_body) continue;
      for (const facts::Region& arm : f.regions)
        if (arm.statement == it.statement && arm.kind == RegionKind::except_arm) result.caught |= catches_end(file, arm.subject);
    }
    if (trace.steps[step].kind == StepKind::import_module) break;
  }
  return result;
}

// Whether what a call gives is asked to be empty: if not data, while data. A comparison may be with a message.
bool asks_for_end(const File& file, EventId call) {
  const facts::Scope& scope = file.facts.scopes[file.scope_of(call)];
  NameId name = none;
  for (EventId id = call + 1; id < scope.events.end && name == none; ++id)
    if (file.event(id).op == Op::bind && file.operand(id, 0) == call) name = file.event(id).name;
  auto is_result = [&](EventId id) { return id == call || (id != none && name != none && file.event(id).op == Op::read && file.event(id).name == name); };
  for (RegionId region = scope.regions.begin; region < scope.regions.end; ++region) {
    EventId test = file.facts.regions[region].subject;
    if (test != none && file.event(test).op == Op::unary) test = file.operand(test, 0);
    if (is_result(test)) return true;
  }
  return false;
}

// Popen(…, stdin=PIPE)
bool fed_by_pipe(Evaluator& evaluator, const knowledge::Launch& launch, Site call, FrameId frame) {
  if (!launch.input) return false;
  auto argument = evaluator.argument(evaluator.arguments_of(call, frame), *launch.input);
  if (!argument) return false;
  for (ValueId value : evaluator.values_of(*argument))
    if (const Api* row = evaluator.api(value); row && row->pipe) return true;
  return false;
}

class Uses {
 public:
  Uses(Evaluator& evaluator, const Trace& trace) : evaluator_(evaluator), trace_(trace) {}

  std::vector<PipeUse> run() {
    for (uint32_t i = 0; i < trace_.steps.size(); ++i) {
      const Step& step = trace_.steps[i];
      if (step.kind == StepKind::api) api(i, step);
      if (step.kind == StepKind::iterate) note(PipeDeed::reads_to_end, step.subject, i);
      if (step.kind == StepKind::with_leave && step.row) {
        const Api* leave = nullptr;
        if (evaluator_.value(step.subject).kind == ValueKind::object) leave = evaluator_.program().knowledge().find(evaluator_.type_name(step.subject) + ".__exit__");
        if (leave && leave->closes) note(PipeDeed::closes, step.subject, i);
      }
    }
    return std::move(result_);
  }

 private:
  void note(PipeDeed deed, ValueId value, uint32_t step) {
    if (auto end = pipe_end(evaluator_, value)) result_.push_back({deed, *end, step});
  }

  void api(uint32_t i, const Step& step) {
    const Api& row = *step.row;
    if (row.pipe) result_.push_back({PipeDeed::makes, {step.site, step.frame, 0}, i});
    if (row.launch && fed_by_pipe(evaluator_, *row.launch, step.site, step.frame)) result_.push_back({PipeDeed::makes, {step.site, step.frame, 0}, i});
    if (row.closes_argument)
      if (auto argument = evaluator_.argument(evaluator_.arguments_of(step.site, step.frame), *row.closes_argument))
        for (ValueId value : evaluator_.values_of(*argument)) note(PipeDeed::closes, value, i);
    if (row.receives && row.receives_from) received(i, step, *row.receives_from);
    const Value& callee = evaluator_.value(step.subject);
    ValueId receiver = callee.kind == ValueKind::method ? callee.base : unknown_value;
    if (receiver == unknown_value) return;
    if (row.closes) note(PipeDeed::closes, receiver, i);
    if (row.queue_put) note(PipeDeed::sends, receiver, i);
    if (row.reads_to_end) to_end(i, row, receiver);
    if (!row.receives) return;
    Rounds rounds = rounds_of(evaluator_.program(), trace_, i);
    const File& file = evaluator_.program().file(step.site.file);  // iter(socket.recv, b"") calls it
    Values called = file.event(step.site.event).op == Op::call ? evaluator_.evaluate({step.site.file, file.operand(step.site.event, 0)}, step.frame) : Values{};
    bool iterated = std::find(called.begin(), called.end(), step.subject) == called.end();
    bool to_end = row.ends_by_exception ? rounds.open && rounds.caught && !rounds.told : rounds.open || iterated;
    note(to_end ? PipeDeed::reads_to_end : PipeDeed::receives, receiver, i);
  }

  // while True: data = os.read(descriptor, n); if not data: break
  void received(uint32_t i, const Step& step, const knowledge::Argument& from) {
    auto argument = evaluator_.argument(evaluator_.arguments_of(step.site, step.frame), from);
    bool to_end = rounds_of(evaluator_.program(), trace_, i).open && asks_for_end(evaluator_.program().file(step.site.file), step.site.event);
    for (ValueId value : argument ? evaluator_.values_of(*argument) : Values{}) note(to_end ? PipeDeed::reads_to_end : PipeDeed::receives, value, i);
  }

  void to_end(uint32_t i, const Api& row, ValueId receiver) {
    const Value it = evaluator_.value(receiver);
    const Api* maker = evaluator_.maker(receiver);
    if (row.joins && maker && maker->launch && it.index != none) {  // a command is fed, and goes on until it has read everything
      if (!fed_by_pipe(evaluator_, *maker->launch, it.site(), it.frame)) return;
      PipeEnd input{it.site(), it.frame, 1};
      result_.push_back({PipeDeed::closes, input, i});
      result_.push_back({PipeDeed::reads_to_end, input.other(), i});
    } else if (evaluator_.arguments_of(trace_.steps[i].site, trace_.steps[i].frame).empty()) {
      note(PipeDeed::reads_to_end, receiver, i);
    }
  }

  Evaluator& evaluator_;
  const Trace& trace_;
  std::vector<PipeUse> result_;
};

}  // namespace

std::optional<PipeEnd> pipe_end(Evaluator& evaluator, ValueId value) {
  const Value it = evaluator.value(value);
  if (it.kind != ValueKind::object) return {};
  // An element of what the call returned knows its position and the whole.
  const Value position = evaluator.value(it.base);
  if (position.kind == ValueKind::constant && Op(position.index) == Op::number && position.base != unknown_value) {
    const Value whole = evaluator.value(position.base);
    const Api* maker = evaluator.maker(position.base);
    if (!maker || !maker->pipe) return {};
    return PipeEnd{whole.site(), whole.frame, evaluator.type_name(it.base) == "0" ? 0u : 1u};
  }
  const Api* maker = evaluator.maker(value);
  if (!maker || !maker->takes_over || it.index == none) return {};
  auto argument = evaluator.argument(evaluator.arguments_of(it.site(), it.frame), *maker->takes_over);
  if (!argument) return {};
  for (ValueId descriptor : evaluator.values_of(*argument))
    if (descriptor != value)
      if (auto end = pipe_end(evaluator, descriptor)) return end;
  return {};
}

bool same_pipe(const PipeEnd& a, const PipeEnd& b) {
  return a.pipe == b.pipe && (a.frame == b.frame || a.frame == any_frame || b.frame == any_frame);
}

std::vector<PipeUse> pipe_uses(Evaluator& evaluator, const Trace& trace) { return Uses(evaluator, trace).run(); }

}  // namespace forklint::model
