// A task that runs in another process works on a copy of the memory. What it changes through a reference, a pointer or `this`, and of
// global variables, changes there: whoever reads it afterwards in the process that made the pool reads what it was before.
#include "analyzer/model/native/reads.h"
#include "rules/transfer/native_tasks.h"

namespace forklint::rules {
namespace {

using namespace native;

// Something that a task changes, as the one sees it who gives the task.
struct Loss {
  Origin what;
  std::vector<Place> way;  // to where it is changed
  Place read;              // who wants to have the change
};

// What the task's parameters refer to is what they are bound to where it is given; none: a copy, or not seen.
EventId bound_argument(const Program& program, const NativeTask& task, const Origin& what) {
  if (what.parameter >= task.arguments.size()) return facts::none;
  const EventId given = task.arguments[what.parameter];
  return what.behind > 0 || is_reference(program, task.given_at.function, given) ? given : facts::none;
}

void report_loss(const Native& program, engine::Report& report, Place launch, Site place, const Loss& loss) {
  const std::string_view full = last_name(loss.what.name);
  const std::string name(full.substr(0, full.find('#')));  // the second of that name
  const bool global = loss.what.kind == Origin::Kind::variable && loss.what.function == facts::none;
  auto draft = report.finding(place, "The task changes '" + name + "' in a worker's copy of it, which is lost");
  draft.under(StartMethod::fork, "wrong").confidence(global && loss.way.size() > 1 ? Confidence::possible : Confidence::likely).launch_at(program.site(launch));
  label_way(draft, program, loss.way, "changed here");
  draft.label(program.site(launch), "these workers are processes: each has a copy of the memory");
  draft.label(program.site(loss.read), "this reads what '" + name + "' was before; let the task return what is to be known here");
}

void check_task(const Native& program, engine::Report& report, Place launch, const NativeTask& task, const std::set<FunctionId>& children) {
  const Program& code = program.program();
  const Changes changes(code, program.forks(), task.function);
  for (const Change& change : changes.changes()) {
    Loss loss{.what = change.what, .way = changes.way(change), .read = {}};
    Site place = program.site(loss.way.front());
    if (loss.what.kind == Origin::Kind::parameter && loss.what.function == task.function) {
      const EventId given = bound_argument(code, task, change.what);
      if (given == facts::none) continue;
      loss.what = origin(code, task.given_at.function, given, change.what.behind);
      place = code.site(task.given_at.function, given);
    }
    const std::optional<Place> read = loss.what.known() ? read_by_others(program, changes, children, loss.what, task.given_at) : std::nullopt;
    if (!read) continue;
    loss.read = *read;
    report_loss(program, report, launch, place, loss);
  }
}

void check(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  const Program& code = program.program();
  std::optional<std::set<FunctionId>> children;
  for (FunctionId id = 0; id < code.functions().size(); ++id)
    for (const Call& call : code.function(id).calls) {
      const knowledge::NativeApi* row = code.row(call);
      if (!row || !row->process_pool || !selected(code, id, call.event, *row)) continue;
      const Place launch{id, call.event};
      if (!children) children = run_in_children(program);
      for (const NativeTask& task : native_tasks(code, launch, *row)) check_task(program, report, launch, task, *children);
    }
}

}  // namespace

extern const engine::Rule captured_reference = {
    .code = "PSM212", .name = "captured-reference", .family = "transfer",
    .summary = "A task changes what belongs to its maker, in another process", .severity = engine::Severity::error, .languages = "c", .check = check};

}  // namespace forklint::rules
