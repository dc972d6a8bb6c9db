// Writes and reads of what outlives a call: module variables, attributes, settings of the process.
#include "analyzer/model/timeline.h"

#include <algorithm>

namespace forklint::model {
namespace {

// os, after `import os`: os.remove(path) is a function of it, and changes no container.
bool names_module(const Evaluator& evaluator, FileId file_id, EventId read) {
  const File& file = evaluator.program().file(file_id);
  if (read == none || file.event(read).op != Op::read) return false;
  NameId name = file.event(read).name;
  ScopeId owner = evaluator.binding_scope(file_id, file.scope_of(read), name);
  if (owner == none) return false;  // a builtin
  auto bindings = evaluator.reaching(file_id, owner, name, none);
  return !bindings.empty() && std::all_of(bindings.begin(), bindings.end(), [&](EventId binding) {
    const facts::Event& event = file.event(binding);
    return event.op == Op::bind_module || (event.op == Op::bind && file.event(file.operand(binding, 0)).op == Op::import);
  });
}

// setattr(options, key, value): the object, where it is one of a class and the key is not known.
EventId set_by_name(Evaluator& evaluator, Site call, FrameId frame) {
  const File& file = evaluator.program().file(call.file);
  EventId callee = file.operand(call.event, 0);
  if (callee == none || file.event(callee).op != Op::read || file.name_of(callee) != "setattr" || file.event(call.event).operands_count != 4) return none;
  if (evaluator.binding_scope(call.file, file.scope_of(call.event), file.event(callee).name) != none) return none;
  EventId object = file.operand(call.event, 1);
  if (evaluator.constant_string(evaluator.evaluate({call.file, file.operand(call.event, 2)}, frame))) return none;
  Values owners = evaluator.evaluate({call.file, object}, frame);
  bool instances = std::all_of(owners.begin(), owners.end(), [&](ValueId owner) { return evaluator.value(owner).kind == ValueKind::instance; });
  return instances ? object : none;
}

}  // namespace

void Walker::bind(FileId file_id, EventId id, FrameId frame, uint32_t parent, const Condition& condition) {
  const File& file = evaluator_.program().file(file_id);
  NameId name = file.event(id).name;
  ScopeId scope_id = file.scope_of(id);
  auto declared = file.scopes[scope_id].declared.find(name);
  bool global = declared != file.scopes[scope_id].declared.end() && declared->second == Op::global;
  if (!global && scope_id != 0) return;
  // What import-time code binds is bound again in every child: it matters only where that is not so.
  bool repeats = !global && scope_id == 0 && condition.guard == Guard::none && trace_.entry != Entry::worker;
  if (repeats && file.event(id).op != Op::augment) return;
  push({.kind = StepKind::write_global, .site = {file_id, id}, .frame = frame, .parent = parent, .condition = condition, .file = file_id, .name = name});
}

// The module variable through which an event's value is reached, if it is one: x, x.y, module.x
std::pair<FileId, NameId> Walker::global_of(FileId file_id, EventId base) {
  const File& file = evaluator_.program().file(file_id);
  if (base == none) return {none, none};
  const facts::Event& it = file.event(base);
  if (it.op == Op::subscript) return global_of(file_id, file.operand(base, 0));
  if (it.op == Op::read) {
    ScopeId owner = evaluator_.binding_scope(file_id, file.scope_of(base), it.name);
    if (owner != 0) return {none, none};
    // An imported name belongs to the module it comes from.
    for (EventId binding : evaluator_.reaching(file_id, 0, it.name, none)) {
      EventId value = file.operand(binding, 0);
      if (value == none || file.event(value).op != Op::import_from) continue;
      for (ValueId module : Values(evaluator_.evaluate({file_id, file.operand(value, 0)}, any_frame))) {
        const Value m = evaluator_.value(module);
        if (m.kind != ValueKind::module) continue;
        const File& source = evaluator_.program().file(m.file);
        NameId name = source.find_name(file.name_of(value));
        if (name != none && source.scopes[0].names.contains(name)) return {m.file, name};
      }
    }
    return {file_id, it.name};
  }
  if (it.op == Op::attribute)
    for (ValueId module : Values(evaluator_.evaluate({file_id, file.operand(base, 0)}, any_frame))) {
      const Value m = evaluator_.value(module);
      if (m.kind != ValueKind::module) continue;
      const File& source = evaluator_.program().file(m.file);
      NameId name = source.find_name(file.name(it.name));
      if (name != none) return {m.file, name};
    }
  return {none, none};
}

void Walker::write_attribute(FileId file_id, EventId id, FrameId frame, uint32_t parent, const Condition& condition) {
  const File& file = evaluator_.program().file(file_id);
  NameId name = file.event(id).name;
  EventId base = file.operand(id, 0);
  Values owners = evaluator_.evaluate({file_id, base}, frame);
  for (ValueId owner : owners) {
    ValueKind kind = evaluator_.value(owner).kind;
    if ((kind != ValueKind::instance && kind != ValueKind::object) || trace_.writes.size() >= most_steps) continue;
    Condition certain = condition;
    certain.uncertain |= owners.size() > 1;
    write_member({.site = {file_id, id}, .frame = frame, .subject = owner, .before = uint32_t(trace_.steps.size()), .condition = certain, .position = {{file_id, id}, frame, parent}, .sure = owners.size() == 1});
  }
  if (file.event(id).op == Op::delete_attribute) return;
  for (ValueId owner : owners) {
    const Value it = evaluator_.value(owner);
    if (it.kind == ValueKind::module || it.kind == ValueKind::class_ || it.kind == ValueKind::external) {
      Step step{.kind = StepKind::write_attribute, .site = {file_id, id}, .frame = frame, .parent = parent, .condition = condition, .subject = owner, .name = name};
      if (it.kind == ValueKind::module) {
        NameId inside = evaluator_.program().file(it.file).find_name(file.name(name));
        if (inside != none) {
          step.kind = StepKind::write_global;
          step.file = it.file;
          step.name = inside;
        }
      }
      push(step);
      return;
    }
  }
  // decimal.getcontext().prec = 4
  for (ValueId owner : owners) {
    if (evaluator_.value(owner).kind != ValueKind::object) continue;
    const knowledge::Api* row = evaluator_.program().knowledge().find(evaluator_.type_name(owner) + ".__setattr__");
    if (!row || row->process_setting.empty()) continue;
    push({.kind = StepKind::write_item, .site = {file_id, id}, .frame = frame, .parent = parent, .condition = condition, .subject = owner, .row = row});
    return;
  }
  // settings.debug = True, where settings is a module variable that holds an object
  if (auto [owner_file, variable] = global_of(file_id, base); owner_file != none)
    push({.kind = StepKind::change_global, .site = {file_id, id}, .frame = frame, .parent = parent, .condition = condition, .file = owner_file, .name = variable});
}

void Walker::changes(FileId file_id, EventId id, FrameId frame, uint32_t parent, const Condition& condition) {
  const File& file = evaluator_.program().file(file_id);
  EventId base = file.operand(id, 0);
  if (file.event(id).op == Op::call) {
    static constexpr std::string_view changing[] = {"append", "add", "appendleft", "extend", "update", "insert", "setdefault", "clear", "pop", "remove", "popitem", "discard", "sort", "reverse"};
    if (EventId object = set_by_name(evaluator_, {file_id, id}, frame); object != none) {
      if (auto [owner_file, variable] = global_of(file_id, object); owner_file != none)
        push({.kind = StepKind::change_global, .site = {file_id, id}, .frame = frame, .parent = parent, .condition = condition, .file = owner_file, .name = variable});
      return;
    }
    if (base == none || file.event(base).op != Op::attribute) return;
    std::string_view method = file.name_of(base);
    if (std::find(std::begin(changing), std::end(changing), method) == std::end(changing)) return;
    base = file.operand(base, 0);
    if (names_module(evaluator_, file_id, base)) return;
  }
  if (file.event(id).op != Op::call) {  // os.environ[…] = …: what the object's own item assignment does
    const char* method = file.event(id).op == Op::delete_subscript ? ".__delitem__" : ".__setitem__";
    for (ValueId owner : Values(evaluator_.evaluate({file_id, base}, frame))) {
      if (evaluator_.value(owner).kind != ValueKind::external) continue;
      const knowledge::Api* row = evaluator_.program().knowledge().find(evaluator_.type_name(owner) + method);
      if (!row || (row->frozen_setting.empty() && row->process_setting.empty())) continue;
      push({.kind = StepKind::write_item, .site = {file_id, id}, .frame = frame, .parent = parent, .condition = condition, .subject = owner, .row = row});
      return;
    }
  }
  if (auto [owner_file, variable] = global_of(file_id, base); owner_file != none) {
    push({.kind = StepKind::change_global, .site = {file_id, id}, .frame = frame, .parent = parent, .condition = condition, .file = owner_file, .name = variable});
    return;
  }
  if (base == none || file.event(base).op != Op::attribute) return;
  for (ValueId owner : Values(evaluator_.evaluate({file_id, file.operand(base, 0)}, frame))) {
    const Value it = evaluator_.value(owner);
    bool lasting = it.kind == ValueKind::class_ || (it.kind == ValueKind::instance && it.index != none && it.frame == any_frame);
    if (lasting) push({.kind = StepKind::change_attribute, .site = {file_id, id}, .frame = frame, .parent = parent, .condition = condition, .subject = owner, .name = file.event(base).name});
  }
}

void Walker::read(FileId file_id, EventId id, FrameId frame, uint32_t parent, const Condition& condition) {
  const File& file = evaluator_.program().file(file_id);
  if (file.event(id).op == Op::attribute) {
    for (ValueId owner : Values(evaluator_.evaluate({file_id, file.operand(id, 0)}, frame))) {
      ValueKind kind = evaluator_.value(owner).kind;
      if (kind == ValueKind::class_ || kind == ValueKind::external || kind == ValueKind::instance)
        push({.kind = StepKind::read_attribute, .site = {file_id, id}, .frame = frame, .parent = parent, .condition = condition, .subject = owner, .name = file.event(id).name});
    }
  }
  auto [owner_file, variable] = global_of(file_id, id);
  if (owner_file != none)
    push({.kind = StepKind::read_global, .site = {file_id, id}, .frame = frame, .parent = parent, .condition = condition, .file = owner_file, .name = variable});
}

}  // namespace forklint::model
