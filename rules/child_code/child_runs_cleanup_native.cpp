// The part of child-runs-cleanup for C and C++: exit(), the end of main() and exceptions run in the child what was
// arranged for the parent.
#include <algorithm>
#include <set>

#include "rules/child_code/native.h"
#include "rules/child_code/unset_before.h"
#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

struct Cleanup {
  Site site;
  std::string what;
  FunctionId function;   // that it stands in
  EventId call = none;   // that arranges it; none: it is always so
  std::vector<FunctionId> runs;  // where that is known
  bool waits = false;    // for threads, which a child does not have
};

// Static objects whose class has a destructor of its own, exit handlers, destructor functions: those whose work is seen outside of the
// process. What only flushes, closes and frees harms nobody in a child.
std::vector<Cleanup> cleanups(const Native& program) {
  std::vector<Cleanup> result;
  const Program& code = program.program();
  const Effects& effects = program.effects();
  for (FunctionId id = 0; id < code.functions().size(); ++id) {
    const Function& function = code.function(id);
    if (function.has(function_destructor) && effects.seen_outside(id)) result.push_back({code.site(id, code.facts(id).scopes[function.scope].definition), "this function runs in the child, too, when it ends", id, none, {id}});
    for (const Call& call : function.calls)
      if (effects.does(id, call, Effect::arranges_exit) && !program.forks().only_child(id, call.event)) result.push_back({code.site(id, call.event), "this exit handler runs in the child, too", id, call.event, code.function_values(id, code.argument(id, call.event, *call.api->at_exit))});
    const FileFacts& facts = code.facts(id);
    facts::Range events = facts.scopes[function.scope].events;
    for (EventId at = events.begin; at < events.end; ++at) {
      // In a function it is a static variable that has a name with its function's.
      const bool lives_on = function.has(function_module) || (facts.events[at].op == Op::declare && code.name_of(id, at).find("::") != std::string_view::npos);
      if (!lives_on || facts.events[at].op != Op::declare || facts.events[at].operands_count == 0 || facts.events[code.operand(id, at, 0)].op != Op::read) continue;
      std::string type(without_parameters(code.type_of(id, at)));
      const std::vector<FunctionId>& destructors = code.named(type + "::~" + std::string(last_name(type)));
      if (!type.empty() && std::ranges::any_of(destructors, [&](FunctionId it) { return effects.seen_outside(it); })) result.push_back({code.site(id, at), "the destructor of this object runs in the child, too", id, none, destructors, std::ranges::any_of(destructors, [&](FunctionId it) { return effects.of(it, Effect::wrong); })});
    }
  }
  return result;
}

// What an arm holds for: `one_process` and true of if (one_process), false of its else. No name when the condition asks more.
struct Mode {
  std::string_view flag;
  bool value = true;
  friend auto operator<=>(const Mode&, const Mode&) = default;
};

Mode mode_of(const Program& code, FunctionId function, facts::RegionId arm) {
  const facts::Region& region = code.facts(function).regions[arm];
  const bool otherwise = region.kind == facts::RegionKind::else_arm;
  if (!otherwise && region.kind != facts::RegionKind::then_arm) return {};
  Mode mode{.flag = {}, .value = !otherwise};
  EventId condition = region.subject;
  for (; condition != none && code.event(function, condition).op == Op::unary && code.name_of(function, condition) == "not"; condition = code.operand(function, condition, 0)) mode.value = !mode.value;
  if (condition == none || code.event(function, condition).op != Op::read) return {};
  const std::string_view name = code.name_of(function, condition);
  mode.flag = name.substr(0, name.find('@'));  // static in which file
  return mode;
}

// Whether who goes through an arm does not come to what stands behind it.
bool leaves_function(const Native& program, FunctionId function, facts::RegionId arm) {
  const Program& code = program.program();
  const facts::Range& events = code.facts(function).regions[arm].events;
  for (EventId at = events.begin; at < events.end; ++at) {
    if (code.event(function, at).region != arm) continue;
    const Call* call = code.event(function, at).op == Op::call ? code.call_at(function, at) : nullptr;
    if (code.event(function, at).op == Op::return_ || (call && !program.forks().returns(*call))) return true;
  }
  return false;
}

