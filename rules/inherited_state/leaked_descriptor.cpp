// A descriptor without the close-on-exec flag goes on into every program that this one becomes or starts. Told where it lives
// long: kept in a global variable or a field of a program that does start others and nowhere sees to its descriptors. Both must be
// seen to be reached from main(): what is called through a pointer may be the code of another process.
#include <algorithm>
#include <set>

#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

// Whether an expression is a variable of the function that is an object, not a pointer to one: its fields end with it.
bool is_own_object(const Program& code, FunctionId id, EventId event) {
  while (code.event(id, event).op == Op::attribute && code.event(id, event).operands_count) event = code.operand(id, event, 0);
  if (code.event(id, event).op != Op::read || !code.object(id, event).local) return false;
  facts::Range events = code.facts(id).scopes[code.function(id).scope].events;
  for (EventId at = events.begin; at < event; ++at)
    if (code.event(id, at).op == Op::declare && code.event(id, at).name == code.event(id, event).name) return code.event(id, at).operands_count && code.event(id, code.operand(id, at, 0)).op == Op::read;
  return false;
}

// The variable or field that keeps what a call opens; empty for what is local.
Object kept_in(const Program& code, FunctionId id, const Call& call) {
  if (call.api->pipe) {
    EventId pair = code.argument(id, call.event, *call.api->pipe);
    Object object = pair == none ? Object{} : code.object(id, pair);
    return object.local ? Object{} : object;
  }
  facts::Range events = code.facts(id).scopes[code.function(id).scope].events;
  for (EventId at = call.event + 1; at < events.end && at < call.event + 6; ++at) {
    const facts::Event& event = code.event(id, at);
    if (event.op == Op::bind && code.operand(id, at, 0) == call.event) {
      Object object = code.object(id, at);
      return object.local ? Object{} : object;
    }
    if (event.op == Op::set_attribute && code.operand(id, at, 1) == call.event && !is_own_object(code, id, code.operand(id, at, 0))) return {.key = std::string(code.name_of(id, at)), .name = code.name_of(id, at)};
  }
  return {};
}

// The variables and fields whose descriptors are marked close-on-exec somewhere: by fcntl, or by a function of the program that
// marks its parameter.
std::vector<std::string> marked_descriptors(const Program& code) {
  std::vector<std::string> marked;
  std::vector<std::pair<FunctionId, uint32_t>> markers;  // functions, and the parameter that they mark
  auto mark = [&](FunctionId id, EventId given) {
    if (given == none) return;
    Object object = code.object(id, given);
    if (object.empty()) return;
    if (!object.local) return marked.push_back(object.key);
    const facts::Scope& scope = code.facts(id).scopes[code.function(id).scope];
    for (uint32_t p = scope.parameters.begin; p < scope.parameters.end; ++p)
      if (code.facts(id).name(code.facts(id).parameters[p].name) == object.name) markers.emplace_back(id, p - scope.parameters.begin);
  };
  for (FunctionId id = 0; id < code.functions().size(); ++id)
    for (const Call& call : code.function(id).calls)
      if (call.api && call.targets.empty() && call.api->sets_cloexec) mark(id, code.argument(id, call.event, *call.api->sets_cloexec));
  std::set<std::pair<FunctionId, uint32_t>> seen;
  for (size_t i = 0; i < markers.size(); ++i) {
    auto [marker, parameter] = markers[i];
    if (!seen.insert(markers[i]).second) continue;
    for (const Program::Caller& caller : code.callers(marker)) mark(caller.function, code.operand(caller.function, code.function(caller.function).calls[caller.call].event, parameter + 1));
  }
  std::sort(marked.begin(), marked.end());
  return marked;
}

void check(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  const Program& code = program.program();
  const Call* exec = nullptr;
  Place where;
  for (FunctionId id = 0; id < code.functions().size(); ++id)
    for (const Call& call : code.function(id).calls) {
      if (!call.api || !call.targets.empty()) continue;
      if (call.api->closes_all) return;  // it sees to them
      if (!exec && program.called_from_main(id) && program.effects().does(id, call, Effect::execs)) exec = &call, where = {id, call.event};
    }
  if (!exec) return;
  const std::vector<std::string> marked = marked_descriptors(code);
  for (FunctionId id = 0; id < code.functions().size(); ++id)
    for (const Call& call : code.function(id).calls) {
      if (!call.api || !call.targets.empty() || !call.api->opens || call.api->opens_cloexec || !program.called_from_main(id) || program.forks().only_child(id, call.event)) continue;
      EventId flags = call.api->cloexec ? code.argument(id, call.event, *call.api->cloexec) : none;
      std::optional<int64_t> number = code.constant(id, flags);
      if (call.api->cloexec_bit && (!number || uint64_t(*number) & call.api->cloexec_bit)) continue;
      if (call.api->cloexec && !call.api->cloexec_bit) {  // fopen(…, "re")
        if (flags == none || code.event(id, flags).op != Op::string || code.name_of(id, flags).find('e') != std::string_view::npos) continue;
      }
      Object object = kept_in(code, id, call);
      if (object.empty() || std::binary_search(marked.begin(), marked.end(), object.key)) continue;
      auto draft = report.finding(code.site(id, call.event), "This descriptor stays open in every program that is started from here");
      draft.label(program.site(where), "another program is started here").confidence(Confidence::likely);
      if (call.api->cloexec_bit)
        draft.fix({"Close it at exec", engine::Safety::safe, {{{code.site(id, flags).file, {code.event(id, flags).span.end, code.event(id, flags).span.end}}, " | " + call.api->cloexec_name}}});
    }
}

}  // namespace

extern const engine::Rule leaked_descriptor = {
    .code = "PSM412", .name = "leaked-descriptor", .family = "inherited_state",
    .summary = "A descriptor without close-on-exec in a program that starts others", .severity = engine::Severity::info, .languages = "c", .fix = engine::Fixability::sometimes, .check = check};

}  // namespace forklint::rules
