// What runs without a call being written: the two ends of `with`, special methods, properties, and functions that were
// registered with an application.
#include "analyzer/model/timeline.h"

#include <algorithm>

namespace forklint::model {

void Walker::leave(ValueId manager, Site site, FrameId frame, uint32_t parent, const Condition& condition) {
  push({.kind = StepKind::with_leave, .site = site, .frame = frame, .parent = parent, .condition = condition, .subject = manager, .row = evaluator_.maker(manager)});
  for (size_t i = stacked_.size(); i-- > 0;)
    if (stacked_[i].first == manager) push({.kind = StepKind::with_leave, .site = site, .frame = frame, .parent = parent, .condition = condition, .subject = stacked_[i].second, .row = evaluator_.maker(stacked_[i].second)});
}

void Walker::enter_manager(ValueId manager, bool async, Site site, FrameId frame, uint32_t parent, const Condition& condition) {
  if (manager == unknown_value) return;
  push({.kind = StepKind::with_enter, .site = site, .frame = frame, .parent = parent, .condition = condition, .subject = manager, .row = evaluator_.maker(manager)});
  special_method(manager, async ? "__aenter__" : "__enter__", site, frame, parent, condition);
  const Value it = evaluator_.value(manager);
  if (it.kind != ValueKind::generator || evaluator_.program().file(it.file).scopes[it.index].yields.empty()) return;
  function(evaluator_.make({.kind = ValueKind::function, .file = it.file, .index = it.index}), it.frame, site, frame, parent, condition, Part::before_yield);
}

void Walker::leave_manager(ValueId manager, bool async, Site site, FrameId frame, uint32_t parent, const Condition& condition) {
  if (manager == unknown_value) return;
  leave(manager, site, frame, parent, condition);
  special_method(manager, async ? "__aexit__" : "__exit__", site, frame, parent, condition);
  const Value it = evaluator_.value(manager);
  if (it.kind != ValueKind::generator || evaluator_.program().file(it.file).scopes[it.index].yields.empty()) return;
  function(evaluator_.make({.kind = ValueKind::function, .file = it.file, .index = it.index}), it.frame, site, frame, parent, condition, Part::after_yield);
}

// with generator(): the call by itself runs nothing.
bool Walker::runs_in_with(const Value& callee, Site call) const {
  if (callee.kind != ValueKind::function && callee.kind != ValueKind::bound) return false;
  const File& file = evaluator_.program().file(call.file);
  if (call.event + 1 >= file.facts.events.size() || file.event(call.event + 1).op != Op::enter || file.operand(call.event + 1, 0) != call.event) return false;
  const File& home = evaluator_.program().file(callee.file);
  return (home.facts.scopes[callee.index].flags & facts::scope_generator) && !home.scopes[callee.index].yields.empty();
}

// A method that the language calls by itself.
void Walker::special_method(ValueId receiver, std::string_view name, Site site, FrameId frame, uint32_t parent, const Condition& condition) {
  const Value it = evaluator_.value(receiver);
  if (it.kind != ValueKind::instance) return;
  ValueId found = evaluator_.method_of(it.base, name);
  const Value method = evaluator_.value(found);
  if (method.kind != ValueKind::function) return;
  function(evaluator_.bound(found, receiver), evaluator_.enter_unknown(method.file, method.index, receiver), site, frame, parent, condition);
}

void Walker::property(FileId file_id, EventId id, FrameId frame, uint32_t parent, const Condition& condition) {
  const File& file = evaluator_.program().file(file_id);
  std::string_view name = file.name_of(id);
  for (ValueId owner : Values(evaluator_.evaluate({file_id, file.operand(id, 0)}, frame))) {
    const Value it = evaluator_.value(owner);
    if (it.kind != ValueKind::instance || !evaluator_.is_property(it.base, name)) continue;
    // What it makes it makes once: that is what properties are for.
    const Value f = evaluator_.value(evaluator_.method_of(it.base, name));
    FrameId inner = evaluator_.enter_unknown(f.file, f.index, owner);
    bool done = std::any_of(trace_.steps.begin(), trace_.steps.end(), [&](const Step& step) { return step.kind == StepKind::enter_function && step.inner == inner; });
    if (!done) special_method(owner, name, {file_id, id}, frame, parent, condition);
  }
}

// Calling an application object, or the function that stands for a group of commands, runs what was registered with it:
// @app.command() def main(): …; app()
void Walker::registered(ValueId app, Site site, FrameId frame, uint32_t parent, const Condition& condition) {
  const std::vector<Site>* found = registrations(app);
  if (!found) return;
  Condition chosen = condition;
  chosen.uncertain |= found->size() > 1;  // the arguments of the program say which
  for (Site registration : *found)
    for (ValueId target : Values(evaluator_.evaluate(registration, any_frame))) {
      const Value it = evaluator_.value(target);
      if (it.kind == ValueKind::function) function(target, evaluator_.enter_unknown(it.file, it.index, unknown_value), site, frame, parent, chosen);
      else if (it.kind == ValueKind::object && target != app) registered(target, site, frame, parent, chosen);
    }
}

// What module-level code has handed to a method of `app`: by decorator, or as the argument of app.add(f).
const std::vector<Site>* Walker::registrations(ValueId app) {
  if (!registrations_) {
    registrations_.emplace();
    for (FileId id : evaluator_.program().python_files()) {
      const File& file = evaluator_.program().file(id);
      for (EventId event = 0; event < file.facts.events.size(); ++event) {
        const facts::Event& it = file.event(event);
        bool decorated = it.op == Op::decorate;
        if (!decorated && (it.op != Op::call || file.scope_of(event) != 0 || it.operands_count != 2)) continue;
        EventId method = file.operand(event, 0);
        if (file.event(method).op == Op::call) method = file.operand(method, 0);
        if (method == none || file.event(method).op != Op::attribute) continue;
        for (ValueId owner : Values(evaluator_.evaluate({id, file.operand(method, 0)}, any_frame))) {
          ValueKind kind = evaluator_.value(owner).kind;
          if (kind == ValueKind::function || kind == ValueKind::object) (*registrations_)[owner].push_back({id, decorated ? event : file.operand(event, 1)});
        }
      }
    }
  }
  auto it = registrations_->find(app);
  return it == registrations_->end() ? nullptr : &it->second;
}

}  // namespace forklint::model
