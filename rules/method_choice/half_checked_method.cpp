// A branch that thinks of one start method and lets another run into the wrong side: spawn is told apart from fork, but
// forkserver, whose children are as fresh as those of spawn, is taken for fork.
#include <algorithm>
#include <vector>

#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;
using facts::Region;
using facts::RegionKind;

constexpr StartMethods all = knowledge::fork_spawn_forkserver;

// The variables that an arm binds, inner arms included when `deep`.
std::vector<NameId> bound_in(const facts::FileFacts& f, RegionId arm, bool deep) {
  std::vector<NameId> names;
  for (EventId id = f.regions[arm].events.begin; id < f.regions[arm].events.end; ++id) {
    RegionId region = f.events[id].region;
    if (f.events[id].op == Op::bind && (deep || region == arm)) names.push_back(f.events[id].name);
  }
  return names;
}

bool shares(const std::vector<NameId>& a, const std::vector<NameId>& b) {
  return std::any_of(a.begin(), a.end(), [&](NameId name) { return std::find(b.begin(), b.end(), name) != b.end(); });
}

// Whether the variable is there without the arm: a parameter, or bound before it in the same scope.
bool exists_before(const File& file, RegionId arm, const std::vector<NameId>& names) {
  EventId first = file.facts.regions[arm].events.begin;
  ScopeId scope = file.scope_of(first);
  const facts::Scope& it = file.facts.scopes[scope];
  for (uint32_t parameter = it.parameters.begin; parameter < it.parameters.end; ++parameter)
    if (std::find(names.begin(), names.end(), file.facts.parameters[parameter].name) != names.end()) return true;
  for (EventId id = it.events.begin; id < std::min(first, it.events.end); ++id)
    if (file.event(id).op == Op::bind && std::find(names.begin(), names.end(), file.event(id).name) != names.end()) return true;
  return false;
}

// What a branch leaves out, and what is seen there.
struct LeftOut {
  StartMethods methods;
  std::string outcome = "wrong";
};

class Branches {
 public:
  Branches(const Model& model, FileId file) : model_(model), id_(file), file_(model.file(file)) {}

  LeftOut left_out(RegionId arm) const {
    std::vector<NameId> names = bound_in(file_.facts, arm, false);
    if (names.empty()) return {};
    Condition asked = implied(model_.evaluator(), {id_, file_.facts.regions[arm].subject}, any_frame, true, Role::called);
    StartMethods methods = asked.methods & all;
    if (methods.empty()) return {};
    if (methods == all) return asked.platforms == platform_windows ? platform_for_method(arm, names) : LeftOut();
    RegionId otherwise = else_of(arm);
    if (otherwise != none && only_branch(otherwise) != none) return unbound(arm, methods, names);
    // One fresh method is given something of its own; the other one gets what fork gets.
    StartMethods alone = is_one_fresh(methods) ? methods : all - methods;
    bool replaced = otherwise == none ? exists_before(file_, arm, names) : shares(names, bound_in(file_.facts, otherwise, false));
    if (!is_one_fresh(alone) || !replaced || !reaches_child(arm, names) || only_constants(arm, otherwise, names)) return {};
    return {fresh_methods - alone};
  }

 private:
  static bool is_one_fresh(StartMethods methods) { return methods == StartMethods(StartMethod::spawn) || methods == StartMethods(StartMethod::forkserver); }

  StartMethods methods_of(RegionId arm) const {
    Site subject{id_, file_.facts.regions[arm].subject};
    return implied(model_.evaluator(), subject, any_frame, true, Role::called).methods & all;
  }

  RegionId else_of(RegionId arm) const {
    for (RegionId other = arm + 1; other < file_.facts.regions.size(); ++other)
      if (file_.facts.regions[other].kind == RegionKind::else_arm && file_.facts.regions[other].statement == file_.facts.regions[arm].statement) return other;
    return none;
  }

  // The branch that is all of an else arm: elif.
  RegionId only_branch(RegionId otherwise) const {
    for (RegionId other = otherwise + 1; other < file_.facts.regions.size(); ++other) {
      const Region& it = file_.facts.regions[other];
      if (it.parent == otherwise) return it.kind == RegionKind::then_arm ? other : none;
    }
    return none;
  }

  // if … elif … without else, where each arm binds the same name: what is left has none.
  LeftOut unbound(RegionId arm, StartMethods asked, const std::vector<NameId>& names) const {
    if (exists_before(file_, arm, names)) return {};
    StartMethods left = all - asked;
    for (RegionId otherwise = else_of(arm); otherwise != none;) {
      RegionId next = only_branch(otherwise);
      if (next == none) return {};
      StartMethods more = methods_of(next);
      if (more == all || !shares(names, bound_in(file_.facts, next, false))) return {};
      left = left - more;
      otherwise = else_of(next);
    }
    return {left, scope_of(arm) == 0 ? "raises:NameError" : "raises:UnboundLocalError"};
  }

