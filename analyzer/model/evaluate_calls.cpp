// Calls: frames, arguments, results. What a few builtins do with their arguments is said here; everything else that
// is outside the program is said by the knowledge base.
#include <algorithm>

#include "analyzer/model/evaluator.h"

namespace forklint::model {

llvm::SmallVector<ArgumentRef, 4> Evaluator::arguments_of(Site call, FrameId frame) {
  llvm::SmallVector<ArgumentRef, 4> result;
  const File& file = program_.file(call.file);
  const facts::Event& event = file.event(call.event);
  if (event.op == Op::decorate) result.push_back({.site = {call.file, file.operand(call.event, 1)}, .frame = frame});
  if (event.op != Op::call) return result;
  for (uint32_t i = 1; i < event.operands_count; ++i) {
    const facts::Operand& operand = file.facts.operands_of(event)[i];
    ArgumentRef argument{.site = {call.file, operand.value}, .frame = frame};
    if (operand.keyword == facts::name_star) argument.star = true;
    else if (operand.keyword == facts::name_double_star) argument.double_star = true;
    else if (operand.keyword != facts::name_positional) argument.keyword = intern(file.name(operand.keyword));
    result.push_back(argument);
  }
  return result;
}

Values Evaluator::values_of(const ArgumentRef& argument) {
  if (argument.site.event == none || argument.value != unknown_value) return {argument.value};
  return evaluate(argument.site, argument.frame);
}

FrameId Evaluator::enter(ValueId function, Site call, FrameId caller) { return enter(function, arguments_of(call, caller), call, caller); }

FrameId Evaluator::enter(ValueId function, llvm::SmallVector<ArgumentRef, 4> arguments, Site call, FrameId caller) {
  const Value it = values_[function];
  ValueId receiver = it.kind == ValueKind::bound ? it.base : unknown_value;
  return intern_frame({.file = it.file, .scope = it.index, .closure = it.frame, .caller = caller, .call = call, .receiver = receiver, .arguments_known = true, .arguments = std::move(arguments)});
}

namespace {

// Position `index` among positional arguments, looking into star arguments of known length.
struct Positional {
  std::optional<ArgumentRef> found;
  bool unknown = false;  // a star argument of unknown length came first
};

Positional positional(Evaluator& evaluator, const llvm::SmallVector<ArgumentRef, 4>& arguments, uint32_t index) {
  uint32_t at = 0;
  for (const ArgumentRef& argument : arguments) {
    if (argument.keyword != 0 || argument.double_star) continue;
    if (!argument.star) {
      if (at++ == index) return {argument, false};
      continue;
    }
    Values held = evaluator.values_of(argument);
    if (held.size() != 1) return {std::nullopt, true};
    const Value& value = evaluator.value(held[0]);
    if (value.kind == ValueKind::container) {
      const File& file = evaluator.program().file(value.file);
      const facts::Event& event = file.event(value.index);
      if (event.op != Op::tuple && event.op != Op::list) return {std::nullopt, true};
      if (index < at + event.operands_count) return {ArgumentRef{.site = {value.file, file.operand(value.index, index - at)}, .frame = value.frame}, false};
      at += event.operands_count;
      continue;
    }
    if (evaluator.is_pair(held[0]) || (value.kind == ValueKind::object && evaluator.type_name(held[0]).starts_with("tuple["))) {
      Values element = evaluator.elements(held[0], index - at);
      if (element.size() != 1) return {std::nullopt, true};
      return {ArgumentRef{.value = element[0]}, false};
    }
    if (value.kind == ValueKind::packed) {  // *args handed on: the caller's own arguments
      const Frame& frame = evaluator.frame(value.frame);
      const File& file = evaluator.program().file(value.file);
      const facts::Scope& scope = file.facts.scopes[frame.scope];
      if (!frame.arguments_known) return {std::nullopt, true};
      uint32_t skip = value.index - scope.parameters.begin - (frame.receiver != unknown_value ? 1 : 0);
      Positional inner = positional(evaluator, frame.arguments, skip + (index - at));
      if (inner.found || inner.unknown) return inner;
      uint32_t count = 0;
      for (const ArgumentRef& given : frame.arguments) count += given.keyword == 0 && !given.double_star;
      at += count > skip ? count - skip : 0;
      continue;
    }
    return {std::nullopt, true};
  }
  return {};
}

std::optional<ArgumentRef> by_keyword(Evaluator& evaluator, const llvm::SmallVector<ArgumentRef, 4>& arguments, std::string_view keyword, int depth = 0) {
  for (const ArgumentRef& argument : arguments)
    if (argument.keyword != 0 && evaluator.symbol(argument.keyword) == keyword) return argument;
  for (const ArgumentRef& argument : arguments) {
    if (!argument.double_star || depth > 8) continue;
    for (ValueId held : evaluator.values_of(argument)) {
      const Value value = evaluator.value(held);
      if (value.kind == ValueKind::packed) {
        const Frame& frame = evaluator.frame(value.frame);
        if (!frame.arguments_known) continue;
        if (auto found = by_keyword(evaluator, frame.arguments, keyword, depth + 1)) return found;
      } else if (value.kind == ValueKind::container) {
        Values item = evaluator.item(held, keyword);
        if (!item.empty() && item[0] != unknown_value) return ArgumentRef{.site = argument.site, .frame = argument.frame, .value = item[0]};
      } else if (value.kind == ValueKind::object && evaluator.symbol(value.symbol) == "builtins.dict" && value.index != none) {
        if (auto found = by_keyword(evaluator, evaluator.arguments_of(value.site(), value.frame), keyword, depth + 1)) return found;
      }
    }
  }
  return {};
}

}  // namespace

std::optional<ArgumentRef> Evaluator::argument(const llvm::SmallVector<ArgumentRef, 4>& arguments, const knowledge::Argument& wanted) {
  if (!wanted.keyword.empty())
    if (auto found = by_keyword(*this, arguments, wanted.keyword)) return found;
  if (wanted.position >= 0) return positional(*this, arguments, uint32_t(wanted.position)).found;
  return {};
}

std::optional<ArgumentRef> Evaluator::bound_argument(const Frame& frame, const facts::Scope& scope, uint32_t parameter) {
  const File& file = program_.file(frame.file);
  const facts::Parameter& it = file.facts.parameters[parameter];
  if (it.kind != facts::ParameterKind::positional_only)
    if (auto found = by_keyword(*this, frame.arguments, file.name(it.name))) return found;
  if (it.kind == facts::ParameterKind::keyword_only) return {};
  uint32_t index = parameter - scope.parameters.begin;
  if (frame.receiver != unknown_value) {
    if (index == 0) return ArgumentRef{.value = frame.receiver};
    --index;
  }
  return positional(*this, frame.arguments, index).found;
}

std::optional<ArgumentRef> Evaluator::passed(Site read, FrameId frame_id) {
  const File& file = program_.file(read.file);
  if (read.event == none || file.event(read.event).op != Op::read) return {};
  NameId name = file.event(read.event).name;
  ScopeId scope = file.scope_of(read.event);
  ScopeId owner = binding_scope(read.file, scope, name);
  while (scope != owner && scope != 0) {
    if (frame_id != any_frame && frames_[frame_id].file == read.file && frames_[frame_id].scope == scope) frame_id = frames_[frame_id].closure;
    scope = file.facts.scopes[scope].parent;
  }
  const Frame frame = frames_[frame_id];
  if (owner == none || owner == 0 || frame_id == any_frame || frame.file != read.file || frame.scope != owner || !frame.arguments_known) return {};
  if (file.scopes[owner].names.contains(name)) return {};  // bound again inside
  const facts::Scope& it = file.facts.scopes[owner];
  for (uint32_t i = it.parameters.begin; i < it.parameters.end; ++i)
    if (file.facts.parameters[i].name == name) return bound_argument(frame, it, i);
  return {};
}

Values Evaluator::parameter_values(FileId file_id, ScopeId scope_id, uint32_t parameter, FrameId frame_id) {
  const File& file = program_.file(file_id);
  const facts::Scope& scope = file.facts.scopes[scope_id];
  const facts::Parameter& it = file.facts.parameters[parameter];
  if (frame_id == any_frame || frames_[frame_id].scope != scope_id || frames_[frame_id].file != file_id) {
    if (file.name(it.name) == ".0") return evaluate({file_id, file.operand(scope.definition, 0)}, any_frame);
    return unknown_parameter(file_id, scope_id, parameter, any_frame);
  }
  const Frame frame = frames_[frame_id];
  if (file.name(it.name) == ".0") return evaluate({file_id, file.operand(scope.definition, 0)}, frame.closure);
  if (it.kind == facts::ParameterKind::variadic || it.kind == facts::ParameterKind::keywords)
    return {make({.kind = ValueKind::packed, .file = file_id, .index = parameter, .frame = frame_id})};
  if (parameter == scope.parameters.begin && frame.receiver != unknown_value) return {frame.receiver};
  if (!frame.arguments_known) return unknown_parameter(file_id, scope_id, parameter, frame_id);
  if (auto argument = bound_argument(frame, scope, parameter)) return values_of(*argument);
  if (it.default_value != none) return evaluate({file_id, it.default_value}, frame.closure);
  return {unknown_value};
}

Values Evaluator::annotated(FileId file_id, ScopeId, EventId annotation, FrameId) {
  Values result;
  if (annotation == none) return result;
  for (ValueId type : Values(evaluate({file_id, annotation}, any_frame))) {
    const Value it = values_[type];
    if (it.kind == ValueKind::class_) {
      add(result, instance_of(type));
    } else if (it.kind == ValueKind::external) {
      const knowledge::Api* row = api(type);
      if (!row) continue;
      add(result, make({.kind = ValueKind::object, .file = file_id, .index = annotation, .symbol = intern(row->returns.empty() ? symbols_[it.symbol] : row->returns)}));
    }
  }
  return result;
}

// What a parameter holds when the caller is not known: what its annotation and default say, and anything else.
Values Evaluator::unknown_parameter(FileId file_id, ScopeId scope_id, uint32_t parameter, FrameId frame) {
  const File& file = program_.file(file_id);
  const facts::Parameter& it = file.facts.parameters[parameter];
  const facts::Scope& scope = file.facts.scopes[scope_id];
  Values result;
  bool is_method = scope.parent != none && file.facts.scopes[scope.parent].kind == facts::ScopeKind::class_ && scope.kind == facts::ScopeKind::function;
  if (is_method && parameter == scope.parameters.begin && it.kind != facts::ParameterKind::variadic) {
    // self, some instance of the class; cls the class itself
    ValueId owner = make({.kind = ValueKind::class_, .file = file_id, .index = scope.parent});
    std::string_view name = file.name(it.name);
    if (name == "self") return {instance_of(owner)};
    if (name == "cls" || name == "mcs") return {owner};
  }
  add(result, make({.kind = ValueKind::parameter, .file = file_id, .index = parameter, .frame = frame}));
  if (it.default_value != none) add(result, evaluate({file_id, it.default_value}, any_frame));
  add(result, annotated(file_id, scope_id, it.annotation, frame));
  return result;
}

Values Evaluator::returns_of(ValueId function, FrameId frame) {
  const Value it = values_[function];
  const File& file = program_.file(it.file);
  const facts::Scope& scope = file.facts.scopes[it.index];
  const ScopeIndex& index = file.scopes[it.index];
  Values result;
  for (EventId event : index.returns) {
    EventId value = file.operand(event, 0);
    if (value != none) add(result, evaluate({it.file, value}, frame));
  }
  (void)scope;
  return result;
}

Values Evaluator::call_result(ValueId callee, Site call, FrameId frame) {
  if (depth_ >= deepest) return {};
  Deeper deeper(depth_);
  const Value it = values_[callee];
  switch (it.kind) {
    case ValueKind::external: case ValueKind::method: return external_result(callee, call, frame);
    case ValueKind::function: case ValueKind::bound: {
      FrameId inside = enter(callee, call, frame);
      const facts::Scope& scope = program_.file(it.file).facts.scopes[it.index];
      Value running{.kind = ValueKind::generator, .file = it.file, .index = it.index, .frame = inside};
      if (scope.flags & facts::scope_generator) return {make(running)};
      if (scope.flags & facts::scope_async) {
        running.kind = ValueKind::coroutine;
        return {make(running)};
      }
      return returns_of(make({.kind = ValueKind::function, .file = it.file, .index = it.index, .frame = it.frame}), inside);
    }
    case ValueKind::class_: return {make({.kind = ValueKind::instance, .file = call.file, .index = call.event, .frame = frame, .base = callee})};
    case ValueKind::instance: {
      ValueId method = method_of(it.base, "__call__");
      if (method == unknown_value) return {};
      Value bound = values_[method];
      bound.kind = ValueKind::bound;
      bound.base = callee;
      return call_result(make(bound), call, frame);
    }
    case ValueKind::object: {
      auto inner = partial_function(callee);
      if (!inner) {  // calling an object: an instance of a class that a call made
        const knowledge::Api* row = maker(callee);
        if (row && row->delays) return {make({.kind = ValueKind::object, .file = call.file, .index = call.event, .frame = frame, .symbol = intern(symbols_[it.symbol] + ".__call__"), .base = callee})};
        if (row && !row->makes_class) {  // an object that can be called: Parallel(n_jobs=2)(tasks)
          Values result;
          for (ValueId method : attribute(callee, "__call__"))
            if (api(method)) add(result, external_result(method, call, frame));
          return result;
        }
        if (!row) return {};
        return {make({.kind = ValueKind::object, .file = call.file, .index = call.event, .frame = frame, .symbol = intern("builtins.object"), .base = callee})};
      }
      Values result;
      for (ValueId function : values_of(*inner)) {
        const Value f = values_[function];
        if (f.kind != ValueKind::function && f.kind != ValueKind::bound) {
          add(result, call_result(function, it.site(), it.frame));
          continue;
        }
        llvm::SmallVector<ArgumentRef, 4> arguments = arguments_of(it.site(), it.frame);
        if (!arguments.empty()) arguments.erase(arguments.begin());
        for (const ArgumentRef& more : arguments_of(call, frame)) arguments.push_back(more);
        FrameId inside = enter(function, arguments, call, frame);
        add(result, returns_of(make({.kind = ValueKind::function, .file = f.file, .index = f.index, .frame = f.frame}), inside));
      }
      return result;
    }
    default: return {};
  }
}

std::optional<ArgumentRef> Evaluator::partial_function(ValueId id) {
  const Value it = values_[id];
  if (it.kind != ValueKind::object || it.index == none || symbols_[it.symbol] != "functools.partial") return {};
  auto arguments = arguments_of(it.site(), it.frame);
  if (arguments.empty() || arguments[0].keyword != 0 || arguments[0].star) return {};
  return arguments[0];
}

Values Evaluator::external_result(ValueId callee, Site call, FrameId frame) {
  const Value it = values_[callee];
  const std::string name = symbols_[it.symbol];
  if (auto special = special_result(name, callee, call, frame)) return *special;
  const knowledge::Api* row = api(callee);
  ValueId receiver = it.kind == ValueKind::method ? it.base : unknown_value;
  if (row && row->returns == "self") return {receiver};
  if (row && row->returns == "None") return {make({.kind = ValueKind::constant, .index = uint32_t(Op::null), .symbol = intern("None")})};
  if (row && row->enters) {
    auto given = argument(arguments_of(call, frame), *row->enters);
    Values result;
    for (ValueId value : given ? values_of(*given) : Values{}) add(result, entered(value, call, frame));
    return result;
  }
  std::string type = !row ? name : !row->returns.empty() ? row->returns : row->names[0];
  return {make({.kind = ValueKind::object, .file = call.file, .index = call.event, .frame = frame, .symbol = intern(type), .base = receiver})};
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
  if (name == "typing.cast" || name == "copy.copy" || name == "copy.deepcopy") return argument_values(name == "typing.cast" ? 1 : 0);
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
        if (!given.empty() && values_[given[0]].kind == ValueKind::function && name != "functools.wraps") return given;
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
      auto key = constant_string(argument_values(0));
      if (key) {
        std::string copy(*key);
        return item(it.base, copy);
      }
      return elements(it.base);
    }
    return result;
  }
  return std::nullopt;
}

