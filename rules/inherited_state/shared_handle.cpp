// A connection, an epoll instance or a ring that was made before the fork is one thing in both processes: what one does with it,
// the other sees, and neither knows. So is the position in a file that was opened before.
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

constexpr size_t furthest = 3;  // calls from the fork to a use: further away it is one of many things that may happen

struct Handle {
  Place place;
  std::string key;
  std::string what;  // "an epoll instance"
};

// The handle that a call works on: an instance of something, or a file whose position it sets.
EventId handle_used(const Program& code, FunctionId id, const Call& call, bool positions) {
  if (!call.api || !call.targets.empty() || !call.api->handle.empty()) return none;
  const std::optional<knowledge::Argument>& wanted = positions ? call.api->seeks : call.api->uses;
  return wanted ? code.argument(id, call.event, *wanted) : none;
}

// Where handles are made outside of children. What has a position is a file: what is opened, but for pipes.
std::vector<Handle> all_handles(const Native& program, bool positions) {
  const Program& code = program.program();
  std::vector<Handle> handles;
  for (FunctionId id = 0; id < code.functions().size(); ++id)
    for (const Call& call : code.function(id).calls) {
      if (!call.api || !call.targets.empty() || program.forks().only_child(id, call.event)) continue;
      if (positions ? !call.api->opens || call.api->pipe : call.api->handle.empty()) continue;
      if (std::string key = made_by(code, id, call); !key.empty()) handles.push_back({{id, call.event}, std::move(key), positions ? "a file position" : call.api->handle});
    }
  return handles;
}

struct Use {
  std::string key;
  std::vector<Place> way;  // from the function of the fork
};

// What the child works on and has not made itself, nearest first.
std::vector<Use> used_by_child(const Native& program, const ForkSite& site, bool positions) {
  const Program& code = program.program();
  std::vector<Use> uses;
  std::vector<std::string> own;
  auto makes = [&](const Call& call) { return call.api && call.targets.empty() && (positions ? call.api->opens : !call.api->handle.empty()); };
  for (FunctionId id : run_in_every_child(program))
    for (const Call& call : code.function(id).calls)
      if (makes(call)) own.push_back(made_by(code, id, call));
  for (const Call* call : program.child_calls(site)) {
    if (makes(*call)) own.push_back(made_by(code, site.function, *call));
    if (const EventId given = handle_used(code, site.function, *call, positions); given != none)
      if (std::string key = code.object(site.function, given).key; std::ranges::find(own, key) == own.end()) uses.push_back({std::move(key), {{site.function, call->event}}});
  }
  for (const auto& [id, way, sure] : reached_by_child(program, site))
    for (const Call& call : code.function(id).calls) {
      if (makes(call)) own.push_back(made_by(code, id, call));
      const EventId given = sure && way.size() <= furthest ? handle_used(code, id, call, positions) : none;
      const Object object = given == none ? Object{} : code.object(id, given);
      if (object.empty() || object.local || program.forks().doomed(id, call.event)) continue;
      uses.push_back({object.key, way});
      uses.back().way.push_back({id, call.event});
    }
  std::erase_if(uses, [&](const Use& it) { return it.key.empty() || (it.way.size() > 1 && std::ranges::find(own, it.key) != own.end()); });
  return uses;
}

// Whether somebody else sets the position of the same file: another child, or the parent behind the fork.
bool others_seek(const Native& program, const ForkSite& site, const std::string& key) {
  const Program& code = program.program();
  if (forks_several(code, site.function, site.event)) return true;
  return std::ranges::any_of(code.function(site.function).calls, [&](const Call& call) {
    const EventId given = call.event > site.event && !program.forks().child_runs(site, call.event) ? handle_used(code, site.function, call, true) : none;
    return given != none && code.object(site.function, given).key == key;
  });
}

void look(const Native& program, bool positions, engine::Report& report) {
  const Program& code = program.program();
  const std::vector<Handle> handles = all_handles(program, positions);
  if (handles.empty()) return;
  for (const ForkSite& site : program.forks().sites()) {
    if (site.heir) continue;
    auto made_before = [&](const std::string& key) {
      return std::ranges::find_if(handles, [&](const Handle& it) {
        return it.key == key && (it.place.function == site.function ? it.place.event < site.event : program.share_program(it.place.function, site.function));
      });
    };
    for (const Use& use : used_by_child(program, site, positions)) {
      const auto handle = made_before(use.key);
      if (handle == handles.end() || (positions && !others_seek(program, site, use.key))) continue;
      auto draft = report.finding(code.site(use.way.back().function, use.way.back().event), "The child uses " + handle->what + " that it shares with " + (positions ? "other processes" : "its parent"));
      draft.under(StartMethod::fork, "wrong").label(program.site(handle->place), positions ? "the file is opened here, before the fork" : "it is made here, before the fork");
      draft.label(site.origin, positions ? "all processes have one position from here on; pread() has none, and a child may open the file anew" : "both processes have it from here on; let the child make its own");
      for (size_t i = 0; i + 1 < use.way.size(); ++i) draft.label(program.site(use.way[i]), "calls " + called(program, use.way[i]) + "()");
      draft.confidence(Confidence::likely).launch_at(site.origin);
      break;
    }
  }
}

void check(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  if (program.forks().sites().empty()) return;
  look(program, false, report);
  look(program, true, report);
}

}  // namespace

extern const engine::Rule shared_handle = {
    .code = "PSM405", .name = "shared-handle", .family = "inherited_state",
    .summary = "A connection or kernel object from before the fork is used in the child", .severity = engine::Severity::error, .languages = "c", .check = check};

}  // namespace forklint::rules