// Whether it is arranged in one mode of the program and the fork stands in another: where the flag around the one is so, the function
// of the other leaves before the fork.
bool in_another_mode(const Native& program, const Cleanup& cleanup, const ForkSite& site) {
  const Program& code = program.program();
  std::set<Mode> modes;
  const FileFacts& facts = code.facts(cleanup.function);
  for (facts::RegionId region = code.event(cleanup.function, cleanup.call).region; region != none; region = facts.regions[region].parent) modes.insert(mode_of(code, cleanup.function, region));
  modes.erase(Mode{});
  const facts::Range& regions = code.facts(site.function).scopes[code.function(site.function).scope].regions;
  for (facts::RegionId region = regions.begin; region < regions.end && !modes.empty(); ++region) {
    const bool before = code.facts(site.function).regions[region].events.end <= site.event;
    if (before && modes.contains(mode_of(code, site.function, region)) && leaves_function(program, site.function, region)) return true;
  }
  return false;
}

// The variables that differ in the child: those that it sets before it leaves, itself or in what it calls, and those that were set for it
// before the fork and that its parent sets anew.
std::set<std::string> set_by_child(const Native& program, const ForkSite& site) {
  const Program& code = program.program();
  std::set<std::string> keys, before, anew;
  auto note = [&](std::set<std::string>& into, FunctionId id, EventId at) {
    const facts::Event& event = code.event(id, at);
    if (event.op != Op::bind && event.op != Op::augment) return;
    if (Object object = code.object(id, at); !object.local && !object.empty()) into.insert(object.key);
  };
  const facts::Range own = code.facts(site.function).scopes[code.function(site.function).scope].events;
  for (EventId at = own.begin; at < own.end; ++at) {
    if (program.forks().child_runs(site, at)) note(keys, site.function, at);
    else if (at < site.event) note(before, site.function, at);
    else if ((program.forks().sides_at(site, at) & (side_parent | side_child)) == side_parent) note(anew, site.function, at);
  }
  std::ranges::set_intersection(before, anew, std::inserter(keys, keys.end()));
  std::vector<Reached::Entry> start;
  for (const Call* call : program.child_calls(site))
    for (FunctionId target : call->targets) start.push_back({target});
  for (const Reached::Entry& entry : reach(code, program.forks(), start, 500).entries) {
    const facts::Range events = code.facts(entry.function).scopes[code.function(entry.function).scope].events;
    for (EventId at = events.begin; at < events.end; ++at) note(keys, entry.function, at);
  }
  return keys;
}

// What the child finds in variables that are set to the result of the fork and to nothing else.
Known left_by_fork(const Native& program, const ForkSite& site, const std::set<std::string>& set) {
  const Program& code = program.program();
  Known known;
  const facts::Range events = code.facts(site.function).scopes[code.function(site.function).scope].events;
  for (EventId at = site.event + 1; at < events.end; ++at) {
    const bool field = code.event(site.function, at).op == Op::set_attribute;
    if ((!field && code.event(site.function, at).op != Op::bind) || !(program.forks().sides_at(site, at) & side_child)) continue;
    const Object object = field ? Object{} : code.object(site.function, at);
    const std::string key = field ? std::string(code.name_of(site.function, at)) : object.key;
    const std::optional<int64_t> number = object.local || set.contains(key) ? std::nullopt : program.forks().value(site, code.operand(site.function, at, field), 1);
    if (number) known[key] = {*number};
    else known.erase(key);
  }
  return known;
}

// Whether what is arranged does nothing in the child: it asks, itself or in what it calls, a variable that the child has set, and then may
// well know where it runs; or what the fork has left there keeps it from all that is seen outside.
bool spares_child(const Native& program, const Cleanup& cleanup, const std::set<std::string>& set, const Known& known) {
  const Program& code = program.program();
  std::vector<Reached::Entry> start;
  for (FunctionId run : cleanup.runs) start.push_back({run});
  for (const Reached::Entry& entry : reach(code, program.forks(), start, 20).entries)
    for (EventId at : program.forks().read_by_conditions(entry.function))
      if (set.contains(code.object(entry.function, at).key)) return true;
  auto seen = [&](FunctionId run) { return program.effects().seen_outside(run, known); };
  return !known.empty() && !cleanup.runs.empty() && std::ranges::none_of(cleanup.runs, seen);
}

