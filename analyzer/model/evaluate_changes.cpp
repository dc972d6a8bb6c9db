// What is put into a container after its display: by the code around it, and by the callers of a method that keeps what
// it is given.
#include <algorithm>

#include "analyzer/model/evaluator.h"

namespace forklint::model {
namespace {

// How far behind its display a container's name is looked for.
constexpr uint32_t binding_distance = 6;

// extend(values), update(values): not the values as one thing, but what is in them.
bool puts_elements(const File& file, EventId change) {
  EventId callee = file.event(change).op == Op::call ? file.operand(change, 0) : none;
  if (callee == none || file.event(callee).op != Op::attribute) return false;
  return file.name_of(callee) == "extend" || file.name_of(callee) == "update";
}

// The key under which a change puts something; none where it is not of one key.
EventId key_of(const File& file, EventId change) {
  const facts::Event& event = file.event(change);
  if (event.op == Op::set_subscript || event.op == Op::augment_subscript) return file.operand(change, 1);
  EventId callee = event.op == Op::call ? file.operand(change, 0) : none;
  bool sets_default = callee != none && file.event(callee).op == Op::attribute && file.name_of(callee) == "setdefault";
  return sets_default && event.operands_count > 1 ? file.operand(change, 1) : none;
}

// A parameter, or a display that may hold one.
bool depends_on_caller(const Value& value) { return value.kind == ValueKind::parameter || (value.kind == ValueKind::container && value.frame == any_frame); }

constexpr size_t most_calls = 48;  // of one name; what is called everywhere is not followed

}  // namespace

// What append, add, x[k] = v … put in later, through the name or attribute that holds the container; with a key, what may
// stand under that key.
Values Evaluator::changed_elements(const Value& value, std::optional<std::string_view> key) {
  const File& file = program_.file(value.file);
  ScopeId scope = file.scope_of(value.index);
  Values result;
  uint32_t end = std::min(file.facts.scopes[scope].events.end, value.index + 1 + binding_distance);
  for (EventId id = value.index + 1; id < end; ++id) {
    const facts::Event& event = file.event(id);
    bool by_name = event.op == Op::bind && file.operand(id, 0) == value.index;
    bool by_attribute = event.op == Op::set_attribute && file.operand(id, 1) == value.index;
    if (!by_name && !by_attribute) continue;
    add(result, put_by_calls(value.file, event.name, by_name, scope, value.frame));
    auto changes = file.changes.find(event.name);
    if (changes == file.changes.end()) continue;
    for (const Change& change : changes->second) {
      if (change.value == none || result.size() >= most_values) continue;
      bool read = file.event(change.base).op == Op::read;
      if (read != by_name) continue;
      ScopeId where = file.scope_of(change.event);
      if (by_name && binding_scope(value.file, where, event.name) != scope) continue;
      if (EventId under = key ? key_of(file, change.event) : none; under != none) {
        auto text = constant_string(evaluate({value.file, under}, where == scope ? value.frame : any_frame));
        if (text && *text != *key) continue;
      }
      Values put = put_in({value.file, change.value}, scope, value.frame);
      if (!puts_elements(file, change.event)) add(result, put);
      else for (ValueId held : put) add(result, key ? item(held, *key) : elements(held));
    }
  }
  return result;
}

// What an expression gives that is put into a container which was made in the scope `home`.
Values Evaluator::put_in(Site value, ScopeId home, FrameId frame) {
  if (program_.file(value.file).scope_of(value.event) == home) return evaluate(value, frame);
  Values result = evaluate(value, any_frame);
  if (std::any_of(result.begin(), result.end(), [&](ValueId id) { return depends_on_caller(values_[id]); })) add(result, put_by_callers(value, frame));
  return result;
}

// heappush(self.heap, job): a function is handed the container and what it puts there.
Values Evaluator::put_by_calls(FileId file_id, NameId holder, bool by_name, ScopeId home, FrameId frame) {
  const File& file = program_.file(file_id);
  Values result;
  for (EventId call : calls_with(file_id, holder)) {
    if ((file.event(file.operand(call, 1)).op == Op::read) != by_name) continue;
    if (by_name && binding_scope(file_id, file.scope_of(call), holder) != home) continue;
    for (ValueId callee : Values(evaluate({file_id, file.operand(call, 0)}, any_frame))) {
      const knowledge::Api* row = values_[callee].kind == ValueKind::external ? api(callee) : nullptr;
      if (!row || !row->puts_into || !row->puts || row->puts_into->position != 0) continue;
      auto put = argument(arguments_of({file_id, call}, any_frame), *row->puts);
      if (put && put->site.file == file_id && put->site.event != none) add(result, put_in(put->site, home, frame));
    }
  }
  return result;
}

// What the callers of the function around it give: def add(self, job): self.jobs.append(job).
Values Evaluator::put_by_callers(Site value, FrameId frame) {
  const File& file = program_.file(value.file);
  ScopeId scope = file.scope_of(value.event);
  const facts::Scope& function = file.facts.scopes[scope];
  if (function.kind != facts::ScopeKind::function || function.parameters.size() == 0) return {};
  const std::vector<Site>& calls = calls_named(file.name(function.name));
  if (calls.size() > most_calls) return {};
  ValueId holder = frame == any_frame ? unknown_value : frames_[frame].receiver;
  Values result;
  for (Site call : calls)
    for (ValueId callee : Values(evaluate({call.file, program_.file(call.file).operand(call.event, 0)}, any_frame))) {
      const Value it = values_[callee];
      bool called = (it.kind == ValueKind::function || it.kind == ValueKind::bound) && it.file == value.file && it.index == scope;
      if (called && !other_object(holder, it.base)) add(result, evaluate(value, enter(callee, call, any_frame)));
    }
  return result;
}

// Two instances that are known to be made at different places.
bool Evaluator::other_object(ValueId a, ValueId b) const {
  const Value &one = values_[a], &two = values_[b];
  if (one.kind != ValueKind::instance || two.kind != ValueKind::instance || one.index == none || two.index == none) return false;
  return one.site() != two.site();
}

// The calls of two arguments or more whose first is held by that name: f(name, …), f(self.name, …).
const std::vector<EventId>& Evaluator::calls_with(FileId file_id, NameId name) {
  auto [known, added] = calls_with_.try_emplace(file_id);
  if (added) {
    const File& file = program_.file(file_id);
    for (EventId event = 0; event < file.facts.events.size(); ++event) {
      const facts::Event& call = file.event(event);
      if (call.op != Op::call || call.operands_count < 3 || file.facts.operands_of(call)[1].keyword != facts::name_positional) continue;
      const facts::Event& first = file.event(file.operand(event, 1));
      if (first.op == Op::read || first.op == Op::attribute) known->second[first.name].push_back(event);
    }
  }
  static const std::vector<EventId> nowhere;
  auto found = known->second.find(name);
  return found == known->second.end() || found->second.size() > most_calls ? nowhere : found->second;
}

// Where something of that name is called or decorates: f(…), x.f(…), @f.
const std::vector<Site>& Evaluator::calls_named(std::string_view name) {
  if (!calls_by_name_) {
    calls_by_name_.emplace();
    for (FileId id : program_.python_files()) {
      const File& file = program_.file(id);
      for (EventId event = 0; event < file.facts.events.size(); ++event) {
        Op op = file.event(event).op;
        EventId callee = op == Op::call || op == Op::decorate ? file.operand(event, 0) : none;
        if (callee != none && (file.event(callee).op == Op::read || file.event(callee).op == Op::attribute)) (*calls_by_name_)[file.name_of(callee)].push_back({id, event});
      }
    }
  }
  static const std::vector<Site> nowhere;
  auto found = calls_by_name_->find(name);
  return found == calls_by_name_->end() ? nowhere : found->second;
}

}  // namespace forklint::model
