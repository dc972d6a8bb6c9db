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

class Branches {
 public:
  Branches(const Model& model, FileId file) : model_(model), id_(file), file_(model.file(file)) {}

  // Under which methods nothing of the branch is right for what comes after it.
  StartMethods left_out(RegionId arm) const {
    StartMethods asked = methods_of(arm);
    if (asked == all || asked.empty()) return {};
    RegionId otherwise = else_of(arm);
    std::vector<NameId> names = bound_in(file_.facts, arm, false);
    if (names.empty()) return {};
    if (otherwise == none) {
      // One fresh method is given something of its own; the other one keeps what fork gets.
      bool one_fresh = asked == StartMethods(StartMethod::spawn) || asked == StartMethods(StartMethod::forkserver);
      return one_fresh && exists_before(file_, arm, names) ? fresh_methods - asked : StartMethods();
    }
    // if … elif … without else, where each arm binds the same name: what is left has none.
    if (exists_before(file_, arm, names)) return {};
    StartMethods left = all - asked;
    while (otherwise != none) {
      RegionId next = only_branch(otherwise);
      if (next == none) return {};
      StartMethods more = methods_of(next);
      if (more == all || !shares(names, bound_in(file_.facts, next, false))) return {};
      left = left - more;
      otherwise = else_of(next);
    }
    return left;
  }

 private:
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

  const Model& model_;
  FileId id_;
  const File& file_;
};

// Files that name no method ask about none.
bool names_method(const File& file) {
  return file.find_name("fork") != none || file.find_name("spawn") != none || file.find_name("forkserver") != none;
}

void check(const Model& model, engine::Report& report) {
  for (FileId id = 0; id < model.program().files().size(); ++id) {
    if (!names_method(model.file(id))) continue;
    const facts::FileFacts& f = model.file(id).facts;
    Branches branches(model, id);
    for (RegionId arm = 0; arm < f.regions.size(); ++arm) {
      if (f.regions[arm].kind != RegionKind::then_arm || f.regions[arm].subject == none) continue;
      if (f.regions[arm].parent != none && f.regions[f.regions[arm].parent].kind == RegionKind::else_arm) continue;
      StartMethods left = branches.left_out(arm) & (model.options().standard | fresh_methods);
      if (left.empty()) continue;
      report.finding({id, f.regions[arm].subject}, "this branch leaves a start method out")
          .under(left, "wrong")
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
