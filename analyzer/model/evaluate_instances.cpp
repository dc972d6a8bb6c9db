// Instances: how they are made, what their methods write to them.
#include "analyzer/model/evaluator.h"
#include "analyzer/model/own_objects.h"

namespace forklint::model {
llvm::SmallVector<Site, 4> Evaluator::attribute_writes(ValueId class_value, std::string_view name) {
  llvm::SmallVector<Site, 4> result;
  for (ValueId base : linearised(class_value)) {
    const Value it = values_[base];
    if (it.kind != ValueKind::class_) continue;
    const File& file = program_.file(it.file);
    NameId id = file.find_name(name);
    auto writes = id == none ? file.attribute_writes.end() : file.attribute_writes.find(id);
    if (writes == file.attribute_writes.end()) continue;
    for (EventId write : writes->second) {
      ScopeId method = enclosing_method(file, file.scope_of(write));
      if (method == none || file.facts.scopes[method].parent != it.index) continue;
      if (is_own_object(file, file.operand(write, 0), method)) result.push_back({it.file, write});
    }
  }
  return result;
}

void Evaluator::each_construction(ValueId instance, llvm::function_ref<bool(const Construction&)> stops) {
  constexpr size_t most = 6;
  const Value it = values_[instance];
  llvm::SmallVector<Construction, 2> open{{method_of(it.base, "__init__"), any_frame, arguments_of(it.site(), it.frame), it.site(), it.frame}};
  for (size_t i = 0; i < open.size(); ++i) {
    Construction& now = open[i];
    const Value function = values_[now.constructor];
    const bool by_nobody = i == 0 && it.index == none;  // known
    if (now.constructor != unknown_value && by_nobody) now.frame = enter_unknown(function.file, function.index, instance);
    else if (now.constructor != unknown_value) now.frame = enter(make({.kind = ValueKind::bound, .file = function.file, .index = function.index, .frame = function.frame, .base = instance}), now.arguments, now.call, now.caller);
    if (stops(now)) return;
    if (now.constructor == unknown_value) continue;
    const FrameId frame = now.frame;
    const File& home = program_.file(function.file);
    const facts::Scope& scope = home.facts.scopes[function.index];
    for (EventId id = scope.events.begin; id < scope.events.end && open.size() < most; ++id) {
      EventId callee = home.event(id).op == Op::call ? home.operand(id, 0) : none;
      if (callee == none || home.event(callee).op != Op::attribute || home.name_of(callee) != "__init__") continue;
      // super().__init__(…), or Base.__init__(self, …), which binds its receiver by hand
      Construction above{unknown_value, any_frame, arguments_of({function.file, id}, frame), {function.file, id}, frame};
      if (home.event(home.operand(callee, 0)).op != Op::call) {
        if (above.arguments.empty() || !is_own_object(home, above.arguments[0].site.event, function.index)) continue;
        above.arguments.erase(above.arguments.begin());
      }
      for (ValueId value : Values(evaluate({function.file, callee}, frame)))
        if (const Value base = values_[value]; base.kind == ValueKind::bound || base.kind == ValueKind::function) above.constructor = make({.kind = ValueKind::function, .file = base.file, .index = base.index, .frame = base.frame});
      open.push_back(std::move(above));
    }
  }
}

// The activation of a constructor when an instance is made: of its class's own one, or of a base's.
FrameId Evaluator::construction(FileId file, ScopeId constructor, ValueId instance) {
  std::optional<FrameId> found;
  each_construction(instance, [&](const Construction& it) {
    const Value function = values_[it.constructor];
    if (it.constructor != unknown_value && function.file == file && function.index == constructor) found = it.frame;
    return found.has_value();
  });
  return found ? *found : enter_unknown(file, constructor, instance);
}

Values Evaluator::written(Site write, ValueId instance) {
  const File& file = program_.file(write.file);
  if (file.event(write.event).op != Op::set_attribute) return {};
  ScopeId scope = file.scope_of(write.event);
  ScopeId method = enclosing_method(file, scope);
  FrameId frame = any_frame;
  if (scope == method) {
    bool constructor = file.facts.name(file.facts.scopes[method].name) == "__init__";
    if (constructor) frame = construction(write.file, method, instance);
    else frame = enter_unknown(write.file, method, instance);
  }
  return evaluate({write.file, file.operand(write.event, 1)}, frame);
}

Values Evaluator::instance_attribute(ValueId instance, std::string_view name) {
  const Value it = values_[instance];
  Values result;
  if (name == "__class__") return {it.base};
  if (it.symbol != 0 && name == "value") return member_value(instance);
  for (Site write : attribute_writes(it.base, name)) add(result, written(write, instance));
  Values inherited = class_attribute(it.base, name, instance);
  // A default in the class body is still possible unless __init__ always writes the attribute.
  add(result, inherited);
  return result;
}

}  // namespace forklint::model