// A decorated function is what the decorator returns; the function itself where that is not known.
Values Evaluator::decorate(Site site, FrameId frame) {
  const File& file = program_.file(site.file);
  Site decorated{site.file, file.operand(site.event, 1)};
  Values functions = evaluate(decorated, frame);
  Values result;
  for (ValueId decorator : Values(evaluate({site.file, file.operand(site.event, 0)}, frame))) {
    const Value it = values_[decorator];
    if (it.kind == ValueKind::function || it.kind == ValueKind::bound) {
      llvm::SmallVector<ArgumentRef, 4> arguments{ArgumentRef{.site = decorated, .frame = frame}};
      FrameId inside = enter(decorator, arguments, site, frame);
      Values returned = returns_of(make({.kind = ValueKind::function, .file = it.file, .index = it.index, .frame = it.frame}), inside);
      for (ValueId value : returned) {
        ValueKind kind = values_[value].kind;
        bool callable = kind == ValueKind::function || kind == ValueKind::class_ || kind == ValueKind::instance || kind == ValueKind::object;
        if (callable) add(result, value);
      }
    } else if (const knowledge::Api* row = api(decorator); row && row->delays) {
      add(result, make({.kind = ValueKind::object, .file = site.file, .index = site.event, .frame = frame, .symbol = intern(row->names[0])}));
    } else if (it.kind == ValueKind::class_) {
      llvm::SmallVector<ArgumentRef, 4> arguments{ArgumentRef{.site = decorated, .frame = frame}};
      add(result, make({.kind = ValueKind::instance, .file = site.file, .index = site.event, .frame = frame, .base = decorator}));
    }
  }
  if (result.empty()) return functions;
  return result;
}

std::optional<std::string_view> Evaluator::constant_string(const Values& values) const {
  for (ValueId id : values)
    if (values_[id].kind == ValueKind::constant && Op(values_[id].index) == Op::string) return symbols_[values_[id].symbol];
  return {};
}

}  // namespace forklint::model
