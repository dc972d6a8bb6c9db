// Makes FileFacts. A frontend opens scopes one after the other (nested bodies are queued, so that the events of a
// scope are contiguous), and emits events and regions in evaluation order. Not thread-safe; one per file.
#pragma once

#include <initializer_list>
#include <span>

#include "analyzer/facts/facts.h"

namespace forklint::facts {

class Builder {
 public:
  explicit Builder(Language language);

  NameId name(std::string_view text);

  // Declares a scope; its body is emitted later, between open() and close().
  ScopeId add_scope(ScopeKind kind, ScopeId parent, NameId name, Span span);
  void define(ScopeId scope, EventId definition) { facts_.scopes[scope].definition = definition; }
  void mark(ScopeId scope, ScopeFlags flag) { facts_.scopes[scope].flags |= flag; }
  void set_parameters(ScopeId scope, std::span<const Parameter> parameters);

  void open(ScopeId scope);
  void close();

  // Regions nest. Arms of one statement carry the same number, from new_statement().
  uint32_t new_statement() { return statement_++; }
  RegionId begin(RegionKind kind, EventId subject, uint32_t statement);
  void set_subject(RegionId region, EventId subject) { facts_.regions[region].subject = subject; }
  void end();

  EventId emit(Op op, Span span, NameId name = name_positional, std::initializer_list<EventId> operands = {}, uint32_t extra = none);
  EventId emit(Op op, Span span, NameId name, std::span<const Operand> operands, uint32_t extra = none);
  void flag(EventId event, EventFlags flag) { facts_.events[event].flags |= flag; }

  FileFacts& facts() { return facts_; }
  FileFacts take() { return std::move(facts_); }

 private:
  size_t slot_of(std::string_view text) const;
  void grow();

  FileFacts facts_;
  // Ids of names by their hash, `none` where nothing is; never more than half full.
  std::vector<NameId> slots_;
  ScopeId scope_ = none;
  RegionId region_ = none;
  uint32_t statement_ = 0;
};

}  // namespace forklint::facts
