// Attributes and classes: methods found along the bases, what class bodies hold, super().
#include <algorithm>

#include "analyzer/model/evaluator.h"
#include "analyzer/model/own_objects.h"

namespace forklint::model {
namespace {

constexpr size_t most_bases = 24;

template <class Accepts>
bool decorated_by(Evaluator& evaluator, FileId file_id, EventId binding, Accepts&& accepts) {
  const File& file = evaluator.program().file(file_id);
  EventId value = file.operand(binding, 0);
  while (value != none && file.event(value).op == Op::decorate) {
    for (ValueId decorator : Values(evaluator.evaluate({file_id, file.operand(value, 0)}, any_frame)))
      if (evaluator.value(decorator).kind == ValueKind::external && accepts(decorator)) return true;
    value = file.operand(value, 1);
  }
  return false;
}

bool decorated_with(Evaluator& evaluator, FileId file, EventId binding, std::string_view name) {
  return decorated_by(evaluator, file, binding, [&](ValueId decorator) { return evaluator.type_name(decorator) == name; });
}

bool bound_to_property(Evaluator& evaluator, FileId file, EventId binding) {
  return decorated_by(evaluator, file, binding, [&](ValueId decorator) {
    const knowledge::Api* row = evaluator.api(decorator);
    return row && row->makes_property;
  });
}

// The event that binds a name in a class body, last one first; none when it is not there.
EventId class_binding(const File& file, ScopeId class_scope, NameId name) {
  if (name == none) return none;
  auto it = file.scopes[class_scope].names.find(name);
  if (it == file.scopes[class_scope].names.end()) return none;
  for (size_t i = it->second.events.size(); i-- > 0;)
    if (file.event(it->second.events[i]).op == Op::bind) return it->second.events[i];
  return none;
}

}  // namespace

ValueId Evaluator::first_class(const Values& values) const {
  for (ValueId id : values)
    if (values_[id].kind == ValueKind::class_) return id;
  return unknown_value;
}

llvm::SmallVector<ValueId, 4> Evaluator::linearised(ValueId class_value) {
  if (auto it = linearised_.find(class_value); it != linearised_.end()) return it->second;
  llvm::SmallVector<ValueId, 4> result{class_value};
  for (size_t i = 0; i < result.size() && result.size() < most_bases; ++i) {
    const Value it = values_[result[i]];
    if (it.kind != ValueKind::class_) continue;
    const File& file = program_.file(it.file);
    EventId definition = file.facts.scopes[it.index].definition;
    const facts::Event& event = file.event(definition);
    for (uint32_t j = 0; j < event.operands_count; ++j) {
      const facts::Operand& operand = file.facts.operands_of(event)[j];
      if (operand.keyword != facts::name_positional) continue;
      for (ValueId base : Values(evaluate({it.file, operand.value}, it.frame)))
        if (base != unknown_value && std::find(result.begin(), result.end(), base) == result.end()) result.push_back(base);
    }
  }
  linearised_[class_value] = result;
  return result;
}

ValueId Evaluator::external_base(ValueId class_value) {
  ValueId first = unknown_value;
  for (ValueId base : linearised(class_value)) {
    ValueKind kind = values_[base].kind;
    if (kind != ValueKind::external && kind != ValueKind::method) continue;
    if (api(base)) return base;
    if (first == unknown_value) first = base;
  }
  return first;
}

const knowledge::Api* Evaluator::api(ValueId callee) {
  const Value it = values_[callee];
  SymbolId symbol = it.symbol;
  if (it.kind == ValueKind::class_) {
    ValueId base = external_base(callee);
    if (base == unknown_value || values_[base].kind == ValueKind::class_) return nullptr;
    symbol = values_[base].symbol;
  } else if (it.kind != ValueKind::external && it.kind != ValueKind::method) {
    return nullptr;
  }
  auto [row, added] = rows_.try_emplace(symbol, nullptr);
  if (added) row->second = program_.knowledge().find(symbols_[symbol]);
  return row->second;
}

const knowledge::Api* Evaluator::maker(ValueId object) {
  const Value it = values_[object];
  if (it.kind == ValueKind::instance) return api(it.base);
  if (it.kind != ValueKind::object) return nullptr;
  if (it.index == none) return program_.knowledge().find(symbols_[it.symbol]);
  // What was called, where the site is a call; the type's own row otherwise.
  const File& file = program_.file(it.file);
  if (file.event(it.index).op == Op::call)
    for (ValueId callee : Values(evaluate({it.file, file.operand(it.index, 0)}, it.frame)))
      if (const knowledge::Api* row = api(callee); row && (row->returns == symbols_[it.symbol] || (!row->names.empty() && row->names[0] == symbols_[it.symbol]))) return row;
  return program_.knowledge().find(symbols_[it.symbol]);
}

ValueId Evaluator::method_of(ValueId class_value, std::string_view name) {
  for (ValueId base : linearised(class_value)) {
    const Value it = values_[base];
    if (it.kind != ValueKind::class_) continue;
    const File& file = program_.file(it.file);
    EventId binding = class_binding(file, it.index, file.find_name(name));
    if (binding == none) continue;
    for (ValueId value : Values(evaluate({it.file, file.operand(binding, 0)}, it.frame == any_frame ? any_frame : enter_inner(it.file, it.index, it.frame))))
      if (values_[value].kind == ValueKind::function) return value;
    return unknown_value;
  }
  return unknown_value;
}

Values Evaluator::attribute(ValueId base, std::string_view name) {
  // No row is called so. Each link of a long chain of unknown calls would keep a name as long as the chain up to there.
  constexpr size_t longest_name = 400;
  const Value it = values_[base];
  if (symbols_[it.symbol].size() > longest_name) return {};
  switch (it.kind) {
    case ValueKind::external: return {external(symbols_[it.symbol] + "." + std::string(name))};
    case ValueKind::module: return module_member(it.file, name);
    case ValueKind::instance: return instance_attribute(base, name);
    case ValueKind::class_: {
      Values result = class_attribute(base, name, unknown_value);
      for (Site write : attribute_writes(base, name))
        if (auto method = writing_class_method(program_.file(write.file), write.event)) {
          const FileId home = write.file;
          add(result, evaluate({home, program_.file(home).operand(write.event, 1)}, enter_unknown(home, *method, base)));
        }
      return result;
    }
    case ValueKind::super_: return super_attribute(it, name);
    case ValueKind::object:
      if (const knowledge::Api* row = program_.knowledge().find(symbols_[it.symbol] + "." + std::string(name)); row && row->is_object && !row->returns.empty())
        return {make({.kind = ValueKind::object, .symbol = intern(row->returns), .base = base})};
      if (const knowledge::Api* row = program_.knowledge().find(symbols_[it.symbol]); row && !row->defaults_from.empty())
        if (Values defaults = default_attribute(row->defaults_from, name); !defaults.empty()) return defaults;
      return {make({.kind = ValueKind::method, .symbol = intern(symbols_[it.symbol] + "." + std::string(name)), .base = base})};
    case ValueKind::container: case ValueKind::packed:
      return {make({.kind = ValueKind::method, .symbol = intern("builtins.list." + std::string(name)), .base = base})};
    case ValueKind::constant:
      if (Op(it.index) == Op::null) return {};  // None has none: what is called is the other thing that a variable may hold
      return {make({.kind = ValueKind::method, .symbol = intern("builtins.str." + std::string(name)), .base = base})};
    case ValueKind::method:  // an attribute of an object: pool._ctx.Process, client.api.call
      return {make({.kind = ValueKind::method, .symbol = intern(symbols_[it.symbol] + "." + std::string(name)), .base = it.base})};
    default: return {};
  }
}

// parser.set_defaults(run=command) lets args.run be that command.
Values Evaluator::default_attribute(std::string_view setter, std::string_view name) {
  Values result;
  for (FileId id : program_.python_files()) {
    const File& file = program_.file(id);
    NameId method = file.find_name(setter), keyword = file.find_name(name);
    if (method == none || keyword == none) continue;
    for (EventId event = 0; event < file.facts.events.size(); ++event) {
      const facts::Event& call = file.event(event);
      EventId callee = call.op == Op::call ? file.operand(event, 0) : none;
      if (callee == none || file.event(callee).op != Op::attribute || file.event(callee).name != method) continue;
      for (uint32_t i = 1; i < call.operands_count; ++i)
        if (file.facts.operands_of(call)[i].keyword == keyword) add(result, evaluate({id, file.operand(event, i)}, any_frame));
    }
  }
  return result;
}

Values Evaluator::bind_function(ValueId function, ValueId class_value, ValueId receiver, ValueId asked) {
  Value it = values_[function];
  const knowledge::Api* row = it.kind == ValueKind::object && it.index != none && receiver != unknown_value ? maker(function) : nullptr;
  if (row && row->makes_property) {  // size = property(get_size)
    auto arguments = arguments_of(it.site(), it.frame);
    const Value getter = arguments.empty() ? Value{} : values_[values_of(arguments[0])[0]];
    return getter.kind == ValueKind::function ? returns_of(make(getter), enter_unknown(getter.file, getter.index, receiver)) : Values{unknown_value};
  }
  if (it.kind != ValueKind::function) return {function};
  const File& file = program_.file(it.file);
  EventId definition = file.facts.scopes[it.index].definition;
  // How the class holds it: find the binding that leads to the definition.
  std::string_view name = file.facts.name(file.facts.scopes[it.index].name);
  const Value owner = values_[class_value];
  EventId binding = owner.kind == ValueKind::class_ && owner.file == it.file ? class_binding(file, owner.index, file.find_name(name)) : none;
  if (binding != none && file.operand(binding, 0) != definition) {
    if (decorated_with(*this, it.file, binding, "builtins.staticmethod")) return {function};
    if (decorated_with(*this, it.file, binding, "builtins.classmethod"))
      return {make({.kind = ValueKind::bound, .file = it.file, .index = it.index, .frame = it.frame, .base = class_of(receiver) == unknown_value ? asked : class_of(receiver)})};
    if (receiver == unknown_value) return {function};
    if (bound_to_property(*this, it.file, binding)) return returns_of(function, enter_unknown(it.file, it.index, receiver));
  }
  if (receiver == unknown_value) return {function};
  return {make({.kind = ValueKind::bound, .file = it.file, .index = it.index, .frame = it.frame, .base = receiver})};
}

Values Evaluator::class_attribute(ValueId class_value, std::string_view name, ValueId receiver) {
  for (ValueId base : linearised(class_value)) {
    const Value it = values_[base];
    if (it.kind == ValueKind::class_) {
      const File& file = program_.file(it.file);
      NameId id = file.find_name(name);
      EventId binding = class_binding(file, it.index, id);
      if (binding == none) continue;
      FrameId frame = it.frame == any_frame ? any_frame : enter_inner(it.file, it.index, it.frame);
      Values held, result;
      for (EventId possible : reaching(it.file, it.index, id, none))  // one in each arm of an if
        if (file.event(possible).op == Op::bind) add(held, evaluate({it.file, file.operand(possible, 0)}, frame));
      for (ValueId value : held) {
        // Mode.FAST is a member of the enumeration, whatever it was made from.
        bool member = receiver == unknown_value && (values_[value].kind == ValueKind::constant || values_[value].kind == ValueKind::container) && is_enumeration(class_value);
        add(result, member ? Values{make({.kind = ValueKind::instance, .symbol = intern(name), .base = class_value})} : bind_function(value, base, receiver, class_value));
      }
      return result;
    }
    if ((it.kind == ValueKind::external || it.kind == ValueKind::method) && it.symbol != 0) {
      std::string qualified = symbols_[it.symbol] + "." + std::string(name);
      const knowledge::Api* row = api(base);
      if (row && !row->names.empty()) {
        std::string type = row->returns.empty() || row->returns == "self" ? row->names[0] : row->returns;
        return {make({.kind = ValueKind::method, .symbol = intern(type + "." + std::string(name)), .base = receiver == unknown_value ? class_value : receiver})};
      }
      return {make({.kind = ValueKind::method, .symbol = intern(qualified), .base = receiver == unknown_value ? class_value : receiver})};
    }
  }
  return {};
}

bool Evaluator::is_enumeration(ValueId class_value) {
  for (ValueId base : linearised(class_value))
    if (const knowledge::Api* row = values_[base].kind == ValueKind::external ? api(base) : nullptr; row && row->enumeration) return true;
  return false;
}

bool Evaluator::names_property(std::string_view name) {
  if (!property_names_) {
    property_names_.emplace();
    for (FileId id : program_.python_files())
      for (const File& file = program_.file(id); const facts::Event& event : file.facts.events) {
        if (event.op != Op::decorate) continue;
        const facts::Event& decorated = file.event(file.facts.operands_of(event)[1].value);
        if (decorated.op != Op::function && decorated.op != Op::decorate) continue;
        const facts::Event& decorator = file.event(file.facts.operands_of(event)[0].value);
        bool named = decorator.op == Op::read || decorator.op == Op::attribute;
        if (named && file.name(decorator.name).ends_with("property") && decorated.op == Op::function) property_names_->insert(file.name(file.facts.scopes[decorated.extra].name));
      }
  }
  return property_names_->contains(name);
}

bool Evaluator::is_property(ValueId class_value, std::string_view name) {
  for (ValueId base : linearised(class_value)) {
    const Value it = values_[base];
    if (it.kind != ValueKind::class_) continue;
    const File& file = program_.file(it.file);
    EventId binding = class_binding(file, it.index, file.find_name(name));
    if (binding == none) continue;
    return bound_to_property(*this, it.file, binding);
  }
  return false;
}

Values Evaluator::member_value(ValueId member) {
  const Value it = values_[member];
  const Value owner = it.kind == ValueKind::instance && it.symbol != 0 ? values_[it.base] : Value{};
  if (owner.kind != ValueKind::class_) return {};
  const File& file = program_.file(owner.file);
  EventId binding = class_binding(file, owner.index, file.find_name(symbols_[it.symbol]));
  return binding == none ? Values{} : evaluate({owner.file, file.operand(binding, 0)}, any_frame);
}

Values Evaluator::super_attribute(const Value& value, std::string_view name) {
  ValueId receiver = value.base;
  ValueId owner = make({.kind = ValueKind::class_, .file = value.file, .index = value.index, .frame = value.frame});
  auto bases = linearised(owner);
  for (size_t i = 1; i < bases.size(); ++i) {
    const Value it = values_[bases[i]];
    if (it.kind == ValueKind::class_) {
      const File& file = program_.file(it.file);
      if (class_binding(file, it.index, file.find_name(name)) == none) continue;
    }
    return class_attribute(bases[i], name, receiver);
  }
  return {};
}

}  // namespace forklint::model
