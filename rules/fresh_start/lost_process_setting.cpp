// Signal handlers, logging, warning filters, context variables: settings of one process. A fresh child has those that
// importing its modules makes, and not what the parent set under its guard or in a function.
#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <string>

#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

std::string setting(const Step& step) {
  bool sets = step.kind == StepKind::api || step.kind == StepKind::write_item || step.kind == StepKind::with_enter;
  return sets && step.row ? step.row->process_setting : std::string();
}

ValueId receiver(const Model& model, const Step& step) {
  const Value& it = model.evaluator().value(step.subject);
  return it.kind == ValueKind::method ? it.base : unknown_value;
}

// A function of the child that calls itself: only that needs a deep stack.
const Step* recursion(const Model& model, size_t i) {
  for (const WorkerTrace& worker : model.workers(i))
    for (const Step& step : worker.trace.steps) {
      if (step.kind != StepKind::read_global) continue;
      const File& file = model.file(step.site.file);
      const facts::Scope& scope = file.facts.scopes[file.scope_of(step.site.event)];
      if (scope.kind == facts::ScopeKind::function && step.file == step.site.file && file.event(step.site.event).name == scope.name) return &step;
    }
  return nullptr;
}

// The dotted name of a logger: "" for the root; nothing when it is not known.
std::optional<std::string> path_of(const Model& model, ValueId object) {
  Evaluator& evaluator = model.evaluator();
  const knowledge::Api* maker = evaluator.maker(object);
  const Value it = evaluator.value(object);
  if (!maker || !maker->setting_path || it.index == none) return {};
  auto argument = evaluator.argument(evaluator.arguments_of(it.site(), it.frame), *maker->setting_path);
  if (!argument) return "";
  if (auto text = evaluator.constant_string(evaluator.values_of(*argument))) return std::string(*text);
  const File& file = model.file(argument->site.file);
  bool module = argument->site.event != none && file.event(argument->site.event).op == Op::read && file.name_of(argument->site.event) == "__name__";
  return module ? std::optional(file.module) : std::nullopt;
}

// Whether what is set on one object holds for another.
bool holds_for(const Model& model, const Step& set, ValueId owner, ValueId used) {
  if (same_object(model.evaluator(), owner, used)) return true;
  auto above = path_of(model, owner), below = path_of(model, used);
  if (set.row->setting_of_receiver) return above && below == above;
  return above && (above->empty() || (below && (*below == *above || below->starts_with(*above + "."))));
}

// Whether a setting concerns this use of it: it is of the same signal, the same category.
bool matches(const Model& model, const Step& set, const Step& use) {
  if (set.kind != StepKind::api) return true;
  Evaluator& evaluator = model.evaluator();
  auto given = [&](const Step& step, const knowledge::Argument& wanted) { return evaluator.argument(evaluator.arguments_of(step.site, step.frame), wanted); };
  for (const knowledge::Argument& wanted : set.row->partly_with)
    if (given(set, wanted)) return false;
  if (!set.row->setting_part || !use.row->setting_part) return true;
  auto part = given(set, *set.row->setting_part), used = given(use, *use.row->setting_part);
  if (!part) return true;
  if (!used) return false;
  const Values one = evaluator.values_of(*part), other = evaluator.values_of(*used);
  return one.size() != 1 || other.size() != 1 || one[0] == unknown_value || other[0] == unknown_value || one == other;
}

std::optional<int> number(std::string_view text) {
  int result = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(result) : std::nullopt;
}

// The severity that a value names in the module of `set`: logging.INFO, "INFO", 20.
std::optional<int> severity_of(const Model& model, const knowledge::Api& set, const Values& values) {
  if (values.size() != 1) return {};
  const Value& it = model.evaluator().value(values[0]);
  const knowledge::Knowledge& known = model.program().knowledge();
  if (it.kind != ValueKind::constant && it.kind != ValueKind::external) return {};
  const std::string& text = model.evaluator().symbol(it.symbol);
  const knowledge::Api* row = known.find(it.kind == ValueKind::external ? text : set.names[0].substr(0, set.names[0].find('.') + 1) + text);
  return number(row && !row->severity.empty() ? row->severity : text);
}

