// The evaluator's frame: interning, and the dispatch over events.
#include "analyzer/model/evaluator.h"

#include "analyzer/model/test_setup.h"

#include <algorithm>

namespace forklint::model {
namespace {

constexpr uint16_t deepest_frame = 3;

}  // namespace

void add(Values& values, ValueId value) {
  if (std::find(values.begin(), values.end(), value) != values.end()) return;
  if (values.size() < most_values) values.push_back(value);
  else if (values[most_values - 1] != unknown_value) values[most_values - 1] = unknown_value;
}

void add(Values& values, const Values& others) {
  for (ValueId value : others) add(values, value);
}

static unsigned mixed(std::initializer_list<uint64_t> parts) {
  uint64_t hash = 0;
  for (uint64_t part : parts) hash = (hash ^ part) * 0x9E3779B97F4A7C15ull + (hash >> 29);
  return unsigned(hash >> 32);
}

// Events that follow each other in one frame are asked for one after the other: they lie side by side in the table.
unsigned Evaluator::KeyInfo::getHashValue(const Key& key) { return mixed({uint64_t(key.file) << 32 | key.frame}) + key.event; }

unsigned Evaluator::ValueInfo::getHashValue(const Value& v) {
  return mixed({uint64_t(v.kind) << 32 | v.file, uint64_t(v.index) << 32 | v.frame, uint64_t(v.symbol) << 32 | v.base});
}

Evaluator::~Evaluator() = default;

Evaluator::Evaluator(const Program& program) : program_(program), fixtures_(std::make_unique<Fixtures>(*this)) {
  values_.push_back({});
  frames_.push_back({});
  intern("");
}

SymbolId Evaluator::intern(std::string_view text) {
  auto it = symbol_ids_.find(text);
  if (it != symbol_ids_.end()) return it->second;
  symbols_.emplace_back(text);
  SymbolId id = SymbolId(symbols_.size() - 1);
  symbol_ids_.emplace(symbols_.back(), id);
  return id;
}

ValueId Evaluator::make(const Value& value) {
  auto [it, added] = value_ids_.try_emplace(value, ValueId(values_.size()));
  if (added) values_.push_back(value);
  return it->second;
}

ValueId Evaluator::external(std::string_view qualified) { return make({.kind = ValueKind::external, .symbol = intern(program_.knowledge().canonical(qualified))}); }

ValueId Evaluator::instance_of(ValueId class_value) { return make({.kind = ValueKind::instance, .base = class_value}); }

ValueId Evaluator::bound(ValueId method, ValueId receiver) {
  Value result = values_[method];
  result.kind = ValueKind::bound;
  result.base = receiver;
  return make(result);
}

// How deep the calls lie in which a value came to be.
uint16_t Evaluator::depth_of(ValueId value) const { return value == unknown_value ? 0 : frames_[values_[value].frame].depth; }

// The literal that an argument is, or that callers further up have given for the parameter that it is: it says the same
// wherever the call stands. Of any other, only that it was given.
ArgumentRef Evaluator::as_literal(ArgumentRef argument) {
  const ArgumentRef unknown{.keyword = argument.keyword, .star = argument.star, .double_star = argument.double_star};
  for (int up = 0; up <= deepest_frame; ++up) {
    if (argument.site.event == none || argument.star || argument.double_star) return unknown;
    const facts::Event& event = program_.file(argument.site.file).event(argument.site.event);
    if (event.op == Op::boolean || event.op == Op::null || event.op == Op::number || event.op == Op::string) return {.site = argument.site, .keyword = unknown.keyword};
    if (event.op != Op::read) return unknown;
    auto given = passed(argument.site, argument.frame, true);
    if (!given) return unknown;
    argument = *given;
  }
  return unknown;
}

static bool same_argument(const ArgumentRef& a, const ArgumentRef& b) { return a.site == b.site && a.value == b.value && a.keyword == b.keyword; }

// Frames hold values that were made in frames. Past the deepest one only the scope is remembered, of which class the
// receiver is, which parameters were given and the literals among them, which may choose what is done: otherwise objects
// that make each other would go on for ever.
FrameId Evaluator::intern_frame(Frame frame) {
  if (frame.caller != any_frame) frame.depth = std::max(frame.depth, uint16_t(frames_[frame.caller].depth + 1));
  if (frame.receiver != unknown_value) frame.depth = std::max(frame.depth, uint16_t(depth_of(frame.receiver) + 1));
  frame.depth = std::max(frame.depth, frames_[frame.closure].depth);
  if (frame.depth > deepest_frame) {
    frame.caller = any_frame;
    for (ArgumentRef& argument : frame.arguments) argument = as_literal(argument);
    if (depth_of(frame.receiver) >= deepest_frame) frame.receiver = values_[frame.receiver].kind == ValueKind::instance ? instance_of(values_[frame.receiver].base) : unknown_value;
    if (frames_[frame.closure].depth >= deepest_frame) frame.closure = any_frame;
    frame.depth = deepest_frame;
  }
  uint64_t hash = 0;
  for (uint64_t part : {uint64_t(frame.file), uint64_t(frame.scope), uint64_t(frame.closure), uint64_t(frame.caller), uint64_t(frame.call.file), uint64_t(frame.call.event), uint64_t(frame.receiver), uint64_t(frame.arguments_known)})
    hash = (hash ^ part) * 0x9E3779B97F4A7C15ull + (hash >> 29);
  auto& bucket = frame_ids_[hash];
  for (FrameId id : bucket) {
    const Frame& other = frames_[id];
    if (other.file == frame.file && other.scope == frame.scope && other.closure == frame.closure && other.caller == frame.caller && other.call == frame.call &&
        other.receiver == frame.receiver && other.arguments_known == frame.arguments_known && std::equal(other.arguments.begin(), other.arguments.end(), frame.arguments.begin(), frame.arguments.end(), same_argument))
      return id;
  }
  frames_.push_back(std::move(frame));
  bucket.push_back(FrameId(frames_.size() - 1));
  return bucket.back();
}

FrameId Evaluator::enter_unknown(FileId file, ScopeId scope, ValueId receiver, FrameId closure) {
  if (receiver == unknown_value && closure == any_frame) return any_frame;
  return intern_frame({.file = file, .scope = scope, .closure = closure, .receiver = receiver});
}

FrameId Evaluator::enter_inner(FileId file, ScopeId scope, FrameId frame) {
  if (frame == any_frame) return any_frame;
  return intern_frame({.file = file, .scope = scope, .closure = frame, .depth = frames_[frame].depth});
}

const Values& Evaluator::evaluate(Site site, FrameId frame) {
  static const Values nothing{unknown_value};
  if (site.event == none) return nothing;
  if (frame != any_frame && program_.file(site.file).same_everywhere[site.event]) frame = any_frame;
  Key key{site.file, site.event, frame};
  if (auto it = memo_.find(key); it != memo_.end()) return it->second == none ? nothing : results_[it->second];  // none: a cycle
  if (depth_ >= deepest) return nothing;
  memo_[key] = none;
  ++depth_;
  Values result = compute(site, frame);
  --depth_;
  if (result.empty()) result.push_back(unknown_value);
  results_.push_back(std::move(result));
  memo_[key] = uint32_t(results_.size() - 1);
  return results_.back();
}

Values Evaluator::compute(Site site, FrameId frame) {
  const File& file = program_.file(site.file);
  const facts::Event& event = file.event(site.event);
  auto operand = [&](uint32_t i) { return Site{site.file, file.operand(site.event, i)}; };
  auto same = [&](Value value) {
    value.file = site.file;
    value.frame = frame;
    return Values{make(value)};
  };
  switch (event.op) {
    case Op::string: case Op::bytes: case Op::number: case Op::boolean: case Op::null:
      return {make({.kind = ValueKind::constant, .index = uint32_t(event.op), .symbol = intern(file.name(event.name))})};
    case Op::read: return read_name(site, frame);
    case Op::attribute: {
      Values result;
      std::string_view name = file.name(event.name);
      for (ValueId base : Values(evaluate(operand(0), frame))) add(result, attribute(base, name));
      return result;
    }
    case Op::call: {
      Values result;
      for (ValueId callee : Values(evaluate(operand(0), frame))) add(result, call_result(callee, site, frame));
      return result;
    }
    case Op::import: return import_module(site);
    case Op::import_from: return import_member(site, frame);
    case Op::function: case Op::lambda: return same({.kind = ValueKind::function, .index = event.extra});
    case Op::class_: return same({.kind = ValueKind::class_, .index = event.extra});
    case Op::decorate: return decorate(site, frame);
    case Op::tuple: case Op::list: case Op::set: case Op::dict: case Op::comprehension:
      return same({.kind = ValueKind::container, .index = site.event});
    case Op::subscript: return subscript(site, frame);
    case Op::boolean_operation: {
      Values result;
      bool conjunction = file.name(event.name) == "and";
      for (uint32_t i = 0; i < event.operands_count; ++i) {
        bool last = i + 1 == event.operands_count;
        if (!conjunction && !result.empty() && std::all_of(result.begin(), result.end(), [&](ValueId value) { return is_true(value); })) return result;
        // `a and b` is a only where a is false, which the objects that matter never are.
        for (ValueId value : Values(evaluate(operand(i), frame)))
          if (conjunction ? last || values_[value].kind == ValueKind::constant || values_[value].kind == ValueKind::container : last || !is_false(value)) add(result, value);
      }
      return result;
    }
    case Op::conditional: {
      Values result;
      const auto truth = certain_truth(operand(0), frame);
      for (uint32_t arm = 1; arm <= 2; ++arm) {
        if (truth && *truth != (arm == 1)) continue;
        Values values = evaluate(operand(arm), frame);
        if (file.event(operand(arm).event).op == Op::read) narrow_by(operand(0), arm == 1, file.event(operand(arm).event).name, frame, values);
        add(result, values);
      }
      return result;
    }
    case Op::binary: {  // [x] * n, a + b: the containers among the operands; what a type's own operator gives: folder / "name"
      Values result;
      for (uint32_t i = 0; i < 2; ++i)
        for (ValueId part : Values(evaluate(operand(i), frame))) {
          if (values_[part].kind == ValueKind::container) add(result, part);
          if (i != 0 || values_[part].kind != ValueKind::object || file.name(event.name) != "/") continue;
          const knowledge::Api* row = program_.knowledge().find(symbols_[values_[part].symbol] + ".__truediv__");
          if (row) add(result, make({.kind = ValueKind::object, .symbol = intern(row->returns)}));
        }
      return result;
    }
    case Op::await: {
      Values result;
      for (ValueId awaited : Values(evaluate(operand(0), frame))) {
        const Value it = values_[awaited];
        if (it.kind == ValueKind::coroutine) add(result, returns_of(make({.kind = ValueKind::function, .file = it.file, .index = it.index}), it.frame));
        else if (it.kind == ValueKind::object && program_.knowledge().find(symbols_[it.symbol] + ".__await__")) add(result, unknown_value);
        else add(result, awaited);
      }
      return result;
    }
    case Op::iterate: {
      Values result;
      for (ValueId base : Values(evaluate(operand(0), frame))) add(result, elements(base));
      return result;
    }
    case Op::unpack: {
      Values result;
      std::optional<uint32_t> index;
      if (event.name != facts::name_star && event.extra < (1u << 31)) index = event.extra;
      for (ValueId base : Values(evaluate(operand(0), frame))) add(result, elements(base, index));
      return result;
    }
    case Op::enter: {
      Values result;
      for (ValueId manager : Values(evaluate(operand(0), frame))) add(result, entered(manager, site, frame));
      return result;
    }
    case Op::caught: {
      Values result;
      for (ValueId type : Values(evaluate(operand(0), frame))) {
        const Value it = values_[type];
        if (it.kind == ValueKind::class_) add(result, instance_of(type));
        else if (it.kind == ValueKind::external) add(result, make({.kind = ValueKind::object, .file = site.file, .index = site.event, .frame = frame, .symbol = it.symbol}));
      }
      return result;
    }
    default: return {};
  }
}

bool Evaluator::is_true(ValueId id) const {
  const Value& it = values_[id];
  switch (it.kind) {
    case ValueKind::constant: return Op(it.index) != Op::null && !is_false(id) && Op(it.index) != Op::bytes;
    case ValueKind::object: case ValueKind::function: case ValueKind::class_: case ValueKind::module: case ValueKind::bound: return it.kind != ValueKind::object || it.index != none;
    default: return false;
  }
}

bool Evaluator::is_false(ValueId id) const {
  const Value& it = values_[id];
  if (it.kind != ValueKind::constant) return false;
  const std::string& text = symbols_[it.symbol];
  return Op(it.index) == Op::null || (Op(it.index) == Op::string && text.empty()) || (Op(it.index) == Op::number && text == "0") || (Op(it.index) == Op::boolean && text == "False");
}

Values Evaluator::entered(ValueId manager, Site site, FrameId frame) {
  const Value it = values_[manager];
  if (it.kind == ValueKind::instance) {
    ValueId method = method_of(it.base, "__enter__");
    Values given = method == unknown_value ? Values{} : returns_of(method, enter_unknown(values_[method].file, values_[method].index, manager));
    return given.empty() || given[0] == unknown_value ? Values{manager} : given;
  }
  if (it.kind == ValueKind::object) {
    const knowledge::Api* row = program_.knowledge().find(symbols_[it.symbol] + ".__enter__");
    if (row && row->hands_on && it.index != none) {
      auto held = argument(arguments_of(it.site(), it.frame), *row->hands_on);
      return held ? values_of(*held) : Values{};
    }
    if (!row || row->returns.empty() || row->returns == "self") return {manager};
    return {make({.kind = ValueKind::object, .file = site.file, .index = site.event, .frame = frame, .symbol = intern(row->returns), .base = manager})};
  }
  return it.kind == ValueKind::generator ? elements(manager) : Values{manager};  // @contextmanager: what it yields
}

}  // namespace forklint::model
