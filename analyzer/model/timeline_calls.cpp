// What a call runs: functions, constructors, what APIs call, the bodies of threads.
#include "analyzer/model/regions.h"
#include "analyzer/model/timeline.h"

#include <algorithm>
#include <utility>

namespace forklint::model {
namespace {

// @locked(read=["deps"]): a call whose result decorates something.
bool makes_decorator(const File& file, EventId call) {
  constexpr EventId near = 8;
  for (EventId id = call + 1; id < file.facts.events.size() && id <= call + near; ++id)
    if (file.event(id).op == Op::decorate && file.operand(id, 0) == call) return true;
  return false;
}

// Whether a function can be called with these arguments at all: no parameter without default is left out.
bool fits(Evaluator& evaluator, const Value& function, Site call, FrameId frame) {
  const File& file = evaluator.program().file(function.file);
  const facts::Scope& scope = file.facts.scopes[function.index];
  auto arguments = evaluator.arguments_of(call, frame);
  uint32_t given = 0;
  for (const ArgumentRef& argument : arguments) {
    if (argument.star || argument.double_star) return true;
    if (argument.keyword == 0) ++given;
  }
  for (uint32_t i = scope.parameters.begin, at = 0; i < scope.parameters.end; ++i) {
    const facts::Parameter& it = file.facts.parameters[i];
    if (it.kind != facts::ParameterKind::positional && it.kind != facts::ParameterKind::positional_only) continue;
    bool named = std::any_of(arguments.begin(), arguments.end(), [&](const ArgumentRef& argument) { return argument.keyword != 0 && evaluator.symbol(argument.keyword) == file.name(it.name); });
    if (at++ >= given && !named && it.default_value == none) return false;
  }
  return true;
}

}  // namespace

void Walker::call(Site site, FrameId frame, uint32_t parent, const Condition& condition) {
  const File& file = evaluator_.program().file(site.file);
  changes(site.file, site.event, frame, parent, condition);
  Site callee_site{site.file, file.operand(site.event, 0)};
  Values callees = evaluator_.evaluate(callee_site, frame);
  for (ValueId value : callees) callee(value, site, frame, parent, condition, callees.size() == 1);
}

void Walker::callee(ValueId value, Site site, FrameId frame, uint32_t parent, const Condition& condition, bool only) {
  const Value it = evaluator_.value(value);
  Condition here = condition;
  if (!only) here.uncertain = true;
  if (it.kind == ValueKind::function || it.kind == ValueKind::bound) here = here & defined_under(it);
  if (here.guard == Guard::never) return;
  switch (it.kind) {
    case ValueKind::function: case ValueKind::bound:
      if (runs_in_with(it, site)) return;
      // A decorator that is not known has made another function of it, one that is called first without what it wraps.
      if (it.kind == ValueKind::function && makes_decorator(evaluator_.program().file(site.file), site.event) && !fits(evaluator_, it, site, frame)) return;
      function(value, evaluator_.enter(value, site, frame), site, frame, parent, here);
      return it.kind == ValueKind::function ? registered(value, site, frame, parent, here) : void();
    case ValueKind::class_: {
      if (const knowledge::Api* row = evaluator_.api(value)) api(value, row, site, frame, parent, here);
      ValueId constructor = evaluator_.method_of(value, "__init__");
      ValueId made = evaluator_.make({.kind = ValueKind::instance, .file = site.file, .index = site.event, .frame = frame, .base = value});
      if (constructor == unknown_value) return special_method(made, "__post_init__", site, frame, parent, here);
      ValueId method = evaluator_.bound(constructor, made);
      return function(method, evaluator_.enter(method, site, frame), site, frame, parent, here);
    }
    case ValueKind::instance: {
      ValueId method = evaluator_.method_of(it.base, "__call__");
      if (method == unknown_value) return;
      ValueId callable = evaluator_.bound(method, value);
      return function(callable, evaluator_.enter(callable, site, frame), site, frame, parent, here);
    }
    case ValueKind::object: {
      if (const knowledge::Api* row = evaluator_.launches_when_called(value)) return api(value, row, site, frame, parent, here);
      if (auto inner = evaluator_.partial_function(value)) {
        for (ValueId f : evaluator_.values_of(*inner)) {
          ValueKind kind = evaluator_.value(f).kind;
          if (kind != ValueKind::function && kind != ValueKind::bound) continue;
          auto arguments = evaluator_.arguments_of(it.site(), it.frame);
          arguments.erase(arguments.begin());
          for (const ArgumentRef& more : evaluator_.arguments_of(site, frame)) arguments.push_back(more);
          function(f, evaluator_.enter(f, arguments, site, frame), site, frame, parent, here);
        }
        return;
      }
      for (ValueId method : evaluator_.attribute(value, "__call__"))  // Parallel(n_jobs=2)(tasks)
        if (const knowledge::Api* row = evaluator_.api(method)) {
          consume(method, site, frame, parent, here);
          api(method, row, site, frame, parent, here);
        }
      return registered(value, site, frame, parent, here);
    }
    case ValueKind::external: case ValueKind::method:
      consume(value, site, frame, parent, here);
      if (const knowledge::Api* row = evaluator_.api(value)) return api(value, row, site, frame, parent, here);
      return;
    case ValueKind::parameter:
      open_ = true;
      [[fallthrough]];
    default:
      if (trace_.entry == Entry::worker) push({.kind = StepKind::unknown_call, .site = site, .frame = frame, .parent = parent, .condition = here, .subject = value});
      return;
  }
}

// What is defined in an arm of a test for a platform or version is called where that holds.
Condition Walker::defined_under(const Value& function) {
  const facts::FileFacts& f = evaluator_.program().file(function.file).facts;
  const EventId definition = f.scopes[function.index].definition;
  Condition around;
  for (RegionId region = definition == none ? none : f.events[definition].region; region != none; region = f.regions[region].parent)
    around = around & region_condition(evaluator_, function.file, region, function.frame, Role::called);
  return {.platforms = around.platforms, .python_from = around.python_from, .python_to = around.python_to};
}

void Walker::function(ValueId value, FrameId inner, Site site, FrameId frame, uint32_t parent, const Condition& condition, Part part) {
  const Value it = evaluator_.value(value);
  uint64_t where = key(it.file, it.index);
  bool worker = trace_.entry == Entry::worker;
  if (!worker && part == Part::whole && (barren_.contains(where) || barren_here_.contains(inner))) return;
  ++deeds_;
  if (too_deep() || budget_ == 0) {
    ++cuts_;
    return;
  }
  // A function inside itself adds nothing.
  for (uint32_t up = parent; up != none; up = trace_.steps[up].parent) {
    const Step& step = trace_.steps[up];
    if (step.kind != StepKind::enter_function) continue;
    const Value& entered = evaluator_.value(step.subject);
    if (entered.file == it.file && entered.index == it.index) return;
  }
  if (part != Part::after_yield && ++visits_[where] > most_visits) return;
  --budget_;
  uint32_t step = push({.kind = StepKind::enter_function, .site = site, .frame = frame, .parent = parent, .condition = condition, .subject = value, .inner = inner});
  if (step == none) return;
  const uint32_t before = notable_;
  const uint64_t cuts = cuts_;
  size_t written = trace_.writes.size();
  bool outer_open = std::exchange(open_, false), outer_asked = std::exchange(asked_member_, false);
  ++depth_;
  scope(it.file, it.index, inner, step, condition, part);
  --depth_;
  bool empty = notable_ == before;
  if (empty && !worker) {
    if (part == Part::whole && !asked_member_ && cuts_ == cuts && trace_.writes.size() == written) {
      if (!open_) barren_.insert(where), ++budget_;  // nobody comes here again
      else if (inner != any_frame) barren_here_.insert(inner);
      --visits_[where];
    }
    forget(step);  // nothing happened in there
  }
  open_ |= outer_open;
  asked_member_ |= outer_asked;
}

// Most rows say what a call gives, and no step comes of it.
bool Walker::acts(const knowledge::Api* row) {
  auto [it, added] = acts_.try_emplace(row, false);
  if (added) it->second = knowledge::acts(*row);
  return it->second;
}

void Walker::api(ValueId value, const knowledge::Api* row, Site site, FrameId frame, uint32_t parent, const Condition& condition) {
  if (!acts(row)) return;
  uint32_t step = push({.kind = StepKind::api, .site = site, .frame = frame, .parent = parent, .condition = condition, .subject = value, .row = row});
  if (step != none && (row->starts || row->thread == "call")) thread(value, row, step, site, frame, condition);
  if (row->enters)
    if (auto manager = evaluator_.argument(evaluator_.arguments_of(site, frame), *row->enters))
      for (ValueId entered : evaluator_.values_of(*manager)) {
        if (entered == unknown_value) continue;
        stacked_.push_back({evaluator_.value(value).base, entered});
        push({.kind = StepKind::with_enter, .site = site, .frame = frame, .parent = parent, .condition = condition, .subject = entered, .row = evaluator_.maker(entered)});
      }
  if (!row->calls_argument || !row->calls) return;
  auto arguments = evaluator_.arguments_of(site, frame);
  auto argument = evaluator_.argument(arguments, *row->calls);
  if (!argument) return;
  for (ValueId target : evaluator_.values_of(*argument)) {
    ValueKind kind = evaluator_.value(target).kind;
    if (kind == ValueKind::function || kind == ValueKind::bound) function(target, evaluator_.enter(target, {}, site, frame), site, frame, parent, condition);
  }
}

// What a thread runs is walked where it is started; its steps say so. When they really happen is open.
void Walker::thread(ValueId callee, const knowledge::Api* row, uint32_t step, Site site, FrameId frame, const Condition& condition) {
  Site call = site;
  FrameId call_frame = frame;
  if (row->starts) {  // the construction says what it runs
    ValueId object = evaluator_.value(callee).base;
    const Value it = evaluator_.value(object);
    row = evaluator_.maker(object);
    if (!row || !row->thread_object) return;
    if (it.kind == ValueKind::instance) {
      ValueId run = evaluator_.method_of(it.base, "run");
      if (run != unknown_value) {
        ValueId method = evaluator_.bound(run, object);
        uint32_t outer = std::exchange(thread_, step);
        FrameId inner = evaluator_.enter(method, {}, site, frame);
        trace_.threads.push_back({step, method, inner});
        function(method, inner, site, frame, step, condition);
        thread_ = outer;
        return;
      }
    }
    if (it.index == none) return;
    call = it.site();
    call_frame = it.frame;
  }
  if (!row->thread_target) return;
  auto given = evaluator_.arguments_of(call, call_frame);
  if (row->task && row->task->pool)  // a pool of processes may be meant instead
    if (auto pool = evaluator_.argument(given, *row->task->pool))
      for (ValueId value : evaluator_.values_of(*pool))
        if (const knowledge::Api* made = evaluator_.maker(value); made && made->launch) return;
  auto target = evaluator_.argument(given, *row->thread_target);
  if (!target) return;
  llvm::SmallVector<ArgumentRef, 4> arguments;
  for (const knowledge::Argument& wanted : row->thread_arguments) {
    if (wanted.rest) {
      int at = 0;
      for (const ArgumentRef& argument : given)
        if (argument.keyword == 0 && !argument.double_star && at++ >= wanted.position) arguments.push_back(argument);
    } else if (auto argument = evaluator_.argument(given, wanted)) {
      argument->star = wanted.keyword != "kwargs";
      argument->double_star = !argument->star;
      argument->keyword = 0;
      arguments.push_back(*argument);
    }
  }
  uint32_t outer = std::exchange(thread_, step);
  for (ValueId callable : evaluator_.values_of(*target)) {
    ValueKind kind = evaluator_.value(callable).kind;
    if (kind != ValueKind::function && kind != ValueKind::bound) continue;
    FrameId inner = evaluator_.enter(callable, arguments, site, frame);
    trace_.threads.push_back({step, callable, inner});
    function(callable, inner, site, frame, step, condition);
  }
  thread_ = outer;
}

}  // namespace forklint::model
