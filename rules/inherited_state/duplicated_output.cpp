// What stands in a stream's buffer at the fork stands there twice afterwards. Whoever flushes writes it: the child, too, when it
// leaves by exit(), returns from main() or flushes for its own output.
#include <algorithm>

#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

constexpr std::string_view standard_output = "stdout";

// Where the child writes out its copy; `after_exec`: only where exec has failed.
struct Flush {
  Place place;
  bool after_exec = false;
};

// Whether a call opens what swallows all that is written to it.
bool opens_nothing(const Program& code, FunctionId id, const Call& call) {
  const EventId path = call.api && call.targets.empty() && call.api->opens ? code.argument(id, call.event, {.position = 0}) : none;
  return path != none && code.event(id, path).op == Op::string && code.name_of(id, path) == "/dev/null";
}

// Whether a function puts that in the place of standard output: dup2(null, 1), where null may be the number that it closed just before.
bool sends_output_nowhere(const Program& code, FunctionId id) {
  const Call* nothing = nullptr;
  std::optional<int64_t> closed, taken;  // numbers
  for (const Call& call : code.function(id).calls) {
    if (opens_nothing(code, id, call)) nothing = &call, taken = closed;
    const EventId given = call.api && call.targets.empty() && call.api->closes ? code.argument(id, call.event, *call.api->closes) : none;
    if (given != none) closed = code.constant(id, given);
    if (!nothing || !call.api || !call.targets.empty() || !call.api->duplicates || code.constant(id, code.argument(id, call.event, {.position = 1})) != 1) continue;
    const EventId from = code.argument(id, call.event, *call.api->duplicates);
    const std::optional<Program::Local> variable = code.event(id, from).op == Op::read ? code.local(id, code.event(id, from).name) : std::nullopt;
    if ((taken && code.constant(id, from) == taken) || (variable && variable->value == nothing->event)) return true;
  }
  return false;
}

// Whether the child does so, by what it calls.
bool child_sends_output_nowhere(const Native& program, const ForkSite& site) {
  return std::ranges::any_of(program.child_calls(site), [&](const Call* call) { return std::ranges::any_of(call->targets, [&](FunctionId target) { return sends_output_nowhere(program.program(), target); }); });
}

std::optional<Flush> flushed(const Native& program, const ForkSite& site, const std::string& stream) {
  EventId exec = none;
  for (const Leaving& leaving : site.leaves)
    if (leaving.way == Way::exec && exec == none) exec = leaving.event;
  for (const Call* call : program.child_calls(site)) {
    const bool after_exec = exec != none && call->event > exec;
    const bool writes_out = !after_exec && program.effects().does(site.function, *call, Effect::flushes);
    if (writes_out && (!call->api->closes || program.effects().stream_of(site.function, *call) == stream)) return Flush{{site.function, call->event}};
    if (program.forks().returns(*call)) continue;
    if (program.effects().of_call(site.function, *call, Effect::execs)) return std::nullopt;  // it only exits when something has failed
    if (program.effects().of_call(site.function, *call, Effect::exits)) return Flush{{site.function, call->event}, after_exec};
  }
  for (const Leaving& leaving : site.leaves) {
    if (leaving.event >= exec) continue;
    if (leaving.way == Way::main_ends || leaving.way == Way::cleanup) return Flush{{site.function, leaving.event}};
  }
  return std::nullopt;
}

// Where streams are made to write at once, or with each line.
std::vector<std::pair<FunctionId, std::string>> unbuffered_streams(const Native& program) {
  std::vector<std::pair<FunctionId, std::string>> streams;
  const Program& code = program.program();
  for (FunctionId id = 0; id < code.functions().size(); ++id)
    for (const Call& call : code.function(id).calls)
      if (call.api && call.targets.empty() && call.api->unbuffers && selected(code, id, call.event, *call.api)) streams.emplace_back(id, program.effects().stream_of(id, call));
  return streams;
}

// Whether a write so deep inside of what is called is one of many things that may happen there: at each step under some condition.
bool is_remote(const Program& code, const std::vector<Place>& way) {
  constexpr size_t near = 3;
  if (way.size() <= near) return false;
  return std::any_of(way.begin() + 1, way.end(), [&](const Place& it) { return code.event(it.function, it.event).region != none; });
}

void check(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  const Effects& effects = program.effects();
  if (program.forks().sites().empty()) return;
  const auto unbuffered = unbuffered_streams(program);
  auto flushes = [&](FunctionId id, const Call& call) { return effects.of_call(id, call, Effect::flushes).has_value(); };
  auto writes = [&](FunctionId id, const Call& call) {
    return effects.of_call(id, call, Effect::writes_buffered) && !flushes(id, call) && !program.forks().only_child(id, call.event) && program.forks().returns(call) && !program.forks().doomed(id, call.event);
  };
  for (const Native::Before& before : program.before_forks(writes, flushes)) {
    const ForkSite& site = program.forks().sites()[before.site];
    if (site.heir || !before.certain || site.api->forks == knowledge::Forks::vfork) continue;
    Step step = *effects.of_call(before.start.function, *program.program().call_at(before.start.function, before.start.event), Effect::writes_buffered);
    const std::vector<Place> way = effects.way(before.start.function, step, Effect::writes_buffered);
    if (is_remote(program.program(), way)) continue;
    const std::string stream = effects.stream_of(way.back().function, *program.program().call_at(way.back().function, way.back().event));
    const std::optional<Flush> flush = flushed(program, site, stream);
    if (!flush || (flush->after_exec && !stream.starts_with(standard_output))) continue;
    if (stream.starts_with(standard_output) && child_sends_output_nowhere(program, site)) continue;
    const Place* out = &flush->place;
    if (std::ranges::any_of(unbuffered, [&](const auto& it) { return it.second == stream && program.share_program(it.first, site.function); })) continue;
    auto draft = report.finding(site.origin, flush->after_exec ? "What was written before the fork and not flushed is written by both processes when exec fails" : "What was written before the fork and not flushed is written by both processes");
    draft.under(StartMethod::fork, "wrong").confidence(flush->after_exec ? Confidence::possible : Confidence::likely).launch_at(site.origin);
    label_way(draft, program, way, "this stays in the buffer when output goes to a file or pipe");
    draft.label(program.site(*out), "here the child writes its copy; fflush(NULL) before the fork, or _exit() here");
    if (auto edit = rename_call(model, *out, "_exit"); edit && program.program().call_at(out->function, out->event)->api && program.program().call_at(out->function, out->event)->api->leaves == knowledge::Leaves::cleanup)
      draft.fix({"Leave by _exit()", engine::Safety::unsafe, {*edit}});
  }
}

}  // namespace

extern const engine::Rule duplicated_output = {
    .code = "PSM410", .name = "duplicated-output", .family = "inherited_state",
    .summary = "Output that was buffered at the fork is written twice", .severity = engine::Severity::warning, .languages = "c", .fix = engine::Fixability::sometimes, .check = check};

}  // namespace forklint::rules
