// The search: by kind of value, and into containers.
#include "analyzer/model/pickling.h"

namespace forklint::model {
namespace {

constexpr int deepest = 6;

// def __init__(self, stream: TextIO = None): what the annotation says is there only where somebody gives it.
bool of_optional_parameter(const Program& program, const Value& object) {
  if (object.index == none) return false;
  const File& file = program.file(object.file);
  for (const facts::Parameter& it : file.facts.parameters)
    if (it.annotation == object.index && it.default_value != none) return file.event(it.default_value).op == Op::null;
  return false;
}

}  // namespace

std::optional<PickleProblem> Pickling::problem(ValueId value, const PickleContext& context) {
  if (context.pickler == knowledge::Pickler::none) return {};
  open_.clear();
  containers_ = 0;
  return find(value, context, 0);
}

Pickling::Found Pickling::of_elements(const Values& values, const PickleContext& context, int depth) {
  ++containers_;
  std::optional<PickleProblem> found;
  for (size_t i = 0; i < values.size() && !found; ++i) found = find(values[i], context, depth + 1);
  --containers_;
  return found;
}

Pickling::Found Pickling::find(ValueId id, const PickleContext& context, int depth) {
  if (depth > deepest) return {};
  const Value it = evaluator_.value(id);
  switch (it.kind) {
    case ValueKind::function: return of_function(id, context);
    case ValueKind::class_: return of_class(id, context);
    case ValueKind::bound: return of_method(id, context, depth);
    case ValueKind::object: return of_optional_parameter(evaluator_.program(), it) ? Found{} : of_object(id, context, depth);
    case ValueKind::instance: return of_instance(id, context, depth);
    case ValueKind::container: {
      const File& file = evaluator_.program().file(it.file);
      const facts::Event& event = file.event(it.index);
      if (event.op == Op::comprehension && file.name(event.name) == "generator") return PickleProblem{.obstacle = Obstacle::object, .what = "a generator", .outcome = "raises:TypeError", .culprit = it.site()};
      return of_elements(evaluator_.elements(id), context, depth);
    }
    case ValueKind::generator: case ValueKind::coroutine:
      return PickleProblem{.obstacle = Obstacle::object, .what = it.kind == ValueKind::generator ? "a generator" : "a coroutine", .outcome = "raises:TypeError", .culprit = {it.file, evaluator_.program().file(it.file).facts.scopes[it.index].definition}};
    case ValueKind::module:
      if (context.by_value()) return {};  // by name, as what can be imported
      return PickleProblem{.obstacle = Obstacle::object, .what = "a module", .outcome = "raises:TypeError"};
    case ValueKind::method: {
      if (it.base == unknown_value) return {};
      if (const knowledge::Api* row = evaluator_.api(id); row && row->is_object) return of_row(*row, row->names[0], {}, context);
      // A method that is known, or a member of an enumeration; an attribute may be anything.
      const Value base = evaluator_.value(it.base);
      const knowledge::Api* maker = evaluator_.maker(it.base);
      bool member = base.kind == ValueKind::object && maker && maker->makes_class && std::string_view(evaluator_.symbol(it.symbol)).substr(evaluator_.symbol(base.symbol).size() + 1).find('.') == std::string_view::npos;
      if (!evaluator_.api(id) && !member) return {};
      return find(it.base, context, depth + 1);
    }
    case ValueKind::external: {
      // A module of the standard library passed as a value.
      const std::string& name = evaluator_.symbol(it.symbol);
      bool is_module = !evaluator_.api(id) && name.find('.') == std::string::npos && evaluator_.program().knowledge().knows_module(name);
      if (const knowledge::Api* row = evaluator_.api(id); row && row->is_object) return of_row(*row, row->names[0], {}, context);
      if (is_module && !context.by_value()) return PickleProblem{.obstacle = Obstacle::object, .what = "the module " + name, .outcome = "raises:TypeError"};
      return {};
    }
    default: return {};
  }
}

}  // namespace forklint::model
