// Facts -> text. The order of a scope's lines is the order of its events; regions are braces around them.
#include "analyzer/facts/text.h"

namespace forklint::facts {
namespace {

void append_quoted(std::string& out, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  out += '"';
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (uint8_t(c) < 0x20 || c == 0x7f) {
      out += "\\x";
      out += hex[uint8_t(c) >> 4];
      out += hex[uint8_t(c) & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_number(std::string& out, uint32_t number) { out += std::to_string(number); }

void append_span(std::string& out, Span span) {
  out += ' ';
  append_number(out, span.begin);
  out += '-';
  append_number(out, span.end);
}

void append_event_id(std::string& out, EventId id) {
  out += '%';
  if (id == none) out += '-';
  else append_number(out, id);
}

void append_operand(std::string& out, const FileFacts& facts, const Operand& operand) {
  out += ' ';
  if (operand.keyword == name_star || operand.keyword == name_double_star) {
    out += facts.name(operand.keyword);
  } else if (operand.keyword != name_positional) {
    out += facts.name(operand.keyword);
    out += '=';
  }
  append_event_id(out, operand.value);
}

void append_event(std::string& out, const FileFacts& facts, EventId id) {
  const Event& event = facts.events[id];
  append_event_id(out, id);
  out += ' ';
  out += to_string(event.op);
  if (event.flags & flag_async) out += " async";
  if (event.name != name_positional) {
    out += ' ';
    append_quoted(out, facts.name(event.name));
  }
  for (uint32_t i = 0; i < event.operands_count; ++i) append_operand(out, facts, facts.operands_of(event)[i]);
  if (event.extra != none) {
    out += " extra ";
    append_number(out, event.extra);
  }
  append_span(out, event.span);
  out += '\n';
}

void append_parameter(std::string& out, const FileFacts& facts, const Parameter& parameter) {
  out += "  parameter ";
  append_quoted(out, facts.name(parameter.name));
  out += ' ';
  out += to_string(parameter.kind);
  if (parameter.default_value != none) {
    out += " = ";
    append_event_id(out, parameter.default_value);
  }
  if (parameter.annotation != none) {
    out += " : ";
    append_event_id(out, parameter.annotation);
  }
  append_span(out, parameter.span);
  out += '\n';
}

void append_body(std::string& out, const FileFacts& facts, const Scope& scope) {
  RegionId current = none;
  RegionId next = scope.regions.begin;
  size_t depth = 1;
  EventId event = scope.events.begin;
  while (true) {
    if (next < scope.regions.end && facts.regions[next].parent == current && facts.regions[next].events.begin == event) {
      const Region& region = facts.regions[next];
      out.append(2 * depth++, ' ');
      out += to_string(region.kind);
      out += " #";
      append_number(out, region.statement);
      out += ' ';
      append_event_id(out, region.subject);
      out += " {\n";
      current = next++;
    } else if (current != none && facts.regions[current].events.end == event) {
      out.append(2 * --depth, ' ');
      out += "}\n";
      current = facts.regions[current].parent;
    } else if (event < scope.events.end) {
      out.append(2 * depth, ' ');
      append_event(out, facts, event++);
    } else {
      return;
    }
  }
}

void append_scope(std::string& out, const FileFacts& facts, ScopeId id) {
  const Scope& scope = facts.scopes[id];
  out += "scope ";
  append_number(out, id);
  out += ' ';
  out += to_string(scope.kind);
  out += ' ';
  append_quoted(out, facts.name(scope.name));
  if (scope.parent != none) {
    out += " parent ";
    append_number(out, scope.parent);
    out += " by ";
    append_event_id(out, scope.definition);
  }
  if (scope.flags & scope_async) out += " async";
  if (scope.flags & scope_generator) out += " generator";
  append_span(out, scope.span);
  out += '\n';
  for (uint32_t i = scope.parameters.begin; i < scope.parameters.end; ++i) append_parameter(out, facts, facts.parameters[i]);
  append_body(out, facts, scope);
}

}  // namespace

std::string print(const FileFacts& facts) {
  std::string out;
  out.reserve(facts.events.size() * 40);
  static constexpr std::string_view languages[] = {"python", "c", "cpp"};
  out += "language ";
  out += languages[size_t(facts.language)];
  out += '\n';
  for (ScopeId id = 0; id < facts.scopes.size(); ++id) append_scope(out, facts, id);
  for (const Comment& comment : facts.comments) {
    out += "comment";
    append_span(out, comment.span);
    append_span(out, comment.statement);
    out += '\n';
  }
  for (const Problem& problem : facts.problems) {
    out += "problem ";
    append_quoted(out, problem.message);
    append_span(out, problem.span);
    out += '\n';
  }
  return out;
}

}  // namespace forklint::facts
