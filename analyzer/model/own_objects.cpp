#include "analyzer/model/own_objects.h"

namespace forklint::model {

ScopeId enclosing_method(const File& file, ScopeId scope) {
  while (scope != 0) {
    const facts::Scope& it = file.facts.scopes[scope];
    if (it.kind == facts::ScopeKind::function && file.facts.scopes[it.parent].kind == facts::ScopeKind::class_) return scope;
    scope = it.parent;
  }
  return none;
}

bool is_own_object(const File& file, EventId base, ScopeId method) {
  const facts::Scope& it = file.facts.scopes[method];
  if (it.parameters.size() == 0 || base == none || file.event(base).op != Op::read) return false;
  return file.event(base).name == file.facts.parameters[it.parameters.begin].name;
}

std::optional<ScopeId> writing_class_method(const File& file, EventId write) {
  const ScopeId scope = file.scope_of(write);
  if (file.event(write).op != Op::set_attribute || scope != enclosing_method(file, scope)) return {};
  return file.name_of(file.operand(write, 0)) == "cls" ? std::optional(scope) : std::nullopt;
}

}  // namespace forklint::model
