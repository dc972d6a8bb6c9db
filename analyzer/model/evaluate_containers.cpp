// Containers: what displays hold, what is put into them later, what iterating or indexing gives.
#include "analyzer/model/evaluator.h"
#include "analyzer/model/language.h"

namespace forklint::model {
namespace {

constexpr uint32_t most_elements = 16;
// What enumerate and zip give in each round: a tuple, by position.
constexpr std::string_view enumerated = "builtins.enumerate.__next__", zipped = "builtins.zip.__next__";

}  // namespace

// dict(name=value)
bool Evaluator::is_dict_call(const Value& value) const { return value.kind == ValueKind::object && value.index != none && symbols_[value.symbol] == "builtins.dict"; }

Values Evaluator::elements(ValueId id, std::optional<uint32_t> index) {
  uint64_t key = uint64_t(id) << 32 | (index ? uint64_t(*index) + 1 : 0);
  if (auto it = elements_.find(key); it != elements_.end()) return it->second == none ? Values{} : results_[it->second];
  if (depth_ >= deepest) return {};
  Deeper deeper(depth_);
  elements_[key] = none;  // a cycle adds nothing
  results_.push_back(find_elements(id, index));
  elements_[key] = uint32_t(results_.size() - 1);
  return results_.back();
}

Values Evaluator::find_elements(ValueId id, std::optional<uint32_t> index) {
  const Value it = values_[id];
  switch (it.kind) {
    case ValueKind::container: return container_elements(it, index);
    case ValueKind::packed: return packed_elements(it, index);
    case ValueKind::generator: {
      const File& file = program_.file(it.file);
      Values result;
      for (EventId yielded : file.scopes[it.index].yields) {
        EventId value = file.operand(yielded, 0);
        if (value == none) continue;
        if (file.event(yielded).op == Op::yield) add(result, evaluate({it.file, value}, it.frame));
      }
      return result;
    }
    case ValueKind::object: {
      const std::string& type = symbols_[it.symbol];
      if (type.starts_with("tuple[") || type.starts_with("list[")) {
        size_t open = type.find('[');
        std::string element = type.substr(open + 1, type.size() - open - 2);
        // Each position is an object of its own.
        return {make({.kind = ValueKind::object, .file = it.file, .index = it.index, .frame = it.frame, .symbol = intern(element), .base = make({.kind = ValueKind::constant, .index = uint32_t(Op::number), .symbol = intern(std::to_string(index.value_or(0))), .base = id})})};
      }
      if (is_dict_call(it)) {
        Values result;
        for (const ArgumentRef& given : arguments_of(it.site(), it.frame))
          for (ValueId value : values_of(given)) given.keyword != 0 ? add(result, value) : add(result, elements(value));
        add(result, changed_elements(it));
        return result;
      }
      // the values of a dict display, through its view
      if (type == "builtins.dict.keys" && it.base != unknown_value && values_[it.base].kind == ValueKind::container) return elements(it.base);
      if ((type == "builtins.enumerate" || type == "builtins.zip") && it.index != none)
        return {make({.kind = ValueKind::object, .file = it.file, .index = it.index, .frame = it.frame, .symbol = intern(type + ".__next__"), .base = id})};
      if (is_pair(id)) return pair_elements(it, index);
      // list(x), sorted(x), reversed(x) …: the elements of x
      if (it.index != none && builtin_has(type, BuiltinTrait::same_elements)) {
        auto arguments = arguments_of(it.site(), it.frame);
        uint32_t position = type == "builtins.filter" ? 1 : 0;
        Values result;
        if (arguments.size() > position)
          for (ValueId held : values_of(arguments[position])) add(result, elements(held));
        add(result, changed_elements(it));
        return result;
      }
      return yielded_elements(it, maker(id));
    }
    case ValueKind::instance: {
      ValueId method = method_of(it.base, "__iter__");
      if (method == unknown_value) return {};
      const Value f = values_[method];
      FrameId frame = enter_unknown(f.file, f.index, id);
      if (program_.file(f.file).facts.scopes[f.index].flags & facts::scope_generator) return elements(make({.kind = ValueKind::generator, .file = f.file, .index = f.index, .frame = frame}));
      Values result;
      for (ValueId inner : returns_of(method, frame))
        if (inner != id) add(result, elements(inner));
      return result;
    }
    default: return {};
  }
}

// What an external iterator gives, as the row of what made it says: repeat(x), chain(a, b).
Values Evaluator::yielded_elements(const Value& iterator, const knowledge::Api* row) {
  Values result;
  if (!row || iterator.index == none || (row->yields.empty() && row->yields_elements.empty())) return result;
  auto given = arguments_of(iterator.site(), iterator.frame);
  auto each = [&](const std::vector<knowledge::Argument>& wanted, auto&& visit) {
    for (const knowledge::Argument& one : wanted) {
      if (one.rest) {
        for (size_t i = size_t(one.position); i < given.size(); ++i)
          if (given[i].keyword == 0 && !given[i].star && !given[i].double_star)
            for (ValueId value : values_of(given[i])) visit(value);
      } else if (auto argument = this->argument(given, one)) {
        for (ValueId value : values_of(*argument)) visit(value);
      }
    }
  };
  each(row->yields, [&](ValueId value) { add(result, value); });
  each(row->yields_elements, [&](ValueId value) { add(result, elements(value)); });
  return result;
}

bool Evaluator::is_pair(ValueId id) const {
  const Value& it = values_[id];
  return it.kind == ValueKind::object && (symbols_[it.symbol] == enumerated || symbols_[it.symbol] == zipped);
}

// One round of enumerate or zip: the element of each iterable.
Values Evaluator::pair_elements(const Value& pair, std::optional<uint32_t> index) {
  auto arguments = arguments_of(pair.site(), pair.frame);
  bool counted = symbols_[pair.symbol] == enumerated;
  Values result;
  for (uint32_t i = 0; i < arguments.size(); ++i) {
    if (counted && i > 0) break;
    if (arguments[i].keyword != 0 || arguments[i].star || (index && *index != i + counted)) continue;
    for (ValueId held : values_of(arguments[i])) add(result, elements(held));
  }
  return result;
}

Values Evaluator::container_elements(const Value& value, std::optional<uint32_t> index) {
  const File& file = program_.file(value.file);
  const facts::Event& event = file.event(value.index);
  Values result;
  if (event.op == Op::comprehension) {
    FrameId inside = enter_inner(value.file, event.extra, value.frame);
    for (EventId yielded : file.scopes[event.extra].yields) {
      EventId element = file.operand(yielded, 0);
      if (file.name(event.name) == "dict") element = file.operand(element, 1);
      add(result, evaluate({value.file, element}, inside));
    }
    return result;
  }
  bool pairs = event.op == Op::dict;
  bool sequence = event.op == Op::tuple || event.op == Op::list;
  for (uint32_t i = 0; i < event.operands_count && i < most_elements; ++i) {
    const facts::Operand& operand = file.facts.operands_of(event)[i];
    if (operand.keyword == facts::name_star || operand.keyword == facts::name_double_star) {
      for (ValueId inner : Values(evaluate({value.file, operand.value}, value.frame))) add(result, elements(inner));
      sequence = false;
      continue;
    }
    if (pairs) {
      // Iterating a dict gives its keys, but what matters is what it holds: the values.
      if (i + 1 < event.operands_count) add(result, evaluate({value.file, file.operand(value.index, ++i)}, value.frame));
      continue;
    }
    if (index && sequence && i != *index) continue;
    add(result, evaluate({value.file, operand.value}, value.frame));
  }
  if (event.op != Op::tuple) add(result, changed_elements(value));
  return result;
}

Values Evaluator::packed_elements(const Value& value, std::optional<uint32_t> index) {
  const Frame frame = frames_[value.frame];
  Values result;
  if (!frame.arguments_known) return result;
  const File& file = program_.file(value.file);
  uint32_t skip = value.index - file.facts.scopes[frame.scope].parameters.begin - (frame.receiver != unknown_value ? 1 : 0);
  bool keywords = file.facts.parameters[value.index].kind == facts::ParameterKind::keywords;
  uint32_t at = 0;
  for (const ArgumentRef& argument : frame.arguments) {
    bool named = argument.keyword != 0 || argument.double_star;
    if (named != keywords) continue;
    if (!keywords && at++ < skip) continue;
    if (index && !keywords && at - 1 - skip != *index) continue;
    for (ValueId held : values_of(argument)) {
      if (argument.star || argument.double_star) add(result, elements(held));
      else add(result, held);
    }
  }
  return result;
}

Values Evaluator::item(ValueId container, std::string_view key) {
  if (depth_ >= deepest) return {};
  Deeper deeper(depth_);
  const Value it = values_[container];
  Values result;
  if (it.kind == ValueKind::packed) {
    const Frame frame = frames_[it.frame];
    if (!frame.arguments_known) return result;
    for (const ArgumentRef& argument : frame.arguments)
      if (argument.keyword != 0 && symbols_[argument.keyword] == key) add(result, values_of(argument));
    return result;
  }
  if (is_dict_call(it)) {
    bool open = false;
    for (const ArgumentRef& given : arguments_of(it.site(), it.frame)) {
      if (given.keyword != 0 && symbols_[given.keyword] == key) return values_of(given);
      if (given.keyword != 0) continue;
      for (ValueId other : values_of(given)) add(result, item(other, key));
      open = true;
    }
    if (result.empty() && open) result.push_back(unknown_value);
    add(result, changed_elements(it, key));
    return result;
  }
  if (it.kind != ValueKind::container) return result;
  const File& file = program_.file(it.file);
  const facts::Event& event = file.event(it.index);
  if (event.op == Op::comprehension) return elements(container);  // of any key
  if (event.op != Op::dict) return result;
  bool open = false;
  for (uint32_t i = 0; i < event.operands_count; ++i) {
    const facts::Operand& operand = file.facts.operands_of(event)[i];
    if (operand.keyword == facts::name_double_star) {
      for (ValueId inner : Values(evaluate({it.file, operand.value}, it.frame))) add(result, item(inner, key));
      open = true;
      continue;
    }
    if (i + 1 >= event.operands_count) break;
    auto text = constant_string(evaluate({it.file, operand.value}, it.frame));
    if (text && *text == key) return evaluate({it.file, file.operand(it.index, i + 1)}, it.frame);
    open |= !text;
    ++i;
  }
  if (result.empty() && open) result.push_back(unknown_value);
  add(result, changed_elements(it, key));
  return result;
}

// Under one of the keys; of a key that is not known, anything that the container holds.
Values Evaluator::items(ValueId container, const Values& keys) {
  Values result;
  for (ValueId key : keys) {
    const Value it = values_[key];
    bool text = it.kind == ValueKind::constant && Op(it.index) == Op::string;
    add(result, text ? item(container, std::string(symbols_[it.symbol])) : elements(container));
  }
  return result;
}

Values Evaluator::subscript(Site site, FrameId frame) {
  const File& file = program_.file(site.file);
  Site key_site{site.file, file.operand(site.event, 1)};
  const facts::Event& key = file.event(key_site.event);
  if (EventId stored = just_stored(file, site.event); stored != none) return evaluate({site.file, stored}, frame);
  Values result;
  for (ValueId base : Values(evaluate({site.file, file.operand(site.event, 0)}, frame))) {
    const Value it = values_[base];
    if (it.kind == ValueKind::container || it.kind == ValueKind::packed || (is_dict_call(it) && key.op != Op::slice)) {
      if (key.op == Op::number && file.name(key.name).size() < 4) {
        add(result, elements(base, uint32_t(std::atoi(std::string(file.name(key.name)).c_str()))));
      } else if (key.op == Op::slice) {
        add(result, base);
      } else {
        add(result, items(base, Values(evaluate(key_site, frame))));
      }
    } else if (it.kind == ValueKind::class_ || it.kind == ValueKind::external) {
      const knowledge::Api* row = it.kind == ValueKind::external ? api(base) : nullptr;
      if (!row || !row->is_object) add(result, base);  // Queue[int]
    } else if (it.kind == ValueKind::object) {
      if (key.op == Op::slice) {  // a part of it, where that is known to be no copy
        const knowledge::Api* row = program_.knowledge().find(symbols_[it.symbol] + ".__getitem__");
        if (row && row->returns == symbols_[it.symbol]) add(result, base);
        continue;
      }
      bool number = key.op == Op::number && file.name(key.name).size() < 4;
      add(result, elements(base, number ? std::optional<uint32_t>(uint32_t(std::atoi(std::string(file.name(key.name)).c_str()))) : std::nullopt));
    }
  }
  return result;
}

}  // namespace forklint::model
