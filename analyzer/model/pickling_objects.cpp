// Objects that something outside the program made: what their rows say, and what they keep of their arguments.
#include "analyzer/model/pickling.h"

#include <algorithm>

#include "analyzer/model/language.h"
#include "analyzer/model/native/extensions.h"
#include "analyzer/model/timeline.h"

namespace forklint::model {
namespace {

using knowledge::Api;
using knowledge::Picklable;
using knowledge::Pickler;

std::string_view pickler_name(Pickler pickler) { return pickler == Pickler::dill ? "dill" : "cloudpickle"; }

std::string article(const std::string& name) {
  std::string_view short_name = name;
  if (short_name.starts_with("builtins.")) short_name.remove_prefix(9);
  bool vowel = !short_name.empty() && std::string_view("aeiouAEIOU").find(short_name[0]) != std::string_view::npos;
  return (vowel ? "an " : "a ") + std::string(short_name);
}

}  // namespace

Pickling::Found Pickling::of_object(ValueId id, const PickleContext& context, int depth) {
  const Value it = evaluator_.value(id);
  const std::string& type = evaluator_.symbol(it.symbol);
  const Api* row = evaluator_.maker(id);
  if (auto inner = evaluator_.partial_function(id)) {
    auto arguments = evaluator_.arguments_of(it.site(), it.frame);
    for (const ArgumentRef& argument : arguments)
      for (ValueId value : evaluator_.values_of(argument))
        if (auto found = find(value, context, depth + 1)) return found;
    return {};
  }
  if (evaluator_.is_pair(id)) return of_elements(evaluator_.elements(id), context, depth);
  bool keeps = (row && (row->keeps_arguments || row->keeps_elements)) || builtin_has(type, BuiltinTrait::keeps_elements);
  if (it.index != none && keeps) return of_arguments_kept(id, context, depth);
  if (type == "builtins.object" && it.base != unknown_value) return of_object_of_made_class(id, context, depth);
  if (row && row->makes_class) return of_made_class(id, *row, context);
  // A call that is known to make its result only by the type of that result.
  if (!row || row->picklable == Picklable::unknown)
    if (const Api* of_type = evaluator_.program().knowledge().find(type)) row = of_type;
  if (!row || (row->is_object && it.index != none)) return {};  // the row speaks of what was called, not of its result
  if (row->launch && row->launch->starts == knowledge::Starts::start && !started(id, context)) return {};
  if (row->picklable == Picklable::no && registered(evaluator_.external(type))) return {};
  return of_extension(of_row(*row, row->names[0], it.site(), context), type);
}

// Of a type that a module of the program's own binds: the binding is to blame, unless Python adds what it lacks.
Pickling::Found Pickling::of_extension(Found found, std::string_view type) {
  const Program& program = evaluator_.program();
  const native::BoundType* bound = found ? program.extension_type(type) : nullptr;
  if (!bound) return found;
  for (FileId file_id = 0; file_id < program.files().size(); ++file_id) {
    const File& file = program.file(file_id);
    for (std::string_view method : {"__reduce__", "__reduce_ex__", "__getstate__", "__getnewargs__"}) {
      auto writes = file.attribute_writes.find(file.find_name(method));
      if (writes == file.attribute_writes.end()) continue;
      for (EventId write : writes->second)
        for (ValueId patched : Values(evaluator_.evaluate({file_id, file.operand(write, 0)}, any_frame)))
          if (patched == unknown_value || evaluator_.type_name(patched) == type) return {};
    }
  }
  found->obstacle = Obstacle::extension_type;
  found->culprit = program.native().site(bound->place);
  return found;
}

// Containers that keep their arguments, or the elements of these.
Pickling::Found Pickling::of_arguments_kept(ValueId id, const PickleContext& context, int depth) {
  const Value it = evaluator_.value(id);
  const Api* row = evaluator_.maker(id);
  for (const ArgumentRef& argument : evaluator_.arguments_of(it.site(), it.frame))
    for (ValueId value : evaluator_.values_of(argument)) {
      // list(generator) keeps the elements, not the generator
      ValueKind kind = evaluator_.value(value).kind;
      if (kind == ValueKind::generator) continue;
      bool holds = (row && row->keeps_arguments) || argument.keyword;
      if (!holds && kind != ValueKind::container) continue;
      auto found = holds ? find(value, context, depth + 1) : of_elements(evaluator_.elements(value), context, depth);
      if (!found) continue;
      // Its own callable, which nobody sees from outside.
      bool function = found->obstacle == Obstacle::lambda || found->obstacle == Obstacle::nested_function;
      if (function && row && row->makes_missing && !found->through_self) {
        found->what = article(row->names[0].substr(row->names[0].rfind('.') + 1)) + " over " + found->what;
        found->obstacle = Obstacle::object;
      }
      return found;
    }
  return {};
}

// An object of a class that a call made: the class must be found, and named tuples keep what they are given.
Pickling::Found Pickling::of_object_of_made_class(ValueId id, const PickleContext& context, int depth) {
  const Value it = evaluator_.value(id);
  auto found = find(it.base, context, depth + 1);
  if (found && found->obstacle == Obstacle::local_class) found->what = "an instance of " + found->what;
  if (found || it.index == none) return found;
  for (const ArgumentRef& argument : evaluator_.arguments_of(it.site(), it.frame)) {
    Values given = evaluator_.values_of(argument);
    if (argument.star || argument.double_star) continue;
    if (auto held = of_elements(given, context, depth)) {
      held->certain &= given.size() == 1;
      return held;
    }
  }
  return {};
}

// namedtuple("Box", …): found again where a module-level name Box holds it.
Pickling::Found Pickling::of_made_class(ValueId id, const Api& row, const PickleContext& context) {
  const Value it = evaluator_.value(id);
  if (context.by_value() || it.index == none) return {};
  auto argument = evaluator_.argument(evaluator_.arguments_of(it.site(), it.frame), *row.makes_class);
  auto text = argument ? evaluator_.constant_string(evaluator_.values_of(*argument)) : std::nullopt;
  if (!text) return {};
  std::string name(*text);
  for (ValueId value : evaluator_.module_member(it.file, name)) {
    const Value& held = evaluator_.value(value);
    if (value == unknown_value || (held.file == it.file && held.index == it.index)) return {};
  }
  bool local = evaluator_.program().file(it.file).scope_of(it.index) != 0;
  return PickleProblem{.obstacle = local ? Obstacle::local_class : Obstacle::unfindable, .what = (local ? "the local class " : "the class ") + name, .outcome = "raises:PicklingError", .culprit = it.site()};
}

// What a row says of an object.
Pickling::Found Pickling::of_row(const Api& row_, const std::string& name, Site culprit, const PickleContext& context) {
  const Api* row = &row_;
  if (row->mp_primitive) {
    if (context.process_start) return {};
    return PickleProblem{.obstacle = Obstacle::primitive, .what = article(name), .outcome = row->pickle_error.empty() ? "raises:RuntimeError" : row->pickle_error, .culprit = culprit};
  }
  if (row->picklable == Picklable::process_only && context.process_start) return {};
  if (row->picklable != Picklable::no && row->picklable != Picklable::process_only) return {};
  if (context.by_value() && row->picklable_with.find(pickler_name(context.pickler)) != std::string::npos) return {};
  auto minor = [](const std::string& version) { return version.size() > 2 ? std::atoi(version.c_str() + 2) : 0; };
  if (!row->since.empty() && context.newest_python < minor(row->since)) return {};
  if (!row->until.empty() && context.oldest_python >= minor(row->until)) return {};
  // What the name says it is, rather than how it was reached.
  Obstacle obstacle = row->launch ? Obstacle::process_or_pool : Obstacle::object;
  return PickleProblem{.obstacle = obstacle, .what = article(name), .outcome = row->pickle_error.empty() ? "raises:TypeError" : row->pickle_error, .culprit = culprit};
}

// copyreg.pickle(C, …) anywhere in the program
bool Pickling::registered(ValueId class_value) {
  if (!registered_) {
    registered_.emplace();
    const auto& files = evaluator_.program().files();
    for (FileId file_id = 0; file_id < files.size(); ++file_id) {
      const File& file = files[file_id];
      if (file.find_name("copyreg") == none) continue;
      for (EventId id = 0; id < file.facts.events.size(); ++id) {
        if (file.event(id).op != Op::call || file.event(id).operands_count < 3) continue;
        for (ValueId callee : Values(evaluator_.evaluate({file_id, file.operand(id, 0)}, any_frame))) {
          if (evaluator_.value(callee).kind != ValueKind::external || evaluator_.type_name(callee) != "copyreg.pickle") continue;
          for (ValueId value : Values(evaluator_.evaluate({file_id, file.operand(id, 1)}, any_frame))) registered_->push_back(value);
        }
      }
    }
  }
  return std::find(registered_->begin(), registered_->end(), class_value) != registered_->end();
}

// A process object may be pickled as long as it has not started. In a loop the same object of ours stands for the
// processes of earlier rounds, when a container keeps them.
bool Pickling::started(ValueId process, const PickleContext& context) const {
  if (!context.process_start) return true;  // its secret key is sent to its own child only
  if (!context.trace) return false;
  const Value it = evaluator_.value(process);
  auto receiver_at = [&](uint32_t step) { return step < context.trace->steps.size() ? evaluator_.value(context.trace->steps[step].subject).base : unknown_value; };
  // self.process = Process(target=self.run): what an attribute holds of that making is the one that is starting now, and
  // that one may be inside what it sends itself.
  ValueId starting = receiver_at(context.step);
  if (containers_ == 0 && starting != unknown_value && it.index != none && evaluator_.value(starting).site() == it.site()) return false;
  for (uint32_t i = 0; i <= context.step && i < context.trace->steps.size(); ++i) {
    const Step& step = context.trace->steps[i];
    if (step.kind != StepKind::api || !step.row || !step.row->starts) continue;
    ValueId receiver = receiver_at(i);
    // One object may be known through several frames: its making is what counts.
    if (receiver != process && (receiver == unknown_value || it.index == none || evaluator_.value(receiver).site() != it.site())) continue;
    if (i < context.step || (containers_ > 0 && step.condition.repeated)) return true;
  }
  return false;
}

}  // namespace forklint::model
