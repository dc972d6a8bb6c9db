// What a few builtins, and the methods of displays, do with their arguments: the semantics of the language, for which no
// row would be enough.
#include "analyzer/model/evaluator.h"

namespace forklint::model {

// Builtins whose result is made of their arguments.
std::optional<Values> Evaluator::special_result(const std::string& name, ValueId callee, Site call, FrameId frame) {
  auto argument_values = [&](uint32_t index) -> Values {
    auto arguments = arguments_of(call, frame);
    auto found = argument(arguments, {.position = int(index)});
    return found ? values_of(*found) : Values{};
  };
  if (name == "builtins.super") return super_object(call, frame);
  if (name == "builtins.getattr") {
    auto attribute_name = constant_string(argument_values(1));
    Values result;
    if (attribute_name) {
      std::string copy(*attribute_name);
      for (ValueId base : argument_values(0)) add(result, attribute(base, copy));
    }
    return result;
  }
  if (const knowledge::Api* row = api(callee); row && row->returns_argument) {
    auto given = argument(arguments_of(call, frame), *row->returns_argument);
    return given ? values_of(*given) : Values{};
  }
  if (const knowledge::Api* row = api(callee); row && row->returns_element) {
    auto given = argument(arguments_of(call, frame), *row->returns_element);
    Values result;
    for (ValueId container : given ? values_of(*given) : Values{}) add(result, elements(container));
    return result;
  }
  if (name == "builtins.next") {
    Values result;
    for (ValueId iterator : argument_values(0)) add(result, elements(iterator));
    return result;
  }
  if (name == "builtins.type") {
    auto arguments = arguments_of(call, frame);
    if (arguments.size() == 1) {
      Values result;
      for (ValueId value : argument_values(0)) add(result, class_of(value));
      return result;
    }
    return std::nullopt;
  }
  // wraps(f)(g), and decorators that hand back what they are given, are g.
  const Value it = values_[callee];
  if (it.kind == ValueKind::external) {
    const knowledge::Api* row = api(callee);
    if (row && row->decorator_keeps_function) {
      auto arguments = arguments_of(call, frame);
      if (arguments.size() == 1 && arguments[0].keyword == 0) {
        Values given = values_of(arguments[0]);
        if (!given.empty() && values_[given[0]].kind == ValueKind::function && !row->wraps) return given;
      }
    }
  }
  if (name.starts_with("builtins.list.")) {  // methods of displays
    std::string_view method = std::string_view(name).substr(14);
    Values result;
    if (method == "keys") return Values{make({.kind = ValueKind::object, .file = call.file, .index = call.event, .frame = frame, .symbol = intern("builtins.dict.keys")})};
    if (method == "pop" || method == "get" || method == "popleft" || method == "values" || method == "copy" || method == "items" || method == "setdefault") {
      bool view = method == "values" || method == "items";
      const Value base = values_[it.base];
      if (view && base.kind == ValueKind::container && program_.file(base.file).event(base.index).op == Op::dict)
        return Values{make({.kind = ValueKind::object, .file = call.file, .index = call.event, .frame = frame, .symbol = intern("builtins.dict.keys"), .base = it.base})};
      if (method == "copy" || view) return Values{it.base};
      Values keys = argument_values(0);
      return keys.empty() ? elements(it.base) : items(it.base, keys);
    }
    return result;
  }
  return std::nullopt;
}

Values Evaluator::super_object(Site call, FrameId frame) {
  const File& file = program_.file(call.file);
  ScopeId scope = file.scope_of(call.event);
  while (scope != 0 && !(file.facts.scopes[scope].kind == facts::ScopeKind::function && file.facts.scopes[file.facts.scopes[scope].parent].kind == facts::ScopeKind::class_))
    scope = file.facts.scopes[scope].parent;
  if (scope == 0) return {};
  ScopeId owner = file.facts.scopes[scope].parent;
  Values receivers;
  const facts::Scope& method = file.facts.scopes[scope];
  if (method.parameters.size() > 0) receivers = parameter_values(call.file, scope, method.parameters.begin, file.scope_of(call.event) == scope ? frame : any_frame);
  Values result;
  for (ValueId receiver : receivers) add(result, make({.kind = ValueKind::super_, .file = call.file, .index = owner, .base = receiver}));
  return result;
}

}  // namespace forklint::model