// Whether the variables that it asks are as they were made when the process forks, and keep it from all that is seen outside: a library
// ends what was never started. Those that the child sets are not asked.
bool finds_nothing(const Native& program, const Cleanup& cleanup, uint32_t site, const std::set<std::string>& set) {
  const Program& code = program.program();
  std::vector<Reached::Entry> start;
  for (FunctionId run : cleanup.runs) start.push_back({run});
  std::set<std::string> asked;
  for (const Reached::Entry& entry : reach(code, program.forks(), start, 20).entries)
    for (EventId at : program.forks().read_by_conditions(entry.function))
      if (const Object object = code.object(entry.function, at); code.event(entry.function, at).op == Op::read && !object.local && !set.contains(object.key)) asked.insert(object.key);
  const Known known = asked.empty() ? Known() : unset_before(program, site, asked);
  auto seen = [&](FunctionId run) { return program.effects().seen_outside(run, known); };
  return !known.empty() && !cleanup.runs.empty() && std::ranges::none_of(cleanup.runs, seen);
}

// The first that the child of a fork runs: it belongs to the same program, and is arranged before the fork. What main() is seen to come
// to is so before what only events call.
const Cleanup* first_of(const Native& program, const std::vector<Cleanup>& all, uint32_t index, const std::set<Place>& arranged_before) {
  const ForkSite& site = program.forks().sites()[index];
  const std::set<std::string> set = all.empty() ? std::set<std::string>() : set_by_child(program, site);
  const Known known = all.empty() ? Known() : left_by_fork(program, site, set);
  for (const Cleanup& it : all) {
    if (!program.joins_program(it.function, site.function) || (it.call != none && in_another_mode(program, it, site))) continue;
    const bool before_events = program.called_from_main(it.function) && !program.called_from_main(site.function) && program.in_program(site.function);
    const bool before = it.call == none || arranged_before.contains({it.function, it.call}) || before_events;
    if (before && !spares_child(program, it, set, known) && !finds_nothing(program, it, index, set)) return &it;
  }
  return nullptr;
}

// Where the child leaves by exit(), itself or in what it calls and never comes back from.
std::optional<std::vector<Place>> exit_of(const Native& program, const ForkSite& site) {
  for (const Leaving& leaving : site.leaves) {
    Place place{site.function, leaving.event};
    if (leaving.way == Way::cleanup || leaving.way == Way::main_ends) {
      const Call* call = program.program().call_at(site.function, leaving.event);
      if (leaving.way == Way::cleanup && call && call->api->handled_exit) continue;
      return std::vector{place};
    }
    if (leaving.way != Way::stays) continue;
    const Call* call = program.program().call_at(site.function, leaving.event);
    if (auto step = program.effects().of_call(site.function, *call, Effect::exits)) return program.effects().way(site.function, *step, Effect::exits);
  }
  return std::nullopt;
}

// Where something that the child calls, and that mostly comes back, leaves by exit() when it fails.
std::optional<std::vector<Place>> failing_exit_of(const Native& program, const ForkSite& site) {
  for (const Call* call : program.child_calls(site)) {
    const auto step = call->sure && program.forks().returns(*call) ? program.effects().of_call(site.function, *call, Effect::exits) : std::nullopt;
    if (!step || !step->sure) continue;
    std::vector<Place> way = program.effects().way(site.function, *step, Effect::exits);
    if (way.size() > 1 && can_go(program.program(), program.forks(), way, {})) return way;
  }
  return std::nullopt;
}

