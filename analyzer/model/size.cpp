#include "analyzer/model/size.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

#include "analyzer/model/language.h"

namespace forklint::model {
namespace {

constexpr int deepest = 8;
constexpr double small = 16;

class Scale {
 public:
  explicit Scale(Evaluator& evaluator) : evaluator_(evaluator) {}

  Size weigh(Site site, FrameId frame, int depth = 0) {
    if (site.event == none || depth > deepest) return {0, false};
    const File& file = evaluator_.program().file(site.file);
    const facts::Event& event = file.event(site.event);
    auto operand = [&](uint32_t i) { return Site{site.file, file.operand(site.event, i)}; };
    switch (event.op) {
      case Op::number: case Op::boolean: case Op::null: case Op::compare: case Op::unary: return {small};
      case Op::string: return {small + double(file.name(event.name).size())};
      case Op::bytes: return {64};
      case Op::format: return {64};
      case Op::tuple: case Op::list: case Op::set: case Op::dict: {
        Size result{small};
        for (uint32_t i = 0; i < event.operands_count; ++i) result = sum(result, weigh(operand(i), frame, depth + 1));
        return result;
      }
      case Op::comprehension: {
        double count = elements(operand(0), frame, depth + 1);
        return {small + count * small};
      }
      case Op::binary: {
        if (file.name(event.name) == "*") {
          for (uint32_t side : {0u, 1u}) {
            Op op = file.event(operand(side).event).op;
            bool sequence = op == Op::string || op == Op::bytes || op == Op::list;
            if (!sequence) continue;
            auto times = number(operand(1 - side), frame);
            return times ? Size{*times * std::max(1.0, op == Op::list ? 8.0 * file.event(operand(side).event).operands_count : 1.0)} : Size{0, false};
          }
          return {small};
        }
        return file.name(event.name) == "+" ? sum(weigh(operand(0), frame, depth + 1), weigh(operand(1), frame, depth + 1)) : Size{small};
      }
      case Op::conditional: return larger(weigh(operand(1), frame, depth + 1), weigh(operand(2), frame, depth + 1));
      case Op::call: return call(site, frame, depth);
      default:
        if (auto source = origin(site, frame)) return weigh(source->site, source->frame, depth + 1);
        return values(evaluator_.evaluate(site, frame), depth);
    }
  }

  double elements(Site site, FrameId frame, int depth = 0) {
    if (site.event == none || depth > deepest) return endless;
    const File& file = evaluator_.program().file(site.file);
    const facts::Event& event = file.event(site.event);
    if (event.op == Op::tuple || event.op == Op::list || event.op == Op::set) return event.operands_count;
    if (event.op == Op::dict) return event.operands_count / 2.0;
    if (event.op == Op::string) return double(file.name(event.name).size());
    if (event.op == Op::comprehension) return elements({site.file, file.operand(site.event, 0)}, frame, depth + 1);
    if (event.op == Op::binary && file.name(event.name) == "*") return weigh(site, frame, depth + 1).bytes / 8;
    if (event.op == Op::call) {
      auto arguments = evaluator_.arguments_of(site, frame);
      for (ValueId callee : Values(evaluator_.evaluate({site.file, file.operand(site.event, 0)}, frame))) {
        const Value it = evaluator_.value(callee);
        if (it.kind == ValueKind::function || it.kind == ValueKind::bound) return returned_elements(callee, site, frame, depth);
        if (evaluator_.value(callee).kind != ValueKind::external || arguments.empty()) continue;
        const std::string& name = evaluator_.type_name(callee);
        if (name == "builtins.range") return range(arguments);
        bool same = builtin_has(name, BuiltinTrait::same_length);
        if (same && arguments[0].site.event != none) return elements(arguments[0].site, arguments[0].frame, depth + 1);
      }
      return endless;
    }
    if (auto source = origin(site, frame)) return elements(source->site, source->frame, depth + 1);
    double most = 0;
    for (ValueId value : Values(evaluator_.evaluate(site, frame))) {
      const Value it = evaluator_.value(value);
      bool followed = (it.kind == ValueKind::container || it.kind == ValueKind::object) && it.index != none && it.site() != site;
      most = std::max(most, followed ? elements(it.site(), it.frame, depth + 1) : endless);
    }
    return most;
  }

 private:
  // The one expression that a name stands for: what the caller passed, or what it was bound to.
  std::optional<ArgumentRef> origin(Site site, FrameId frame) {
    const File& file = evaluator_.program().file(site.file);
    const facts::Event& event = file.event(site.event);
    if (event.op != Op::read) return {};
    if (auto given = evaluator_.passed(site, frame)) return given->site.event == none || given->value != unknown_value ? std::nullopt : given;
    ScopeId scope = file.scope_of(site.event);
    if (evaluator_.binding_scope(site.file, scope, event.name) != scope) return {};
    auto bindings = evaluator_.reaching(site.file, scope, event.name, site.event);
    if (bindings.size() != 1 || file.event(bindings[0]).op != Op::bind || file.event(file.operand(bindings[0], 0)).op == Op::iterate) return {};
    return ArgumentRef{.site = {site.file, file.operand(bindings[0], 0)}, .frame = frame};
  }

