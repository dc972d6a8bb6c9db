// The part of duplicated-random-state for C and C++: an engine that was seeded before the fork and is drawn from in several
// children, or in the child and in its parent.
#include <algorithm>

#include "rules/inherited_state/native.h"
#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

// What an engine's draw or seed is of: its variable, or the library's own.
std::string engine_of(const Program& code, FunctionId id, const Call& call) {
  if (call.api->random_engine) return "the library's";
  EventId object = call.api->receiver ? code.receiver(id, call.event) : code.argument(id, call.event, {.position = 0});
  return object == none ? std::string() : code.object(id, object).key;
}

}  // namespace

void duplicated_random_state_native(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  const Program& code = program.program();
  for (const ForkSite& site : program.forks().sites()) {
    if (site.heir) continue;
    std::vector<std::string> seeded;  // in the child
    for (const Call* call : program.child_calls(site)) {
      if (!call->api || !call->targets.empty()) continue;
      std::string engine = call->api->seeds || call->api->draws ? engine_of(code, site.function, *call) : std::string();
      if (engine.empty()) continue;
      if (call->api->seeds) seeded.push_back(engine);
      if (!call->api->draws || std::find(seeded.begin(), seeded.end(), engine) != seeded.end()) continue;
      // Where it was seeded or made before, and who else draws.
      Site start;
      bool others = loop_around(code, site.function, site.event) != none;
      for (const Call& other : code.function(site.function).calls) {
        if (!other.api || program.forks().child_runs(site, other.event)) continue;
        bool same = (other.api->seeds || other.api->draws) && engine_of(code, site.function, other) == engine;
        if (same && other.event < site.event) start = code.site(site.function, other.event);
        others |= same && other.api->draws && other.event > site.event;
      }
      // Or where the variable was made: in this function, or as a global one.
      for (FunctionId id = 0; id < code.functions().size() && start.event == none; ++id) {
        if (id != site.function && !(code.function(id).has(function_module) && code.function(id).unit == code.function(site.function).unit)) continue;
        facts::Range events = code.facts(id).scopes[code.function(id).scope].events;
        for (EventId at = events.begin; at < events.end && (id != site.function || at < site.event) && start.event == none; ++at) {
          if (code.event(id, at).op != Op::bind || code.object(id, at).key != engine) continue;
          const NativeApi* type = code.natives().find(code.type_of(id, at));
          if (type && type->random_engine) start = code.site(id, at);
        }
      }
      if (start.event == none || !others) continue;
      report.finding(code.site(site.function, call->event), "Every process draws the same numbers: the state of the generator was copied by the fork")
          .under(StartMethod::fork, "wrong")
          .label(start, "its state comes from here")
          .label(site.origin, "and is copied here; seed it anew in the child")
          .confidence(Confidence::likely)
          .launch_at(site.origin);
      break;
    }
  }
}

}  // namespace forklint::rules
