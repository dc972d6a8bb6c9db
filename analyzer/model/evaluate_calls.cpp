// Calls: frames and results. What is outside the program gives what its row says.
#include "analyzer/model/evaluator.h"

namespace forklint::model {

FrameId Evaluator::enter(ValueId function, Site call, FrameId caller) { return enter(function, arguments_of(call, caller), call, caller); }

FrameId Evaluator::enter(ValueId function, llvm::SmallVector<ArgumentRef, 4> arguments, Site call, FrameId caller) {
  const Value it = values_[function];
  ValueId receiver = it.kind == ValueKind::bound ? it.base : unknown_value;
  return intern_frame({.file = it.file, .scope = it.index, .closure = it.frame, .caller = caller, .call = call, .receiver = receiver, .arguments_known = true, .arguments = std::move(arguments)});
}

// An arm at the function's own level whose test is known to hold: what comes after a return in it does not run.
bool Evaluator::surely_taken(FileId file_id, RegionId region, FrameId frame) {
  if (region == none || frame == any_frame) return false;
  const facts::Region& it = program_.file(file_id).facts.regions[region];
  bool arm = it.kind == facts::RegionKind::then_arm || it.kind == facts::RegionKind::else_arm;
  if (!arm || it.parent != none) return false;
  auto truth = certain_truth({file_id, it.subject}, frame);
  return truth && *truth == (it.kind == facts::RegionKind::then_arm);
}

Values Evaluator::returns_of(ValueId function, FrameId frame) {
  const Value it = values_[function];
  const File& file = program_.file(it.file);
  Values result;
  for (EventId event : file.scopes[it.index].returns) {
    RegionId region = file.event(event).region;
    if (never_runs(it.file, region, frame)) continue;  // if function is None: return decorator
    EventId value = file.operand(event, 0);
    if (value != none) add(result, evaluate({it.file, value}, frame));
    if (surely_taken(it.file, region, frame)) break;
  }
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
      return call_result(bound(method, callee), call, frame);
    }
    case ValueKind::object: {
      auto inner = partial_function(callee);
      if (!inner) {  // calling an object: an instance of a class that a call made
        const knowledge::Api* row = maker(callee);
        if (launches_when_called(callee)) return {make({.kind = ValueKind::object, .file = call.file, .index = call.event, .frame = frame, .symbol = intern(row->returns)})};
        if (launching_decorator(callee)) return {make({.kind = ValueKind::object, .file = call.file, .index = call.event, .frame = frame, .symbol = it.symbol, .base = callee})};
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

bool Evaluator::generates_fields(const Value& class_value) {
  const File& file = program_.file(class_value.file);
  for (EventId decoration : file.decorations(class_value.index))
    for (ValueId value : Values(evaluate({class_value.file, file.operand(decoration, 0)}, any_frame))) {
      const knowledge::Api* row = values_[value].kind == ValueKind::object ? maker(value) : api(value);
      if (row && row->makes_fields) return true;
    }
  return false;
}

const knowledge::Api* Evaluator::launching_decorator(ValueId decorator) {
  const Value it = values_[decorator];
  const knowledge::Api* row = it.kind == ValueKind::external ? api(decorator) : it.kind == ValueKind::object && it.index != none ? maker(decorator) : nullptr;
  return row && row->launch && row->launch->starts == knowledge::Starts::decorated ? row : nullptr;
}

const knowledge::Api* Evaluator::launches_when_called(ValueId object) {
  const knowledge::Api* row = values_[object].kind == ValueKind::object ? launching_decorator(object) : nullptr;
  if (!row || !row->launch->target) return nullptr;
  return argument(arguments_of(values_[object].site(), values_[object].frame), *row->launch->target) ? row : nullptr;
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
  bool described = row && row->launch && row->launch->starts == knowledge::Starts::decorated;  // what it returns, it returns when that is called
  std::string type = !row ? name : !row->returns.empty() && !described ? row->returns : row->names[0];
  return {make({.kind = ValueKind::object, .file = call.file, .index = call.event, .frame = frame, .symbol = intern(type), .base = receiver})};
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
    } else if (const knowledge::Api* launching = launching_decorator(decorator)) {
      add(result, make({.kind = ValueKind::object, .file = site.file, .index = site.event, .frame = frame, .symbol = intern(launching->names[0]), .base = decorator}));
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