// Whether something above a function catches what comes out of it: then its caller's code goes on.
bool caught_above(const Program& code, FunctionId function, int callers = 4) {
  return callers > 0 && std::ranges::any_of(code.callers(function), [&](const Program::Caller& it) {
    const EventId call = code.function(it.function).calls[it.call].event;
    return try_around(code.facts(it.function), call) != none || caught_above(code, it.function, callers - 1);
  });
}

// A call of the child that an exception may come out of, and out of its branch: into a try that its parent entered, too.
const Call* throwing_call(const Native& program, const ForkSite& site) {
  const Program& code = program.program();
  for (const Call* call : program.child_calls(site)) {
    if (!call->sure || std::ranges::none_of(call->targets, [&](FunctionId target) { return program.forks().throws(target); })) continue;
    const FileFacts& facts = code.facts(site.function);
    const facts::RegionId around = try_around(facts, call->event);
    const facts::Range body = around == none ? facts::Range{} : facts.regions[around].events;
    const bool shared = around != none && body.begin <= site.event && site.event < body.end;
    if (shared || (around == none && caught_above(code, site.function))) return call;
  }
  return nullptr;
}

}  // namespace

void child_runs_cleanup_native(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  if (program.empty() || program.forks().sites().empty()) return;
  const std::vector<Cleanup> all = cleanups(program);
  std::vector<std::set<Place>> arranged(program.forks().sites().size());
  auto arranges = [&](FunctionId id, const Call& call) { return program.effects().of_call(id, call, Effect::arranges_exit); };
  for (const Native::Before& before : program.before_forks([&](FunctionId id, const Call& call) { return arranges(id, call).has_value(); }, [](FunctionId, const Call&) { return false; })) {
    const FunctionId function = before.start.function;
    const auto step = arranges(function, *program.program().call_at(function, before.start.event));
    arranged[before.site].insert(program.effects().way(function, *step, Effect::arranges_exit).back());
  }
  for (uint32_t index = 0; index < program.forks().sites().size(); ++index) {
    const ForkSite& site = program.forks().sites()[index];
    if (site.heir || !site.tested || site.api->forks == knowledge::Forks::vfork) continue;
    for (const Leaving& leaving : site.leaves)
      if (leaving.way == Way::throws)
        report.finding(program.site({site.function, leaving.event}), "The child throws out of its own branch, into handlers and destructors of the parent's code")
            .under(StartMethod::fork, "wrong")
            .label(site.origin, "the child is forked here; catch everything and end it with _exit()")
            .confidence(Confidence::likely)
            .launch_at(site.origin);
    if (const Call* call = site.leaves_by(Way::throws) ? nullptr : throwing_call(program, site))
      report.finding(program.site({site.function, call->event}), "What the child calls here may throw: out of its own branch, into handlers and destructors of the parent's code")
          .under(StartMethod::fork, "wrong")
          .label(site.origin, "the child is forked here; catch everything and end it with _exit()")
          .confidence(Confidence::likely)
          .launch_at(site.origin);
    auto way = exit_of(program, site);
    const bool mostly_returns = !way;
    if (!way) way = failing_exit_of(program, site);
    const Cleanup* cleanup = way ? first_of(program, all, index, arranged[index]) : nullptr;
    if (!cleanup) continue;
    bool ends = site.leaves_by(Way::main_ends) && !site.leaves_by(Way::cleanup);
    auto draft = report.finding(program.site(way->front()), mostly_returns ? "What the child calls here leaves by exit() when something fails, through the parent's cleanup" : ends ? "The child leaves by the end of main(), through the parent's cleanup" : "The child leaves by exit(), through the parent's cleanup");
    draft.under(StartMethod::fork, cleanup->waits ? "hangs" : "wrong").label(site.origin, "the child is forked here").confidence(mostly_returns ? Confidence::possible : Confidence::likely).launch_at(site.origin);
    label_way(draft, program, *way, "this runs exit handlers and static destructors");
    draft.label(cleanup->site, cleanup->what + "; _exit() leaves without it");
    if (way->size() == 1)
      if (auto edit = rename_call(model, way->front(), "_exit")) draft.fix({"Leave by _exit()", engine::Safety::unsafe, {*edit}});
  }
}

}  // namespace forklint::rules
