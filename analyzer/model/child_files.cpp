// Whose bodies a fresh child runs before it comes to its work, and where it ends before.
#include "analyzer/model/globals.h"

#include <algorithm>
#include <unordered_set>

namespace forklint::model {
namespace {

// What is pickled by name, or made of a class that is.
template <class Note>
void note_class(const Evaluator& evaluator, ValueId sent, Note&& note) {
  const Value& it = evaluator.value(sent);
  if (it.kind == ValueKind::function || it.kind == ValueKind::class_ || it.kind == ValueKind::bound) note(it.file);
  const ValueId owner = it.kind == ValueKind::bound ? evaluator.class_of(it.base) : it.kind == ValueKind::instance ? it.base : unknown_value;
  if (owner != unknown_value) note(evaluator.value(owner).file);
}

}  // namespace

bool ends_child(Evaluator& evaluator, FileId program, EventId id) {
  const File& file = evaluator.program().file(program);
  const facts::Event& it = file.event(id);
  if (it.op == Op::assert) return implied(evaluator, {program, file.operand(id, 0)}, any_frame, true, Role::main).guard == Guard::main_only;
  if (it.op != Op::read || evaluator.program().knowledge().find("builtins." + std::string(file.name(it.name)))) return false;
  auto bindings = evaluator.reaching(program, 0, it.name, id);
  return !bindings.empty() && std::none_of(bindings.begin(), bindings.end(), [&](EventId binding) { return file.event(binding).region == none || on_import(file, binding, evaluator, program); });
}

std::unordered_set<FileId> child_files(const Model& model, size_t launch_id) {
  Evaluator& evaluator = model.evaluator();
  const Launch& launch = model.launches()[launch_id];
  const Trace& trace = model.trace_of(launch);
  std::unordered_set<FileId> result;
  std::vector<FileId> open;
  auto note = [&](FileId file) {
    if (file != none && result.insert(file).second) open.push_back(file);
  };
  if (trace.entry == Entry::main && launch.row->launch->reimports_main) note(trace.file);
  for (const WorkerTrace& worker : model.workers(launch_id)) {
    note(worker.trace.file);
    for (const Step& step : worker.trace.steps) {
      if (step.kind == StepKind::import_module) note(step.file);
      if (step.kind == StepKind::enter_function) note(evaluator.value(step.subject).file);
    }
  }
  for (const Payload& item : model.payload(launch_id))
    for (ValueId sent : item.site.event == none || item.value != unknown_value ? Values{item.value} : Values(evaluator.evaluate(item.site, item.frame))) note_class(evaluator, sent, note);
  while (!open.empty()) {
    const FileId id = open.back();
    open.pop_back();
    const File& file = model.file(id);
    for (size_t dot = file.module.find('.'); dot != std::string::npos; dot = file.module.find('.', dot + 1)) note(model.program().find_module(file.module.substr(0, dot), id));
    for (EventId event = 0; event < file.facts.events.size(); ++event) {
      const Op op = file.event(event).op;
      if ((op != Op::import && op != Op::import_from) || file.scope_of(event) != 0 || !on_import(file, event, evaluator, id)) continue;
      for (ValueId value : Values(evaluator.evaluate({id, event}, any_frame)))
        if (evaluator.value(value).kind == ValueKind::module) note(evaluator.value(value).file);
    }
  }
  return result;
}

}  // namespace forklint::model
