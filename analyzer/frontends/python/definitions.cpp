// Imports, functions and classes.
#include <algorithm>

#include "analyzer/frontends/python/lowering.h"

namespace forklint::frontends::python {

void Lowering::import_statement(TSNode node) {
  Children children(tree_, node);
  for (size_t i = 0; i < children.size(); ++i) {
    Child child = children[i];
    if (child.kind == Kind::aliased_import_) {
      Children parts(tree_, child.node);
      TSNode module = parts.field(Field::name), alias = parts.field(Field::alias);
      if (ts_node_is_null(module) || ts_node_is_null(alias)) continue;
      EventId value = builder_.emit(Op::import, span_of(module), name(module), {}, 0);
      builder_.emit(Op::bind, span_of(alias), name(alias), {value});
    } else if (child.kind == Kind::dotted_name_) {
      std::string_view text = tree_.text(child.node);
      EventId value = builder_.emit(Op::import, span_of(child.node), builder_.name(text), {}, 0);
      size_t dot = text.find('.');
      Op op = dot == std::string_view::npos ? Op::bind : Op::bind_module;
      builder_.emit(op, span_of(child.node), builder_.name(text.substr(0, dot)), {value});
    }
  }
}

EventId Lowering::import_module(TSNode module_name) {
  std::string_view text = tree_.text(module_name);
  uint32_t level = 0;
  size_t at = 0;
  for (; at < text.size() && (text[at] == '.' || text[at] == ' '); ++at) level += text[at] == '.';
  return builder_.emit(Op::import, span_of(module_name), builder_.name(text.substr(at)), {}, level);
}

void Lowering::import_from_statement(TSNode node) {
  Children children(tree_, node);
  TSNode module_name = children.field(Field::module_name);
  if (ts_node_is_null(module_name)) return;
  EventId module = import_module(module_name);
  for (size_t i = 0; i < children.size(); ++i) {
    Child child = children[i];
    if (child.kind == Kind::wildcard_import_) {
      builder_.emit(Op::import_star, span_of(child.node), facts::name_positional, {module});
      continue;
    }
    if (child.field != Field::name) continue;
    TSNode member = child.node, alias = child.node;
    if (child.kind == Kind::aliased_import_) {
      Children parts(tree_, child.node);
      member = parts.field(Field::name);
      alias = parts.field(Field::alias);
      if (ts_node_is_null(member) || ts_node_is_null(alias)) continue;
    }
    EventId value = builder_.emit(Op::import_from, span_of(member), name(member), {module});
    builder_.emit(Op::bind, span_of(alias), name(alias), {value});
  }
}

void Lowering::queue(ScopeId scope, TSNode body, Kind kind) {
  pending_.push_back({scope, body, kind});
}

// Annotations are facts (they say what a parameter holds) but may never be evaluated.
EventId Lowering::annotation(TSNode type) {
  builder_.begin(RegionKind::annotation, facts::none, builder_.new_statement());
  EventId value = expression(type);
  builder_.end();
  return value;
}

std::vector<facts::Parameter> Lowering::parameters(TSNode node) {
  std::vector<facts::Parameter> result;
  if (ts_node_is_null(node)) return result;
  auto kind = facts::ParameterKind::positional;
  Children children(tree_, node);
  for (size_t i = 0; i < children.size(); ++i) {
    Child child = children[i];
    std::string_view text = tree_.text(child.node);
    if (text == "/") {
      for (facts::Parameter& before : result) before.kind = facts::ParameterKind::positional_only;
      continue;
    }
    if (text == "*") {
      kind = facts::ParameterKind::keyword_only;
      continue;
    }
    facts::Parameter parameter{.kind = kind, .span = span_of(child.node)};
    TSNode named = child.node;
    if (child.kind == Kind::default_parameter_ || child.kind == Kind::typed_default_parameter_ || child.kind == Kind::typed_parameter_) {
      Children parts(tree_, child.node);
      named = parts.field(Field::name);
      if (ts_node_is_null(named) && parts.size() > 0) named = parts[0].node;
      if (TSNode type = parts.field(Field::type); !ts_node_is_null(type)) parameter.annotation = annotation(type);
      if (TSNode value = parts.field(Field::value); !ts_node_is_null(value)) parameter.default_value = expression(value);
    }
    if (ts_node_is_null(named)) continue;
    Kind named_kind = kind_of(named);
    if (named_kind == Kind::list_splat_pattern_ || named_kind == Kind::dictionary_splat_pattern_) {
      bool keywords = named_kind == Kind::dictionary_splat_pattern_;
      parameter.kind = keywords ? facts::ParameterKind::keywords : facts::ParameterKind::variadic;
      kind = facts::ParameterKind::keyword_only;
      if (ts_node_named_child_count(named) == 0) continue;
      named = ts_node_named_child(named, 0);
    }
    parameter.name = name(named);
    result.push_back(parameter);
  }
  return result;
}

std::vector<EventId> Lowering::decorators(TSNode decorated) {
  std::vector<EventId> result;
  if (ts_node_is_null(decorated)) return result;
  Children children(tree_, decorated);
  for (size_t i = 0; i < children.size(); ++i) {
    if (children[i].kind != Kind::decorator_) continue;
    Children parts(tree_, children[i].node);
    if (parts.size() > 0) result.push_back(expression(parts[0].node, parts[0].kind));
  }
  return result;
}

void Lowering::bind_decorated(EventId value, const std::vector<EventId>& decorators, TSNode name_node) {
  for (size_t i = decorators.size(); i-- > 0;) {
    Span span = builder_.facts().events[decorators[i]].span;
    value = builder_.emit(Op::decorate, span, facts::name_positional, {decorators[i], value});
  }
  if (!ts_node_is_null(name_node)) builder_.emit(Op::bind, span_of(name_node), name(name_node), {value});
}

void Lowering::function_definition(TSNode node, TSNode decorated) {
  std::vector<EventId> wrappers = decorators(decorated);
  Children children(tree_, node);
  TSNode name_node = children.field(Field::name);
  std::vector<facts::Parameter> list = parameters(children.field(Field::parameters));
  NameId function_name = ts_node_is_null(name_node) ? facts::name_positional : name(name_node);
  ScopeId scope = builder_.add_scope(ScopeKind::function, scope_, function_name, span_of(node));
  builder_.set_parameters(scope, list);
  if (children.starts_with_async()) builder_.mark(scope, facts::scope_async);
  Span head = ts_node_is_null(name_node) ? span_of(node) : span_of(name_node);
  EventId value = builder_.emit(Op::function, head, function_name, {}, scope);
  builder_.define(scope, value);
  queue(scope, children.field(Field::body), Kind::function_definition_);
  bind_decorated(value, wrappers, name_node);
}

void Lowering::class_definition(TSNode node, TSNode decorated) {
  std::vector<EventId> wrappers = decorators(decorated);
  Children children(tree_, node);
  TSNode name_node = children.field(Field::name), bases = children.field(Field::superclasses);
  std::vector<Operand> operands;
  if (!ts_node_is_null(bases)) arguments(bases, operands);
  NameId class_name = ts_node_is_null(name_node) ? facts::name_positional : name(name_node);
  ScopeId scope = builder_.add_scope(ScopeKind::class_, scope_, class_name, span_of(node));
  Span head = ts_node_is_null(name_node) ? span_of(node) : span_of(name_node);
  EventId value = builder_.emit(Op::class_, head, class_name, operands, scope);
  builder_.define(scope, value);
  queue(scope, children.field(Field::body), Kind::class_definition_);
  bind_decorated(value, wrappers, name_node);
}

}  // namespace forklint::frontends::python
