#include "rules/transfer/crossings.h"

namespace forklint::rules {

using namespace model;

bool Sent::drags_self() const {
  if (item.kind == PayloadKind::self) return true;
  if (crossing.problem.of_receiver) return true;
  bool called = item.kind == PayloadKind::target || item.kind == PayloadKind::task || item.kind == PayloadKind::initializer;
  return called && crossing.problem.of_called_object && crossing.problem.through_self;
}

std::string_view Sent::role() const {
  switch (item.kind) {
    case PayloadKind::target: return "target";
    case PayloadKind::argument: return "argument";
    case PayloadKind::self: return "process";
    case PayloadKind::initializer: return "initializer";
    case PayloadKind::initializer_argument: return "argument of the initializer";
    case PayloadKind::task: return "task";
    case PayloadKind::task_argument: return "argument of the task";
    case PayloadKind::task_element: return "item of the task";
  }
  return "value";
}

std::string Sent::where_held() const { return crossing.problem.through_self ? " in the attribute " + crossing.problem.attribute : ""; }

engine::Site Sent::site() const {
  if (item.kind != PayloadKind::self) return crossing.site;
  if (crossing.problem.through_self && crossing.problem.attribute_write.event != none) return crossing.problem.attribute_write;
  return from.site.event == none ? crossing.site : from.site;
}

void report_sent(const Model& model, engine::Report& report, const std::function<bool(const Sent&)>& takes,
                 const std::function<std::string(const Sent&)>& message, std::string_view advice, std::string_view made) {
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const Launch& launch = model.launches()[i];
    for (const Crossing& crossing : model.crossings(i)) {
      Sent sent{i, launch, model.payload(i)[crossing.item], crossing};
      if (!takes(sent)) continue;
      const PickleProblem& problem = crossing.problem;
      uint32_t step = sent.item.step == none ? launch.step : sent.item.step;
      const Trace& trace = model.trace_of(launch);
      bool certain = crossing.certain && trace.steps[step].condition.certain();
      auto draft = report.finding(sent.site(), message(sent));
      draft.under(crossing.methods, crossing.outcome).confidence(certain ? Confidence::certain : Confidence::likely).launch(i);
      bool known = problem.culprit.event != none;
      if (known && report.place(problem.culprit) != report.place(sent.site())) draft.label(problem.culprit, problem.what + " " + std::string(made));
      if (problem.through_self && problem.attribute_write.event != none && report.place(problem.attribute_write) != report.place(sent.site()) && report.place(problem.attribute_write) != report.place(problem.culprit))
        draft.label(problem.attribute_write, "kept here, as the attribute " + problem.attribute);
      draft.path(trace, step);
      draft.label(trace.steps[step].site, std::string(advice));
    }
  }
}

}  // namespace forklint::rules
