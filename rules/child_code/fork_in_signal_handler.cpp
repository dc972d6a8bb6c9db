// A signal handler interrupts whatever the program was doing, malloc() included. fork() there runs handlers and takes locks that
// the interrupted code may hold; POSIX took it from the list of what a handler may call.
#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

constexpr size_t furthest = 12;  // calls: at the end of a longer way other conditions hold

void check(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  for (const Native::Entry& handler : program.signal_handlers()) {
    const Step* step = program.effects().of(handler.function, Effect::forks);
    if (!step) continue;
    std::vector<Place> way = program.effects().way(handler.function, *step, Effect::forks);
    if (way.size() > furthest) continue;
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
