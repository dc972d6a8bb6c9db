// What iterating runs: generator expressions, what launches when it is iterated, results that are taken.
#include "analyzer/model/timeline.h"

#include <algorithm>

#include "analyzer/model/language.h"

namespace forklint::model {
namespace {

// Whether an expression may yield a generator made elsewhere; to evaluate every argument of every call costs too much.
bool may_be_generator(Op op) {
  return op == Op::comprehension || op == Op::read || op == Op::call || op == Op::conditional || op == Op::boolean_operation;
}

}  // namespace

// Runs generator expressions among the values.
void Walker::take_generators(const Values& values, uint32_t parent, const Condition& condition) {
  if (trace_.entry == Entry::worker) return;  // walked where it is written
  for (ValueId id : values) {
    const Value it = evaluator_.value(id);
    if (it.kind != ValueKind::container || too_deep()) continue;
    const File& file = evaluator_.program().file(it.file);
    const facts::Event& made = file.event(it.index);
    if (made.op != Op::comprehension || file.name(made.name) != "generator") continue;
    // docs = (clean(d) for d in docs) may iterate itself, and many such lines each other: as with functions, a few times are enough.
    uint64_t where = key(it.file, made.extra);
    if (std::ranges::find(generators_, where) != generators_.end() || ++visits_[where] > most_visits) continue;
    generators_.push_back(where);
    ++depth_;
    scope(it.file, made.extra, evaluator_.enter_inner(it.file, made.extra, it.frame), parent, condition);
    --depth_;
    generators_.pop_back();
  }
}

// list(results), sum(x.get() for x in results), gather(*(…)): what is outside the program runs the generator that it is
// given, and a builtin takes all the lazy results of a pool.
void Walker::consume(ValueId callee, Site site, FrameId frame, uint32_t parent, const Condition& condition) {
  const Value it = evaluator_.value(callee);
  bool takes = it.kind == ValueKind::external && builtin_has(evaluator_.symbol(it.symbol), BuiltinTrait::takes_all);
  for (const ArgumentRef& argument : evaluator_.arguments_of(site, frame)) {
    bool written = argument.site.event != none;
    if (!written || may_be_generator(evaluator_.program().file(argument.site.file).event(argument.site.event).op)) take_generators(evaluator_.values_of(argument), parent, condition);
    if (takes && written) iterate(argument.site, argument.site, argument.frame, parent, condition);
  }
}

// iter(queue.get, None): every round calls the method, which may be inside a partial.
void Walker::calls_of_iterator(ValueId iterator, FrameId frame, uint32_t parent, const Condition& condition) {
  const Value it = evaluator_.value(iterator);
  auto arguments = evaluator_.arguments_of(it.site(), it.frame);
  if (arguments.size() != 2 || arguments[0].site.event == none) return;
  Condition round = condition;
  round.repeated = true;
  for (ValueId called : evaluator_.values_of(arguments[0])) {
    Values methods{called};
    if (auto inner = evaluator_.partial_function(called)) methods = evaluator_.values_of(*inner);
    for (ValueId method : methods)
      if (const knowledge::Api* row = evaluator_.value(method).kind == ValueKind::method ? evaluator_.api(method) : nullptr) api(method, row, arguments[0].site, frame, parent, round);
  }
}

// Iterating what launches, or waits for the results of tasks or the end of a stream; zip and enumerate iterate what they
// are given. `at` is where a reader would point.
void Walker::iterate(Site iterable, Site at, FrameId frame, uint32_t parent, const Condition& condition) {
  for (ValueId value : Values(evaluator_.evaluate(iterable, frame))) {
    const Value it = evaluator_.value(value);
    const knowledge::Api* row = evaluator_.maker(value);
    bool matters = row && ((row->launch && row->launch->starts == knowledge::Starts::iterate) || (row->task && row->task->lazy_result) || row->takes_over);
    if (matters) push({.kind = StepKind::iterate, .site = at, .frame = frame, .parent = parent, .condition = condition, .subject = value, .row = row});
    if (it.kind == ValueKind::object && it.index != none && evaluator_.type_name(value) == "builtins.iter") calls_of_iterator(value, frame, parent, condition);
    bool passes_on = it.kind == ValueKind::object && it.index != none && (evaluator_.type_name(value) == "builtins.zip" || evaluator_.type_name(value) == "builtins.enumerate");
    if (!passes_on || iterable.event == none) continue;
    for (const ArgumentRef& argument : evaluator_.arguments_of(it.site(), it.frame))
      if (argument.site.event != none && argument.site != iterable) iterate(argument.site, at, argument.frame, parent, condition);
  }
}

}  // namespace forklint::model
