// One pass over a file's events: who binds which name where, what is changed in place, what scopes return.
#include <bit>
#include <functional>
#include <string_view>

#include "analyzer/model/program.h"

namespace forklint::model {
namespace {

// Methods that put a value into a container, and the position of that value.
int stored_argument(std::string_view method) {
  if (method == "append" || method == "add" || method == "appendleft" || method == "put" || method == "put_nowait" || method == "extend" || method == "update") return 0;
  if (method == "insert" || method == "setdefault") return 1;
  return -1;
}

bool only_removes(std::string_view method) {
  return method == "clear" || method == "pop" || method == "remove" || method == "popitem" || method == "discard" || method == "sort" || method == "reverse" || method == "popleft";
}

}  // namespace

// Where a name stands, or would.
size_t File::slot_of(std::string_view text) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = std::hash<std::string_view>()(text) & mask;
  while (slots_[slot] != none && facts.names[slots_[slot]] != text) slot = (slot + 1) & mask;
  return slot;
}

NameId File::find_name(std::string_view text) const { return slots_[slot_of(text)]; }

void File::index_names() {
  slots_.assign(std::bit_ceil(facts.names.size() * 2), none);
  for (NameId id = 0; id < facts.names.size(); ++id)
    if (size_t slot = slot_of(facts.names[id]); slots_[slot] == none) slots_[slot] = id;
}

bool File::has_name(ScopeId scope, NameId name) const {
  if (scopes[scope].names.contains(name) && !scopes[scope].declared.contains(name)) return true;
  const facts::Scope& it = facts.scopes[scope];
  for (uint32_t i = it.parameters.begin; i < it.parameters.end; ++i)
    if (facts.parameters[i].name == name) return true;
  return false;
}

ScopeId File::binding_scope(ScopeId scope, NameId name) const {
  bool first = true;
  while (scope != 0) {
    auto declared = scopes[scope].declared.find(name);
    if (declared != scopes[scope].declared.end() && declared->second == Op::global) break;
    bool visible = first || facts.scopes[scope].kind != facts::ScopeKind::class_;
    if (visible && has_name(scope, name)) return scope;
    first = false;
    scope = facts.scopes[scope].parent;
  }
  if (scopes[0].names.contains(name) || global_writers.contains(name)) return 0;
  return none;
}

void File::index_constants() {
  same_everywhere.resize(facts.events.size());
  for (EventId id = 0; id < facts.events.size(); ++id) {
    switch (const facts::Event& event = facts.events[id]; event.op) {
      case Op::string: case Op::bytes: case Op::number: case Op::boolean: case Op::null: case Op::import: case Op::import_from: same_everywhere[id] = true; break;
      case Op::read: {
        ScopeId owner = binding_scope(scope_of(id), event.name);
        same_everywhere[id] = owner == none || owner == 0;
        break;
      }
      case Op::attribute: same_everywhere[id] = same_everywhere[operand(id, 0)]; break;
      default: break;
    }
  }
}

llvm::SmallVector<EventId, 2> File::decorations(ScopeId scope) const {
  llvm::SmallVector<EventId, 2> result;
  for (auto it = decorated_by.find(facts.scopes[scope].definition); it != decorated_by.end(); it = decorated_by.find(it->second)) result.push_back(it->second);
  return result;
}

void File::index() {
  const facts::FileFacts& f = facts;
  index_names();
  scope_of_event.resize(f.events.size(), none);
  scopes.resize(f.scopes.size());
  // The name or attribute through which an event's value is held: x -> x, self.x -> x.
  auto holder = [&](EventId id) { return f.events[id].op == Op::read || f.events[id].op == Op::attribute ? f.events[id].name : none; };
  auto change = [&](EventId event, EventId base, EventId value) {
    if (NameId name = holder(base); name != none) changes[name].push_back({event, base, name, value});
  };
  for (ScopeId scope = 0; scope < f.scopes.size(); ++scope) {
    if (scope != 0) scopes[f.scopes[scope].parent].children.push_back(scope);
    ScopeIndex& index = scopes[scope];
    for (EventId id = f.scopes[scope].events.begin; id < f.scopes[scope].events.end; ++id) {
      scope_of_event[id] = scope;
      const facts::Event& event = f.events[id];
      switch (event.op) {
        case Op::bind: case Op::bind_module: case Op::augment: case Op::declare: case Op::delete_name:
          index.names[event.name].events.push_back(id);
          break;
        case Op::decorate: decorated_by.emplace(operand(id, 1), id); break;
        case Op::global: case Op::nonlocal: index.declared[event.name] = event.op; break;
        case Op::import_star: index.star_imports.push_back(id); break;
        case Op::return_: index.returns.push_back(id); break;
        case Op::yield: case Op::yield_from: index.yields.push_back(id); break;
        case Op::set_attribute: case Op::augment_attribute:
          attribute_writes[event.name].push_back(id);
          break;
        case Op::set_subscript: change(id, operand(id, 0), operand(id, 2)); break;
        case Op::augment_subscript: case Op::delete_subscript: change(id, operand(id, 0), none); break;
        case Op::call: {
          EventId callee = operand(id, 0);
          if (callee == none || f.events[callee].op != Op::attribute) break;
          std::string_view method = name_of(callee);
          int stored = stored_argument(method);
          if (stored >= 0) change(id, operand(callee, 0), operand(id, uint32_t(stored) + 1));
          else if (only_removes(method)) change(id, operand(callee, 0), none);
          break;
        }
        default: break;
      }
    }
  }
  for (ScopeId scope = 1; scope < f.scopes.size(); ++scope)
    for (auto [name, op] : scopes[scope].declared)
      if (op == Op::global && scopes[scope].names.contains(name)) global_writers[name].push_back(scope);
  if (f.language == facts::Language::python) index_constants();
}

}  // namespace forklint::model
