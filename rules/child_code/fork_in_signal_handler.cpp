// A signal handler interrupts whatever the program was doing, malloc() included. fork() there runs handlers and takes locks that
// the interrupted code may hold; POSIX took it from the list of what a handler may call.
#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

constexpr size_t furthest = 8;  // calls: at the end of a longer way other conditions hold

// The signals that a handler is installed for, where all of them are seen.
std::vector<int64_t> signals_of(const Native& program, FunctionId handler) {
  std::vector<int64_t> signals;
  for (const Native::Entry& entry : program.signal_handlers()) {
    if (entry.function != handler) continue;
    const auto number = program.program().constant(entry.start.function, program.program().argument(entry.start.function, entry.start.event, {.position = 0}));
    if (!number) return {};
    signals.push_back(*number);
  }
  return signals;
}

// Whether the handler never goes this way: what it is given or sets on the way rules that out.
bool never_goes(const Native& program, FunctionId handler, const std::vector<Place>& way) {
  const Program& code = program.program();
  Known known;
  if (std::vector<int64_t> signals = signals_of(program, handler); !signals.empty())
    if (const std::string key = key_of_parameter(code, handler, 0); !key.empty()) known[key] = std::move(signals);
  return !can_go(code, program.forks(), way, std::move(known));
}

void check(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  for (const Native::Entry& handler : program.signal_handlers()) {
    const Step* step = program.effects().of(handler.function, Effect::forks);
    if (!step) continue;
    std::vector<Place> way = program.effects().way(handler.function, *step, Effect::forks);
    if (way.size() > furthest) continue;
    if (never_goes(program, handler.function, way)) continue;
    auto draft = report.finding(program.site(way.back()), "Forks in a signal handler");
    draft.under(StartMethod::fork, "hangs").confidence(step->sure ? Confidence::likely : Confidence::possible).launch_at(program.site(way.back()));
    draft.label(program.site(handler.start), "the handler is installed here; let it set a flag or write to a pipe, and fork in the main loop");
    label_way(draft, program, way, "it forks here");
  }
}

}  // namespace

extern const engine::Rule fork_in_signal_handler = {
    .code = "PSM609", .name = "fork-in-signal-handler", .family = "child_code",
    .summary = "A signal handler forks", .severity = engine::Severity::warning, .languages = "c", .check = check};

}  // namespace forklint::rules
