// A start method that does not exist, or that is set on a context which has one already.
#include <cctype>

#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

// The start method whose letters a word has, whatever the case and what stands between them: "Spawn", "fork-server".
std::string_view meant_by(std::string_view word) {
  std::string letters;
  for (char c : word)
    if (std::isalpha(static_cast<unsigned char>(c))) letters += char(std::tolower(static_cast<unsigned char>(c)));
  for (std::string_view method : {"fork", "spawn", "forkserver"})
    if (letters == method) return method;
  return {};
}

void check(const Model& model, engine::Report& report) {
  Evaluator& evaluator = model.evaluator();
  for (const Trace& trace : model.traces()) {
    for (uint32_t i = 0; i < trace.steps.size(); ++i) {
      const Step& step = trace.steps[i];
      if (step.kind != StepKind::api || !step.row->method_argument || step.condition.handled || in_try(model, trace, i)) continue;
      auto argument = method_argument(evaluator, *step.row, step.site, step.frame);
      if (!argument) continue;
      // Words that other libraries take are none of multiprocessing's.
      bool foreign = (step.row->makes_context || step.row->method_effect == knowledge::MethodEffect::sets) && !(argument->methods - knowledge::fork_spawn_forkserver).empty();
      // Other libraries' words are open: whoever likes registers a backend of its own. A known method misspelt is still one.
      bool closed = step.row->makes_context || step.row->method_effect == knowledge::MethodEffect::sets;
      if (!argument->bad_name.empty() && !closed && meant_by(argument->bad_name).empty()) continue;
      if (!argument->bad_name.empty() || foreign) {
        argument->site = written_by_caller(evaluator, argument->site, step.frame).site;
        // The name may come from further up: point at the call that says it.
        Site place = argument->site.file == step.site.file ? step.site : argument->site;
        for (uint32_t up = i; up != none; up = trace.steps[up].parent) {
          const facts::Event& call = model.file(trace.steps[up].site.file).event(trace.steps[up].site.event);
          if (trace.steps[up].site.file == argument->site.file && argument->site.event != none) {
            Span said = model.file(argument->site.file).event(argument->site.event).span;
            if (said.begin >= call.span.begin && said.end <= call.span.end) {
              place = trace.steps[up].site;
              break;
            }
          }
        }
        auto draft = report.finding(place, foreign ? std::string("multiprocessing has no such start method") : "there is no start method '" + argument->bad_name + "'");
        draft.label(step.site, "used here")
            .confidence((argument->methods & knowledge::fork_spawn_forkserver).empty() && step.condition.certain() ? Confidence::certain : Confidence::likely);
        // Safe: as it stands the call raises.
        std::string_view meant = meant_by(argument->bad_name);
        if (!meant.empty() && argument->site.event != none && model.file(argument->site.file).event(argument->site.event).op == Op::string)
          draft.fix({"Write '" + std::string(meant) + "'", engine::Safety::safe, {{report.place(argument->site), '"' + std::string(meant) + '"'}}});
        continue;
      }
      if (step.row->method_effect != knowledge::MethodEffect::sets) continue;
      ValueId receiver = evaluator.value(step.subject).base;
      if (receiver == unknown_value) continue;
      const knowledge::Api* maker = evaluator.maker(receiver);
      if (!maker || !maker->makes_context) continue;
      report.finding(step.site, "the method of a context cannot be changed").label(evaluator.value(receiver).site(), "the context is made here");
    }
  }
}

}  // namespace

extern const engine::Rule unknown_method = {
    .code = "PSM505", .name = "unknown-method", .family = "method_choice",
    .summary = "A start method that does not exist", .severity = Severity::error, .check = check};

}  // namespace forklint::rules
