// A fresh child finds functions and classes of the program by importing its main module. What python -m runs as
// __main__.py, and the cells of a notebook, it cannot import.
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

// The scope by whose name the child would look a value up in the main module; none when it would not.
ScopeId found_in_main(Evaluator& evaluator, FileId main, ValueId id) {
  Value it = evaluator.value(id);
  if (it.kind == ValueKind::instance) it = evaluator.value(it.base);
  if ((it.kind != ValueKind::function && it.kind != ValueKind::class_ && it.kind != ValueKind::bound) || it.file != main) return none;
  const facts::FileFacts& f = evaluator.program().file(main).facts;
  // What stands in a function, and a lambda, cannot be found anywhere.
  if (f.scopes[it.index].kind == facts::ScopeKind::lambda) return none;
  for (ScopeId up = f.scopes[it.index].parent; up != none; up = f.scopes[up].parent)
    if (f.scopes[up].kind == facts::ScopeKind::function) return none;
  return it.index;
}

// What is seen when the child does not find it: a pool replaces the worker and waits on.
std::string outcome_of(const Launch& launch, PayloadKind kind) {
  const std::string& repeated = launch.row->launch->fails_at_import;
  bool task = kind == PayloadKind::task || kind == PayloadKind::task_argument || kind == PayloadKind::task_element;
  if (!launch.row->launch->pool) return "raises:AttributeError";
  return task && !repeated.starts_with("raises:") ? "hangs" : repeated;
}

void check(const Model& model, engine::Report& report) {
  Evaluator& evaluator = model.evaluator();
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    const Trace& trace = model.trace_of(launch);
    StartMethods fresh = launch.method.methods & fresh_methods;
    if (trace.entry != Entry::main || reimported(model, trace) || fresh.empty()) continue;
    const File& file = model.file(trace.file);
    for (const Payload& item : model.payload(i)) {
      if (item.pickler != knowledge::Pickler::pickle) continue;
      uint32_t step = item.step == none ? launch.step : item.step;
      Values values = item.site.event == none || item.value != unknown_value ? Values{item.value} : evaluator.evaluate(item.site, item.frame);
      ScopeId found = none;
      for (ValueId value : values)
        each_sent(model, trace, step, value, [&](ValueId id) {
          if (found == none) found = found_in_main(evaluator, trace.file, id);
        });
      if (found == none) continue;
      Site place = item.kind == PayloadKind::self || item.site.event == none ? launch.site : written_by_caller(evaluator, item.site, item.frame).site;
      if (place.event == none) continue;
      report.finding(place, std::string(file.name(file.facts.scopes[found].name)) + " is defined in a main module that a fresh child cannot import")
          .under(fresh, outcome_of(launch, item.kind))
          .label({trace.file, file.facts.scopes[found].definition}, "defined here; move it to a module with a name")
          .path(trace, step, "sent here")
          .confidence(values.size() == 1 && trace.steps[step].condition.certain() ? Confidence::certain : Confidence::likely)
          .launch(i);
    }
  }
}

}  // namespace

extern const engine::Rule unimportable_main = {
    .code = "PSM105", .name = "unimportable-main", .family = "launch",
    .summary = "Worker code is defined where a fresh child cannot import it", .severity = Severity::error, .check = check};

}  // namespace forklint::rules
