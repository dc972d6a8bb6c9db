// A process id kept in a variable from before the fork is the parent's: lock files, log lines and kill() of the child carry it.
#include <set>
#include <unordered_map>

#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

// Code further away from the fork serves both processes, and may well want the id of the first one: a shell's `$$`.
constexpr int furthest = 2;

void check(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  const Program& code = program.program();
  if (program.forks().sites().empty()) return;
  struct Kept { Place place; const NativeApi* api; int writes = 0; };
  std::unordered_map<std::string, Kept> kept;  // global and static variables by how often and where they are set
  for (FunctionId id = 0; id < code.functions().size(); ++id) {
    facts::Range events = code.facts(id).scopes[code.function(id).scope].events;
    for (EventId at = events.begin; at < events.end; ++at) {
      if (code.event(id, at).op != Op::bind) continue;
      Object object = code.object(id, at);
      EventId value = code.operand(id, at, 0);
      if (object.empty() || object.local || value == none) continue;
      if (code.constant(id, value) == 0) continue;  // not known yet
      Kept& it = kept[object.key];
      ++it.writes;
      const Call* call = code.event(id, value).op == Op::call ? code.call_at(id, value) : nullptr;
      if (call && call->api && call->targets.empty() && !call->api->identity.empty()) it.place = {id, at}, it.api = call->api;
    }
  }
  for (const ForkSite& site : program.forks().sites()) {
    if (site.heir) continue;
    auto look = [&](FunctionId id, EventId begin, EventId end, bool own) {
      std::set<EventId> compared;  // a child that asks whose it is means its parent's id
      for (EventId at = begin; at < end; ++at)
        if (code.event(id, at).op == Op::compare)
          for (uint32_t i = 0; i < code.event(id, at).operands_count; ++i) compared.insert(code.operand(id, at, i));
      for (EventId at = begin; at < end; ++at) {
        if (code.event(id, at).op != Op::read || compared.contains(at) || (own && !program.forks().child_runs(site, at))) continue;
        auto it = kept.find(std::string(code.name_of(id, at)));
        if (it == kept.end() || it->second.writes != 1 || !it->second.api || code.object(id, at).local || it->second.place.function == id) continue;
        report.finding(code.site(id, at), "The child reads the " + it->second.api->identity + " of its parent")
            .under(StartMethod::fork, "wrong")
            .label(program.site(it->second.place), "kept here, once for all processes")
            .label(site.origin, "the child is forked here; ask again in the child")
            .confidence(Confidence::likely)
            .launch_at(site.origin);
        return;
      }
    };
    facts::Range own = code.facts(site.function).scopes[code.function(site.function).scope].events;
    look(site.function, own.begin, own.end, true);
    std::vector<Reached::Entry> start;
    for (const Call* call : program.child_calls(site))
      for (FunctionId target : call->targets) start.push_back({target});
    const std::vector<Reached::Entry> reached = reach(code, program.forks(), start, 200).entries;
    for (const Reached::Entry& entry : reached) {
      int calls = 1;
      for (uint32_t at = entry.from; at != none; at = reached[at].from) ++calls;
      if (calls > furthest) break;  // nearest first
      facts::Range events = code.facts(entry.function).scopes[code.function(entry.function).scope].events;
      look(entry.function, events.begin, events.end, false);
    }
  }
}

}  // namespace

extern const engine::Rule stale_process_identity = {
    .code = "PSM612", .name = "stale-process-identity", .family = "child_code",
    .summary = "A process id from before the fork is used in the child", .severity = engine::Severity::warning, .languages = "c", .check = check};

}  // namespace forklint::rules