// What is less severe than both levels, that of the parent and the default one of the child, is shown by neither.
bool shown_by_neither(const Model& model, const Step& set, const Step& use) {
  if (set.kind != StepKind::api || !set.row->least_severity) return false;
  const auto by_default = number(set.row->severity), used = number(use.row->severity);
  if (!by_default || !used) return false;
  Evaluator& evaluator = model.evaluator();
  auto arguments = evaluator.arguments_of(set.site, set.frame);
  const bool all_named = std::none_of(arguments.begin(), arguments.end(), [](const ArgumentRef& it) { return it.star || it.double_star; });
  auto given = evaluator.argument(arguments, *set.row->least_severity);
  const auto level = given ? severity_of(model, *set.row, evaluator.values_of(*given)) : all_named ? by_default : std::nullopt;
  return level && *used < std::min(*level, *by_default);
}

// Whether the call has the argument without which it does not use the setting: os.kill(pid, 0) sends no signal.
bool given(const Model& model, const Step& step) {
  Evaluator& evaluator = model.evaluator();
  auto argument = evaluator.argument(evaluator.arguments_of(step.site, step.frame), *step.row->uses_with);
  if (!argument) return false;
  Values values = evaluator.values_of(*argument);
  const Value& value = evaluator.value(values.empty() ? unknown_value : values[0]);
  return values.size() != 1 || value.kind != ValueKind::constant || evaluator.symbol(value.symbol) != "0";
}

// Whether a function gives the variable or attribute that a step reads a value: what a handler sets and the child polls.
bool sets_what_is_read(const Model& model, ValueId function, const Step& read) {
  const Value it = model.evaluator().value(function);
  if (it.kind != ValueKind::function && it.kind != ValueKind::bound) return false;
  const File& file = model.file(it.file);
  const facts::Scope& scope = file.facts.scopes[it.index];
  for (EventId id = scope.events.begin; id < scope.events.end; ++id) {
    const facts::Event& event = file.event(id);
    if (event.op == Op::bind && read.kind == StepKind::read_global && read.file == it.file && read.name == event.name && file.binding_scope(it.index, event.name) == 0) return true;
    if (event.op != Op::set_attribute || read.kind != StepKind::read_attribute || model.file(read.site.file).name(read.name) != file.name(event.name)) continue;
    Values owners = model.evaluator().evaluate({it.file, file.operand(id, 0)}, it.kind == ValueKind::bound ? model.evaluator().enter_unknown(it.file, it.index, it.base) : it.frame);
    if (std::find(owners.begin(), owners.end(), read.subject) != owners.end() && model.evaluator().value(read.subject).kind == ValueKind::class_) return true;
  }
  return false;
}

// What the child reads of what only the handler sets.
const Step* polled_in_child(const Model& model, size_t i, const Step& set) {
  if (set.kind != StepKind::api) return nullptr;
  for (const ArgumentRef& argument : model.evaluator().arguments_of(set.site, set.frame))
    for (ValueId function : model.evaluator().values_of(argument))
      for (const WorkerTrace& worker : model.workers(i))
        for (const Step& step : worker.trace.steps)
          if (sets_what_is_read(model, function, step)) return &step;
  return nullptr;
}

