// One pass over a file's events: who binds which name where, what is changed in place, what scopes return.
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

NameId File::find_name(std::string_view text) const {
  auto it = name_ids_.find(text);
  return it == name_ids_.end() ? none : it->second;
}

llvm::SmallVector<EventId, 2> File::decorations(ScopeId scope) const {
  llvm::SmallVector<EventId, 2> result;
  for (auto it = decorated_by.find(facts.scopes[scope].definition); it != decorated_by.end(); it = decorated_by.find(it->second)) result.push_back(it->second);
  return result;
}

void File::index() {
  const facts::FileFacts& f = facts;
  for (NameId id = 0; id < f.names.size(); ++id) name_ids_.emplace(f.names[id], id);
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
}

}  // namespace forklint::model
