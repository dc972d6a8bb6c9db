// A connection, an epoll instance or a ring that was made before the fork is one thing in both processes: what one does with it,
// the other sees, and neither knows.
#include <algorithm>

#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

// What a call makes: the variable that its result goes to, or the argument that it fills.
std::string made_by(const Program& code, FunctionId id, const Call& call) {
  if (call.api->uses) {
    EventId given = code.argument(id, call.event, *call.api->uses);
    return given == none ? std::string() : code.object(id, given).key;
  }
  facts::Range events = code.facts(id).scopes[code.function(id).scope].events;
  for (EventId at = call.event + 1; at < events.end && at < call.event + 4; ++at) {
    const facts::Event& event = code.event(id, at);
    if (event.op == Op::bind && code.operand(id, at, 0) == call.event) return code.object(id, at).key;
    if (event.op == Op::set_attribute && code.operand(id, at, 1) == call.event) return std::string(code.name_of(id, at));
  }
  return {};
}

void check(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  const Program& code = program.program();
  if (program.forks().sites().empty()) return;
  struct Handle { Place place; std::string key; const NativeApi* api; };
  std::vector<Handle> handles;
  for (FunctionId id = 0; id < code.functions().size(); ++id)
    for (const Call& call : code.function(id).calls)
      if (call.api && call.targets.empty() && !call.api->handle.empty() && !program.forks().only_child(id, call.event))
        if (std::string key = made_by(code, id, call); !key.empty()) handles.push_back({{id, call.event}, std::move(key), call.api});
  if (handles.empty()) return;
  for (const ForkSite& site : program.forks().sites()) {
    if (site.heir) continue;
    std::vector<std::string> own;  // made by the child
    bool told = false;
    for (const Call* call : program.child_calls(site)) {
      if (!call->api || told) continue;
      if (!call->api->handle.empty()) own.push_back(made_by(code, site.function, *call));
      if (!call->api->uses || !call->api->handle.empty()) continue;
      EventId given = code.argument(site.function, call->event, *call->api->uses);
      std::string key = given == none ? std::string() : code.object(site.function, given).key;
      if (key.empty() || std::find(own.begin(), own.end(), key) != own.end()) continue;
      for (const Handle& handle : handles) {
        bool before = handle.place.function != site.function || handle.place.event < site.event;
        if (told || handle.key != key || !before) continue;
        told = true;
        report.finding(code.site(site.function, call->event), "The child uses " + handle.api->handle + " that it shares with its parent")
            .under(StartMethod::fork, "wrong")
            .label(program.site(handle.place), "it is made here, before the fork")
            .label(site.origin, "both processes have it from here on; let the child make its own")
            .confidence(Confidence::likely)
            .launch_at(site.origin);
      }
    }
  }
}

}  // namespace

extern const engine::Rule shared_handle = {
    .code = "PSM405", .name = "shared-handle", .family = "inherited_state",
    .summary = "A connection or kernel object from before the fork is used in the child", .severity = engine::Severity::error, .languages = "c", .check = check};

}  // namespace forklint::rules
