// Arguments: which one a row or a parameter means, past stars and partials, and what parameters hold.
#include "analyzer/model/evaluator.h"

#include "analyzer/model/test_setup.h"

namespace forklint::model {
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

// The decorator that names a parameter and so gives it its values: @pytest.mark.parametrize("mode", [1, 2]), and commands
// whose options become arguments. The call; none when there is no such decorator.
EventId decorator_that_gives(const File& file, ScopeId function, NameId parameter) {
  std::string_view name = file.name(parameter);
  for (EventId decoration : file.decorations(function)) {
    EventId call = file.operand(decoration, 0);
    EventId first = call != none && file.event(call).op == Op::call && file.event(call).operands_count > 1 ? file.operand(call, 1) : none;
    if (first != none && file.event(first).op == Op::string && file.name_of(first) == name) return call;
  }
  return none;
}

}  // namespace

llvm::SmallVector<ArgumentRef, 4> Evaluator::arguments_of(Site call, FrameId frame) {
  llvm::SmallVector<ArgumentRef, 4> result;
  if (call.event == none) return result;  // of some instance: nobody knows where it was made
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
  Positional found = positional(*this, frame.arguments, index);
  return found.unknown ? ArgumentRef{} : found.found;  // given, or not: nobody knows
}

std::optional<ArgumentRef> Evaluator::passed(Site read, FrameId frame_id, bool or_default) {
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
  for (uint32_t i = it.parameters.begin; i < it.parameters.end; ++i) {
    if (file.facts.parameters[i].name != name) continue;
    auto given = bound_argument(frame, it, i);
    const EventId standard = file.facts.parameters[i].default_value;
    return given || !or_default || standard == none ? given : ArgumentRef{.site = {read.file, standard}, .frame = frame.closure};
  }
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
  if (auto argument = bound_argument(frame, scope, parameter)) {
    if (argument->site.event != none || argument->value != unknown_value) return values_of(*argument);
    Values result{make({.kind = ValueKind::parameter, .file = file_id, .index = parameter, .frame = frame_id})};  // given, but not known any more
    add(result, annotated(file_id, scope_id, it.annotation, frame_id));
    return result;
  }
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

// What a fixture of that name gives a test: what it returns or yields.
Values Evaluator::fixture_values(FileId file, ScopeId test, std::string_view parameter) {
  if (!fixtures_->asks(file, test)) return {};
  const Fixture* fixture = fixtures_->named(file, parameter);
  if (!fixture || (fixture->file == file && fixture->scope == test)) return {};
  if (program_.file(fixture->file).facts.scopes[fixture->scope].flags & facts::scope_generator) return elements(make({.kind = ValueKind::generator, .file = fixture->file, .index = fixture->scope}));
  return returns_of(make({.kind = ValueKind::function, .file = fixture->file, .index = fixture->scope}), any_frame);
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
  if (EventId decorator = decorator_that_gives(file, scope_id, it.name); decorator != none) {
    // What it gives is what counts: annotations of tests are seldom kept true.
    if (file.event(decorator).operands_count > 2)
      for (ValueId list : Values(evaluate({file_id, file.operand(decorator, 2)}, any_frame))) add(result, elements(list));
    return result;
  }
  if (Values given = fixture_values(file_id, scope_id, file.name(it.name)); !given.empty()) return given;
  if (it.default_value != none) add(result, evaluate({file_id, it.default_value}, any_frame));
  add(result, annotated(file_id, scope_id, it.annotation, frame));
  return result;
}

}  // namespace forklint::model