  // Windows is told apart because nothing is inherited there; nor is it by fresh children elsewhere.
  LeftOut platform_for_method(RegionId arm, const std::vector<NameId>& names) const {
    RegionId otherwise = else_of(arm);
    // What a function returns may go anywhere; with platforms most of it goes nowhere near a child.
    if (otherwise == none || !reaches_child(arm, names, false)) return {};
    for (ValueId id : bound_values(otherwise, names)) {
      const Value it = model_.evaluator().value(id);
      const knowledge::Api* maker = it.kind == ValueKind::object ? model_.evaluator().maker(id) : nullptr;
      if (maker && maker->handle == knowledge::Handle::descriptor) return {fresh_methods};
    }
    return {};
  }

  ScopeId scope_of(RegionId arm) const { return file_.scope_of(file_.facts.regions[arm].events.begin); }

  Values bound_values(RegionId arm, const std::vector<NameId>& names) const {
    Values result;
    for (EventId id = file_.facts.regions[arm].events.begin; id < file_.facts.regions[arm].events.end; ++id)
      if (file_.event(id).op == Op::bind && std::find(names.begin(), names.end(), file_.event(id).name) != names.end()) add(result, model_.evaluator().evaluate({id_, file_.operand(id, 0)}, any_frame));
    return result;
  }

  // Sizes, delays, words: a choice between them is one of taste.
  bool only_constants(RegionId arm, RegionId otherwise, const std::vector<NameId>& names) const {
    if (otherwise == none) return false;
    Values values = bound_values(arm, names);
    add(values, bound_values(otherwise, names));
    return std::all_of(values.begin(), values.end(), [&](ValueId id) {
      const Value& it = model_.evaluator().value(id);
      return it.kind == ValueKind::constant && Op(it.index) != Op::null;
    });
  }

  // Whether an event is made of one of the names, as they are in a scope.
  bool made_of(EventId id, ScopeId scope, const std::vector<NameId>& names, int depth = 0) const {
    const facts::Event& event = file_.event(id);
    if (event.op == Op::read) return file_.scope_of(id) == scope && std::find(names.begin(), names.end(), event.name) != names.end();
    if (depth > 8) return false;
    for (uint32_t i = 0; i < event.operands_count; ++i)
      if (made_of(file_.operand(id, i), scope, names, depth + 1)) return true;
    return false;
  }

  // Whether what the branch binds goes into a launch or task, or the branch is part of what a child runs.
  bool reaches_child(RegionId arm, const std::vector<NameId>& names, bool returned_too = true) const {
    ScopeId scope = scope_of(arm);
    auto uses = [&](Site site) { return site.file == id_ && site.event != none && made_of(site.event, scope, names); };
    for (EventId returned : file_.scopes[scope].returns)
      if (returned_too && made_of(returned, scope, names)) return true;
    for (size_t i = 0; i < model_.launches().size(); ++i) {
      const Launch& launch = model_.launches()[i];
      const Trace& trace = model_.trace_of(launch);
      std::vector<uint32_t> steps = launch.tasks;
      steps.push_back(launch.step);
      if (uses(launch.construction)) return true;
      for (uint32_t step : steps)
        for (uint32_t up = step; up != none; up = trace.steps[up].parent)
          if (uses(trace.steps[up].site)) return true;
      for (const WorkerTrace& worker : model_.workers(i)) {
        if (worker.trace.file == id_ && worker.trace.scope == scope) return true;
        for (const Step& step : worker.trace.steps)
          if (step.site.file == id_ && file_.scope_of(step.site.event) == scope) return true;
      }
    }
    return false;
  }

  const Model& model_;
  FileId id_;
  const File& file_;
};

// Files that name neither a method nor a platform ask about none.
bool may_ask(const File& file) {
  static constexpr std::string_view names[] = {"fork", "spawn", "forkserver", "win32", "nt", "posix", "Windows", "darwin", "Darwin", "linux", "Linux"};
  return std::any_of(std::begin(names), std::end(names), [&](std::string_view name) { return file.find_name(name) != none; });
}

void check(const Model& model, engine::Report& report) {
  for (FileId id : model.program().python_files()) {
    if (!may_ask(model.file(id))) continue;
    const facts::FileFacts& f = model.file(id).facts;
    Branches branches(model, id);
    for (RegionId arm = 0; arm < f.regions.size(); ++arm) {
      if (f.regions[arm].kind != RegionKind::then_arm || f.regions[arm].subject == none) continue;
      if (f.regions[arm].parent != none && f.regions[f.regions[arm].parent].kind == RegionKind::else_arm) continue;
      LeftOut left = branches.left_out(arm);
      left.methods = left.methods & (model.options().standard | fresh_methods);
      if (left.methods.empty()) continue;
      report.finding({id, f.regions[arm].subject}, "this branch leaves a start method out")
          .under(left.methods, left.outcome)
          .label({id, f.regions[arm].subject}, "children of spawn and of forkserver are alike: ask whether the method is fork")
          .confidence(Confidence::likely);
    }
  }
}

}  // namespace

extern const engine::Rule half_checked_method = {
    .code = "PSM509", .name = "half-checked-method", .family = "method_choice",
    .summary = "A branch tests one start method and leaves another out", .severity = Severity::warning, .check = check};

}  // namespace forklint::rules
