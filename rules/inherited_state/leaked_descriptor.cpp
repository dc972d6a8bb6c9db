// A descriptor without the close-on-exec flag goes on into every program that this one becomes or starts. Told where it lives
// long: kept in a global variable or a field of a program that does start others and nowhere sees to its descriptors.
#include <algorithm>

#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

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
    if (event.op == Op::set_attribute && code.operand(id, at, 1) == call.event) return {.key = std::string(code.name_of(id, at)), .name = code.name_of(id, at)};
  }
  return {};
}

void check(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  const Program& code = program.program();
  const Call* exec = nullptr;
  Place where;
  std::vector<std::string> marked;
  for (FunctionId id = 0; id < code.functions().size(); ++id)
    for (const Call& call : code.function(id).calls) {
      if (!call.api || !call.targets.empty()) continue;
      if (call.api->closes_all) return;  // it sees to them
      if (!exec && program.effects().does(id, call, Effect::execs)) exec = &call, where = {id, call.event};
      if (!call.api->sets_cloexec) continue;
      if (EventId given = code.argument(id, call.event, *call.api->sets_cloexec); given != none) marked.push_back(code.object(id, given).key);
    }
  if (!exec) return;
  std::sort(marked.begin(), marked.end());
  for (FunctionId id = 0; id < code.functions().size(); ++id)
    for (const Call& call : code.function(id).calls) {
      if (!call.api || !call.targets.empty() || !call.api->opens || call.api->opens_cloexec || program.forks().only_child(id, call.event)) continue;
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
