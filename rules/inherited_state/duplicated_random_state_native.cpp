// The part of duplicated-random-state for C and C++: an engine that was seeded before the fork and is drawn from in several
// children, or in the child and in its parent.
#include <algorithm>
#include <set>

#include "rules/inherited_state/native.h"
#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

constexpr size_t furthest = 3;  // calls from the fork to a draw: further away it is one of many things that may happen

// What an engine's draw or seed is of: its variable or field, or the library's own.
Object engine_of(const Program& code, FunctionId id, const Call& call) {
  if (!call.api || !call.targets.empty() || !(call.api->seeds || call.api->draws)) return {};
  if (call.api->random_engine) return {.key = "the library's", .name = {}};
  EventId object = call.api->receiver ? code.receiver(id, call.event) : code.argument(id, call.event, call.api->uses.value_or(knowledge::Argument{.position = 0}));
  return object == none ? Object{} : code.object(id, object);
}

// The engine that an event makes: a variable or a field.
std::string engine_made(const Program& code, FunctionId id, EventId at) {
  const facts::Event& event = code.event(id, at);
  if (event.op == Op::bind) {
    const NativeApi* type = code.natives().find(code.type_of(id, at));
    return type && type->random_engine ? code.object(id, at).key : std::string();
  }
  const EventId value = event.op == Op::set_attribute ? code.operand(id, at, 1) : none;
  const Call* made = value != none && code.event(id, value).op == Op::call ? code.call_at(id, value) : nullptr;
  const NativeApi* type = made ? code.row(*made) : nullptr;
  return type && type->random_engine && !type->seeds && !type->draws ? std::string(code.name_of(id, at)) : std::string();
}

struct Draw {
  std::string engine;
  std::vector<Place> way;  // from the function of the fork
};

// What is seeded anew in every child: pthread_atfork(NULL, NULL, seed).
std::set<std::string> seeded_by_handlers(const Native& program) {
  std::set<std::string> seeded;
  for (FunctionId id : run_in_every_child(program))
    for (const Call& call : program.program().function(id).calls)
      if (const Object engine = engine_of(program.program(), id, call); !engine.empty() && call.api->seeds) seeded.insert(engine.key);
  return seeded;
}

// What the child draws from and does not seed or make itself, nearest first.
std::vector<Draw> draws_of_child(const Native& program, const ForkSite& site) {
  const Program& code = program.program();
  std::vector<Draw> draws;
  std::set<std::string> own = seeded_by_handlers(program);
  for (const Call* call : program.child_calls(site)) {
    const std::string engine = engine_of(code, site.function, *call).key;
    if (!engine.empty() && call->api->seeds) own.insert(engine);
    if (!engine.empty() && call->api->draws && !own.contains(engine)) draws.push_back({engine, {{site.function, call->event}}});
  }
  for (const auto& [id, way, sure] : reached_by_child(program, site)) {
    for (const Call& call : code.function(id).calls) {
      const Object engine = engine_of(code, id, call);
      if (engine.empty()) continue;
      if (call.api->seeds) own.insert(engine.key);
      if (!call.api->draws || engine.local || way.size() >= furthest) continue;
      draws.push_back({engine.key, way});
      draws.back().way.push_back({id, call.event});
    }
    const facts::Range events = code.facts(id).scopes[code.function(id).scope].events;
    for (EventId at = events.begin; at < events.end; ++at)
      if (std::string engine = engine_made(code, id, at); !engine.empty()) own.insert(std::move(engine));
  }
  std::erase_if(draws, [&](const Draw& it) { return it.way.size() > 1 && own.contains(it.engine); });
  return draws;
}

// Where an engine gets its state outside of the child: in the function of the fork before it, or anywhere else in the program.
Site start_of(const Native& program, const ForkSite& site, const std::string& engine) {
  const Program& code = program.program();
  Site elsewhere;
  for (FunctionId id = 0; id < code.functions().size(); ++id) {
    const bool here = id == site.function;
    if (!here && elsewhere.event != none) continue;
    if (!here && !program.share_program(id, site.function)) continue;
    Site found;
    for (const Call& call : code.function(id).calls)
      if (engine_of(code, id, call).key == engine && (!here || call.event < site.event) && !program.forks().only_child(id, call.event) && (call.api->seeds || here)) found = code.site(id, call.event);
    const facts::Range events = code.facts(id).scopes[code.function(id).scope].events;
    for (EventId at = events.begin; at < events.end && found.event == none && (!here || at < site.event); ++at)
      if (engine_made(code, id, at) == engine) found = code.site(id, at);
    if (found.event == none) continue;
    if (here) return found;
    elsewhere = found;
  }
  return elsewhere;
}

// Whether the parent draws, too, behind the fork.
bool parent_draws(const Native& program, const ForkSite& site, const std::string& engine) {
  const Program& code = program.program();
  return std::ranges::any_of(code.function(site.function).calls, [&](const Call& call) {
    return call.event > site.event && engine_of(code, site.function, call).key == engine && call.api->draws && !program.forks().child_runs(site, call.event);
  });
}

}  // namespace

void duplicated_random_state_native(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  const Program& code = program.program();
  for (const ForkSite& site : program.forks().sites()) {
    if (site.heir) continue;
    for (const Draw& draw : draws_of_child(program, site)) {
      if (!forks_several(code, site.function, site.event) && !parent_draws(program, site, draw.engine)) continue;
      const Site start = start_of(program, site, draw.engine);
      if (start.event == none) continue;
      auto draft = report.finding(program.site(draw.way.back()), "Every process draws the same numbers: the state of the generator was copied by the fork");
      draft.under(StartMethod::fork, "wrong").label(start, "its state comes from here").label(site.origin, "and is copied here; seed it anew in the child");
      for (size_t i = 0; i + 1 < draw.way.size(); ++i) draft.label(program.site(draw.way[i]), "calls " + called(program, draw.way[i]) + "()");
      draft.confidence(Confidence::likely).launch_at(site.origin);
      break;
    }
  }
}

}  // namespace forklint::rules
