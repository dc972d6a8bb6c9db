// The part of child-runs-cleanup for C and C++: exit(), the end of main() and exceptions run in the child what was
// arranged for the parent.
#include <algorithm>

#include "rules/child_code/native.h"
#include "rules/native.h"

namespace forklint::rules {
namespace {

using namespace native;

struct Cleanup {
  Site site;
  std::string what;
  FunctionId function;   // that it stands in
  bool always = true;    // false: arranged by a call
};

// Static objects whose class has a destructor of its own, exit handlers, destructor functions: those whose work is seen outside of the
// process. What only flushes, closes and frees harms nobody in a child.
std::vector<Cleanup> cleanups(const Native& program) {
  std::vector<Cleanup> result;
  const Program& code = program.program();
  const Effects& effects = program.effects();
  for (FunctionId id = 0; id < code.functions().size(); ++id) {
    const Function& function = code.function(id);
    if (function.has(function_destructor) && effects.seen_outside(id)) result.push_back({code.site(id, code.facts(id).scopes[function.scope].definition), "this function runs in the child, too, when it ends", id});
    for (const Call& call : function.calls)
      if (effects.does(id, call, Effect::arranges_exit) && !program.forks().only_child(id, call.event)) result.push_back({code.site(id, call.event), "this exit handler runs in the child, too", id, false});
    if (!function.has(function_module)) continue;
    const FileFacts& facts = code.facts(id);
    facts::Range events = facts.scopes[function.scope].events;
    for (EventId at = events.begin; at < events.end; ++at) {
      if (facts.events[at].op != Op::declare || facts.events[at].operands_count == 0 || facts.events[code.operand(id, at, 0)].op != Op::read) continue;
      std::string type(code.type_of(id, at));
      const std::vector<FunctionId>& destructors = code.named(type + "::~" + std::string(last_name(type)));
      if (!type.empty() && std::ranges::any_of(destructors, [&](FunctionId it) { return effects.seen_outside(it); })) result.push_back({code.site(id, at), "the destructor of this object runs in the child, too", id});
    }
  }
  return result;
}

// The first that the child of a fork runs: it belongs to the same program, and is arranged before the fork. What main() is seen to come
// to is so before what only events call.
const Cleanup* first_of(const Native& program, const std::vector<Cleanup>& all, const ForkSite& site, bool arranged_before) {
  for (const Cleanup& it : all) {
    if (!program.joins_program(it.function, site.function)) continue;
    const bool before_events = program.called_from_main(it.function) && !program.called_from_main(site.function) && program.in_program(site.function);
    if (it.always || arranged_before || before_events) return &it;
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

}  // namespace

void child_runs_cleanup_native(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  if (program.empty() || program.forks().sites().empty()) return;
  const std::vector<Cleanup> all = cleanups(program);
  std::vector<bool> arranged(program.forks().sites().size());
  auto arranges = [&](FunctionId id, const Call& call) { return program.effects().of_call(id, call, Effect::arranges_exit).has_value(); };
  for (const Native::Before& before : program.before_forks(arranges, [](FunctionId, const Call&) { return false; })) arranged[before.site] = true;
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
    const Cleanup* cleanup = first_of(program, all, site, arranged[index]);
    auto way = cleanup ? exit_of(program, site) : std::nullopt;
    if (!way) continue;
    bool ends = site.leaves_by(Way::main_ends) && !site.leaves_by(Way::cleanup);
    auto draft = report.finding(program.site(way->front()), ends ? "The child leaves by the end of main(), through the parent's cleanup" : "The child leaves by exit(), through the parent's cleanup");
    draft.under(StartMethod::fork, "wrong").label(site.origin, "the child is forked here").confidence(Confidence::likely).launch_at(site.origin);
    label_way(draft, program, *way, "this runs exit handlers and static destructors");
    draft.label(cleanup->site, cleanup->what + "; _exit() leaves without it");
    if (way->size() == 1)
      if (auto edit = rename_call(model, way->front(), "_exit")) draft.fix({"Leave by _exit()", engine::Safety::unsafe, {*edit}});
  }
}

}  // namespace forklint::rules