  // The most that a function of the program gives; a generator, as many as it likes.
  double returned_elements(ValueId function, Site call, FrameId frame, int depth) {
    const Value it = evaluator_.value(function);
    const File& home = evaluator_.program().file(it.file);
    if (home.scopes[it.index].returns.empty()) return endless;
    FrameId inside = evaluator_.enter(function, call, frame);
    double most = 0;
    for (EventId returned : home.scopes[it.index].returns) most = std::max(most, elements({it.file, home.operand(returned, 0)}, inside, depth + 1));
    return most;
  }

  static Size sum(Size a, Size b) { return {a.bytes + b.bytes, a.known && b.known}; }
  static Size larger(Size a, Size b) { return {std::max(a.bytes, b.bytes), a.known && b.known}; }

  // The largest number that an expression is known to be.
  std::optional<double> number(Site site, FrameId frame, int depth = 0) {
    if (site.event == none || depth > deepest) return {};
    const File& file = evaluator_.program().file(site.file);
    const facts::Event& event = file.event(site.event);
    if (event.op == Op::binary) {
      auto left = number({site.file, file.operand(site.event, 0)}, frame, depth + 1), right = number({site.file, file.operand(site.event, 1)}, frame, depth + 1);
      if (!left || !right) return {};
      std::string_view name = file.name(event.name);
      if (name == "<<" || name == "**") return name == "<<" ? std::ldexp(*left, int(std::min(*right, 60.0))) : std::pow(*left, *right);
      return name == "*" ? *left * *right : name == "+" ? *left + *right : name == "-" ? *left - *right : std::optional<double>();
    }
    std::optional<double> result;
    for (ValueId value : Values(evaluator_.evaluate(site, frame))) {
      const Value it = evaluator_.value(value);
      if (it.kind != ValueKind::constant || Op(it.index) != Op::number) return {};
      std::string text = evaluator_.symbol(it.symbol);
      std::erase(text, '_');
      result = std::max(result.value_or(0), std::strtod(text.c_str(), nullptr));
    }
    return result;
  }

  double range(const llvm::SmallVector<ArgumentRef, 4>& arguments) {
    auto first = number(arguments[0].site, arguments[0].frame);
    if (arguments.size() == 1) return first.value_or(endless);
    auto last = number(arguments[1].site, arguments[1].frame);
    return first && last ? std::max(0.0, *last - *first) : endless;
  }

  // A name of something outside the program: nothing says how long it is.
  bool is_foreign(const ArgumentRef& argument) {
    Values values = evaluator_.values_of(argument);
    return !values.empty() && std::all_of(values.begin(), values.end(), [&](ValueId value) { return evaluator_.value(value).kind == ValueKind::external; });
  }

  Size call(Site site, FrameId frame, int depth) {
    const File& file = evaluator_.program().file(site.file);
    auto arguments = evaluator_.arguments_of(site, frame);
    Size result{0};
    for (ValueId callee : Values(evaluator_.evaluate({site.file, file.operand(site.event, 0)}, frame))) {
      const Value it = evaluator_.value(callee);
      if (it.kind == ValueKind::function || it.kind == ValueKind::bound) {
        FrameId inside = evaluator_.enter(callee, site, frame);
        const File& home = evaluator_.program().file(it.file);
        for (EventId returned : home.scopes[it.index].returns) result = larger(result, weigh({it.file, home.operand(returned, 0)}, inside, depth + 1));
        continue;
      }
      if (it.kind == ValueKind::class_) {
        result = larger(result, {64, false});
        continue;
      }
      if (it.kind != ValueKind::external) {
        result = larger(result, {0, false});
        continue;
      }
      const std::string& name = evaluator_.type_name(callee);
      const knowledge::Api* row = evaluator_.api(callee);
      if (builtin_has(name, BuiltinTrait::scalar)) {
        result = larger(result, {64});
      } else if (builtin_has(name, BuiltinTrait::sequence) && !arguments.empty() && is_foreign(arguments[0])) {
        result = larger(result, {0, false});  // tuple(sys.modules)
      } else if (builtin_has(name, BuiltinTrait::sequence)) {
        auto length = arguments.empty() ? std::optional<double>(0) : number(arguments[0].site, arguments[0].frame);  // bytes(n)
        result = larger(result, {small + 8 * (length ? *length / 8 : elements(arguments[0].site, arguments[0].frame, depth + 1))});
      } else if (row && row->large) {
        auto length = arguments.empty() ? std::nullopt : number(arguments[0].site, arguments[0].frame);  // n bytes, or so
        result = larger(result, {length.value_or(endless)});
      } else {
        result = larger(result, {0, false});
      }
    }
    return result;
  }

  Size values(const Values& values, int depth) {
    Size result{0};
    for (ValueId value : values) {
      const Value it = evaluator_.value(value);
      if (it.kind == ValueKind::constant) result = larger(result, {small});
      else if ((it.kind == ValueKind::container || it.kind == ValueKind::object) && it.index != none) result = larger(result, weigh(it.site(), it.frame, depth + 1));
      else result = larger(result, {0, false});
    }
    return result;
  }

  Evaluator& evaluator_;
};

}  // namespace

Size pickled_size(Evaluator& evaluator, Site value, FrameId frame) { return Scale(evaluator).weigh(value, frame); }

double rounds(Evaluator& evaluator, Site iterable, FrameId frame) { return Scale(evaluator).elements(iterable, frame); }

}  // namespace forklint::model