// Whether the child's code depends on the setting: by a call that does, or by how it is written.
const Step* used_in_child(const Model& model, size_t i, const Step& set) {
  std::string what = setting(set);
  ValueId owner = receiver(model, set);
  for (const WorkerTrace& worker : model.workers(i))
    for (const Step& step : worker.trace.steps)
      if (setting(step) == what) return nullptr;  // the child makes its own
  if (set.row->for_recursion) return recursion(model, i);
  for (const WorkerTrace& worker : model.workers(i))
    for (const Step& step : worker.trace.steps) {
      if (step.kind != StepKind::api || step.row->uses_setting != what) continue;
      if ((step.row->uses_with && !given(model, step)) || !matches(model, set, step) || shown_by_neither(model, set, step)) continue;
      ValueId used = receiver(model, step);
      const knowledge::Api* path = owner == unknown_value ? nullptr : model.evaluator().maker(owner);
      if (path && path->setting_path && !holds_for(model, set, owner, used)) continue;
      bool keyed = !(path && path->setting_path) && owner != unknown_value && used != unknown_value && model.evaluator().type_name(owner) == model.evaluator().type_name(used) && model.evaluator().maker(owner) && model.evaluator().maker(owner)->process_setting.empty();
      if (keyed && !same_object(model.evaluator(), owner, used)) continue;
      return &step;
    }
  return polled_in_child(model, i, set);
}

// A signal that is ignored stays so in every child; of some settings every child is told.
bool survives(const Model& model, const Step& step) {
  if (step.kind != StepKind::api) return false;
  const knowledge::Api* owner = model.evaluator().maker(receiver(model, step));
  if (owner && std::any_of(owner->sent_settings.begin(), owner->sent_settings.end(), [&](const std::string& method) { return step.row->names[0].ends_with("." + method) || model.evaluator().type_name(step.subject).ends_with("." + method); })) return true;
  for (const ArgumentRef& argument : model.evaluator().arguments_of(step.site, step.frame))
    for (ValueId value : model.evaluator().values_of(argument))
      if (const knowledge::Api* row = model.evaluator().api(value); row && row->survives_start) return true;
  return false;
}

// redirect_stdout(…) does nothing before it is entered.
bool sets_when_entered(const Model& model, const Trace& trace, uint32_t at) {
  const Step& step = trace.steps[at];
  if (step.kind != StepKind::api) return false;
  Values made = model.evaluator().call_result(step.subject, step.site, step.frame);
  if (made.empty()) return false;
  if (model.program().knowledge().find(step.row->names[0] + ".__enter__")) return true;
  return std::any_of(trace.steps.begin() + at, trace.steps.end(), [&](const Step& later) { return later.kind == StepKind::with_enter && std::find(made.begin(), made.end(), later.subject) != made.end(); });
}

void check(const Model& model, engine::Report& report) {
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    StartMethods fresh = reimporting_methods(launch);
    if (fresh.empty()) continue;
    const Trace& trace = model.trace_of(launch);
    std::set<std::pair<std::string, Site>> told;
    for (uint32_t at = 0; at < launch.step; ++at) {
      const Step& step = trace.steps[at];
      if (setting(step).empty() || in_import(trace, at)) continue;
      if (trace.entry == Entry::main && step.condition.guard == Guard::none) continue;  // repeated by the child
      if ((step.condition & launch.condition).guard == Guard::never || survives(model, step) || sets_when_entered(model, trace, at)) continue;
      if (!precedes(model, trace, at, launch.step)) continue;
      bool left = step.kind == StepKind::with_enter && std::any_of(trace.steps.begin() + at, trace.steps.begin() + launch.step, [&](const Step& later) { return later.kind == StepKind::with_leave && later.subject == step.subject; });
      if (left) continue;
      const Step* used = used_in_child(model, i, step);
      // What is set up in several calls is missing as one thing.
      if (!used || !told.insert({setting(step), used->site}).second) continue;
      report.finding(step.site, "This " + setting(step) + " is set in the parent only")
          .under(fresh & step.condition.methods & used->condition.methods, step.row->unset.empty() ? "wrong" : step.row->unset)
          .label(used->site, "the child depends on it here, and has the default")
          .label(launch.site, "the child starts here; set it in the child, or in a pool's initializer")
          .confidence(step.condition.certain() && used->condition.certain() ? Confidence::likely : Confidence::possible)
          .launch(i);
    }
  }
}

}  // namespace

extern const engine::Rule lost_process_setting = {
    .code = "PSM305", .name = "lost-process-setting", .family = "fresh_start",
    .summary = "Worker code depends on a setting that only the parent made", .severity = engine::Severity::warning, .check = check};

}  // namespace forklint::rules
