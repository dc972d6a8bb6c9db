// Facts of every kind, made with the builder: one event of each op, one region and one scope of each kind.
#pragma once

#include "analyzer/facts/builder.h"

namespace forklint::facts {

inline constexpr size_t op_count = 0
#define OP(...) +1
#include "analyzer/facts/ops.def"
    ;
inline constexpr size_t region_count = 0
#define REGION(...) +1
#include "analyzer/facts/ops.def"
    ;

// A module whose event 0 defines every other scope.
inline FileFacts module_with(std::initializer_list<ScopeKind> inner) {
  Builder builder(Language::python);
  ScopeId module = builder.add_scope(ScopeKind::module, none, name_positional, {0, 90});
  builder.open(module);
  EventId definition = builder.emit(Op::read, {0, 4}, builder.name("base"));
  builder.close();
  for (ScopeKind kind : inner) {
    ScopeId scope = builder.add_scope(kind, module, builder.name("inner"), {5, 80});
    builder.define(scope, definition);
    builder.open(scope);
    builder.emit(Op::null, {6, 10});
    builder.close();
  }
  return builder.take();
}

// A module with one event; what opens a scope opens the module itself, which is enough for the text.
inline FileFacts event_of(Op op, std::string_view name, std::initializer_list<EventId> operands, uint32_t extra) {
  Builder builder(Language::python);
  builder.open(builder.add_scope(ScopeKind::module, none, name_positional, {0, 9}));
  builder.emit(Op::null, {0, 1});
  builder.emit(op, {1, 9}, builder.name(name), operands, extra);
  builder.close();
  return builder.take();
}

}  // namespace forklint::facts
