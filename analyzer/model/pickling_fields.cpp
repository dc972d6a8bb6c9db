// Dataclasses and named tuples: what their fields hold without any method writing it.
#include "analyzer/model/pickling.h"

#include <algorithm>

namespace forklint::model {

// What an object made from a dataclass or a named tuple is given, and the factories of its fields.
Pickling::Found Pickling::of_fields(ValueId id, const PickleContext& context, int depth) {
  const Value it = evaluator_.value(id);
  if (evaluator_.method_of(it.base, "__init__") != unknown_value) return {};
  const Value owner = evaluator_.value(it.base);
  const File& file = evaluator_.program().file(owner.file);
  auto through = [&](std::optional<PickleProblem> found, std::string_view name, Site write) {
    if (!found) return found;
    if (!found->through_self) {
      found->attribute = name;
      found->attribute_write = write;
    }
    found->through_self = true;
    return found;
  };
  struct Field {
    std::string_view name;
    EventId standard = none;  // what it is bound to in the class
  };
  std::vector<Field> fields;
  for (EventId event = file.facts.scopes[owner.index].events.begin; event < file.facts.scopes[owner.index].events.end; ++event) {
    if (file.scope_of(event) != owner.index) continue;
    const facts::Event& it_event = file.event(event);
    if (it_event.op == Op::declare && !of_class_only({owner.file, file.operand(event, 0)})) fields.push_back({file.name(it_event.name)});
    if (it_event.op == Op::bind && !fields.empty() && fields.back().name == file.name(it_event.name)) fields.back().standard = file.operand(event, 0);
  }
  const std::vector<std::string> dropped = left_behind(it.base).value_or(std::vector<std::string>());
  std::erase_if(fields, [&](const Field& field) { return std::find(dropped.begin(), dropped.end(), field.name) != dropped.end(); });
  if (fields.empty()) return {};
  std::vector<bool> given(fields.size());
  size_t position = 0;
  for (const ArgumentRef& argument : it.index == none ? llvm::SmallVector<ArgumentRef, 4>() : evaluator_.arguments_of(it.site(), it.frame)) {
    if (argument.star || argument.double_star) return {};
    size_t at = position;
    if (argument.keyword) at = size_t(std::find_if(fields.begin(), fields.end(), [&](const Field& field) { return field.name == evaluator_.symbol(argument.keyword); }) - fields.begin());
    else ++position;
    if (at >= fields.size()) break;
    given[at] = true;
    Values values = evaluator_.values_of(argument);
    for (ValueId value : values)
      if (auto found = through(find(value, context, depth + 1), fields[at].name, argument.site.event == none ? it.site() : argument.site)) {
        found->certain &= values.size() == 1;
        return found;
      }
  }
  if (it.index == none || !keeps_defaults(it.base)) return {};
  for (size_t at = 0; at < fields.size(); ++at) {
    if (given[at] || fields[at].standard == none) continue;
    Site site{owner.file, fields[at].standard};
    for (ValueId value : standard_of(site))
      if (auto found = through(find(value, context, depth + 1), fields[at].name, site)) return found;
  }
  return {};
}

// What is annotated so is no attribute of the objects.
bool Pickling::of_class_only(Site annotation) {
  const File& file = evaluator_.program().file(annotation.file);
  while (annotation.event != none && file.event(annotation.event).op == Op::unknown) annotation.event = file.operand(annotation.event, 0);  // ClassVar[dict]
  for (ValueId value : annotation.event == none ? Values{} : Values(evaluator_.evaluate(annotation, any_frame)))
    if (const knowledge::Api* row = evaluator_.api(value); row && row->class_only) return true;
  return false;
}

// Whether every object gets the values that are bound in the class as attributes of its own.
bool Pickling::keeps_defaults(ValueId class_value) {
  if (evaluator_.generates_fields(evaluator_.value(class_value))) return true;
  const knowledge::Api* base = evaluator_.api(evaluator_.external_base(class_value));
  return base && base->makes_class && !base->enumeration;
}

// What a field holds that is not given: the value, or what field(default=…) or field(default_factory=…) say.
Values Pickling::standard_of(Site site) {
  const File& file = evaluator_.program().file(site.file);
  if (file.event(site.event).op == Op::call)
    for (ValueId callee : Values(evaluator_.evaluate({site.file, file.operand(site.event, 0)}, any_frame))) {
      if (evaluator_.value(callee).kind != ValueKind::external || evaluator_.type_name(callee) != "dataclasses.field") continue;
      auto arguments = evaluator_.arguments_of(site, any_frame);
      if (auto standard = evaluator_.argument(arguments, {.keyword = "default"})) return evaluator_.values_of(*standard);
      Values result;
      if (auto factory = evaluator_.argument(arguments, {.keyword = "default_factory"}))
        for (ValueId maker : evaluator_.values_of(*factory)) add(result, evaluator_.call_result(maker, site, any_frame));
      return result;
    }
  return evaluator_.evaluate(site, any_frame);
}

}  // namespace forklint::model
