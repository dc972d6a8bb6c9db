// A process id kept in a variable from before the fork is the parent's: lock files, log lines and kill() of the child carry it.
#include <set>
#include <unordered_map>

#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

// Code further away from the fork serves both processes, and may well want the id of the first one: a shell's `$$`.
constexpr int furthest = 2;

struct Kept {
  Place place;
  const NativeApi* api = nullptr;
  int writes = 0;
};
using AllKept = std::unordered_map<std::string, Kept>;  // global variables and fields, by how often and where they are set

// The call that asks for an identity which a value is, or which a text is made of: "[" + std::to_string(getpid()) + "]".
const NativeApi* identity_in(const Program& code, FunctionId id, EventId value) {
  std::vector<EventId> open{value};
  for (size_t i = 0; i < open.size() && i < 16; ++i) {
    const Call* call = open[i] != none && code.event(id, open[i]).op == Op::call ? code.call_at(id, open[i]) : nullptr;
    if (!call || !call->targets.empty()) continue;
    if (call->api && !call->api->identity.empty()) return call->api;
    if (!call->symbol.starts_with("std::")) continue;
    for (uint32_t operand = 1; operand < code.event(id, call->event).operands_count; ++operand) open.push_back(code.operand(id, call->event, operand));
    open.push_back(code.receiver(id, call->event));
  }
  return nullptr;
}

AllKept all_kept(const Program& code) {
  AllKept kept;
  for (FunctionId id = 0; id < code.functions().size(); ++id) {
    facts::Range events = code.facts(id).scopes[code.function(id).scope].events;
    for (EventId at = events.begin; at < events.end; ++at) {
      const bool field = code.event(id, at).op == Op::set_attribute;
      if (!field && code.event(id, at).op != Op::bind) continue;
      const Object object = field ? Object{.key = std::string(code.name_of(id, at)), .name = code.name_of(id, at)} : code.object(id, at);
      EventId value = code.operand(id, at, field);
      if (object.empty() || object.local || value == none) continue;
      if (code.constant(id, value) == 0) continue;  // not known yet
      Kept& it = kept[object.key];
      ++it.writes;
      if (const NativeApi* api = identity_in(code, id, value)) it.place = {id, at}, it.api = api;
    }
  }
  return kept;
}

// What is read to be compared, for a child that asks whose it is means its parent's id; or to send that process a signal.
std::set<EventId> meant_for_parent(const Program& code, FunctionId id, EventId begin, EventId end) {
  std::set<EventId> meant;
  for (EventId at = begin; at < end; ++at)
    if (code.event(id, at).op == Op::compare)
      for (uint32_t i = 0; i < code.event(id, at).operands_count; ++i) meant.insert(code.operand(id, at, i));
  for (const Call& call : code.function(id).calls)
    if (call.api && call.targets.empty() && call.api->kills) {
      const EventId target = code.argument(id, call.event, *call.api->kills);
      const bool group = target != none && code.event(id, target).op == Op::unary;  // kill(-leader, …)
      meant.insert(group ? code.operand(id, target, 0) : target);
    }
  return meant;
}

void check(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  const Program& code = program.program();
  if (program.forks().sites().empty()) return;
  const AllKept kept = all_kept(code);
  for (const ForkSite& site : program.forks().sites()) {
    if (site.heir) continue;
    std::vector<Reached::Entry> start;
    for (const Call* call : program.child_calls(site))
      for (FunctionId target : call->targets) start.push_back({target});
    const std::vector<Reached::Entry> reached = reach(code, program.forks(), start, 200).entries;
    // What the child keeps anew is its own.
    auto kept_by_child = [&](Place place) {
      if (place.function == site.function && program.forks().child_runs(site, place.event)) return true;
      return std::ranges::any_of(reached, [&](const Reached::Entry& entry) { return entry.function == place.function; });
    };
    auto look = [&](FunctionId id, EventId begin, EventId end, bool own) {
      const std::set<EventId> compared = meant_for_parent(code, id, begin, end);
      for (EventId at = begin; at < end; ++at) {
        const Op op = code.event(id, at).op;
        // A field of a structure of the library may be filled by others: utmp.
        if (op == Op::attribute && code.type_of(id, at).empty()) continue;
        if ((op != Op::read && op != Op::attribute) || compared.contains(at) || (own && !program.forks().child_runs(site, at))) continue;
        auto it = kept.find(std::string(code.name_of(id, at)));
        if (it == kept.end() || it->second.writes != 1 || !it->second.api || code.object(id, at).local || it->second.place.function == id || kept_by_child(it->second.place)) continue;
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
