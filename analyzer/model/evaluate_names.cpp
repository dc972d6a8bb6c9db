// Names: which scope's variable a read means, which bindings reach it, and what they hold.
#include "analyzer/model/evaluator.h"

#include <algorithm>

namespace forklint::model {
namespace {

// Whether a binding stands under `if x is None:` (or `if not x:`) of its own name.
bool replaces_missing(const File& file, EventId binding) {
  const facts::Event& event = file.event(binding);
  if (event.op != Op::bind || event.region == none || file.facts.regions[event.region].kind != facts::RegionKind::then_arm) return false;
  const facts::Event& test = file.event(file.facts.regions[event.region].subject);
  bool none_test = test.op == Op::compare && test.operands_count == 2 && (file.name(test.name) == "is" || file.name(test.name) == "==");
  if (!none_test && !(test.op == Op::unary && file.name(test.name) == "not")) return false;
  const facts::Event& tested = file.event(file.facts.operands_of(test)[0].value);
  if (tested.op != Op::read || tested.name != event.name) return false;
  return !none_test || file.event(file.facts.operands_of(test)[1].value).op == Op::null;
}

// Whether region `outer` is `inner` or one of its ancestors; none is the whole scope.
bool encloses(const facts::FileFacts& f, RegionId outer, RegionId inner) {
  if (outer == none) return true;
  while (inner != none && inner != outer) inner = f.regions[inner].parent;
  return inner == outer;
}

// Whether two regions lie in different arms of one if: below the place where their ways up meet. A region comes after
// those around it, so the later of the two goes up first; `none` + 1 is 0.
bool exclusive(const facts::FileFacts& f, RegionId a, RegionId b) {
  RegionId below_a = none, below_b = none;
  while (a != b) {
    if (a + 1 > b + 1) below_a = a, a = f.regions[a].parent;
    else below_b = b, b = f.regions[b].parent;
  }
  if (below_a == none || below_b == none) return false;
  const facts::Region &x = f.regions[below_a], &y = f.regions[below_b];
  bool arms = x.kind == facts::RegionKind::then_arm || x.kind == facts::RegionKind::else_arm;
  return arms && x.statement == y.statement && x.kind != y.kind;
}

RegionId innermost_loop(const facts::FileFacts& f, RegionId region) {
  while (region != none && f.regions[region].kind != facts::RegionKind::loop) region = f.regions[region].parent;
  return region;
}

// Whether a later binding surely replaces an earlier one: it runs wherever the earlier one ran, with no way round it by an
// exception that is caught or by leaving a loop.
bool replaces(const facts::FileFacts& f, EventId earlier, EventId later) {
  constexpr EventId near = 200;
  RegionId region = f.events[later].region;
  if (later - earlier > near || !encloses(f, region, f.events[earlier].region)) return false;
  bool in_loop = false;
  for (RegionId it = f.events[earlier].region; it != none; it = f.regions[it].parent) {
    if (f.regions[it].kind == facts::RegionKind::try_body) return false;
    in_loop |= f.regions[it].kind == facts::RegionKind::loop;
  }
  for (EventId id = earlier + 1; in_loop && id < later; ++id)
    if (f.events[id].op == Op::break_ || f.events[id].op == Op::continue_) return false;
  return true;
}

}  // namespace

Values Evaluator::read_name(Site site, FrameId frame) {
  const File& file = program_.file(site.file);
  Values result = lookup(site.file, file.scope_of(site.event), file.event(site.event).name, site.event, frame);
  if (file.event(site.event).region != none) narrow(site, frame, result);
  return result;
}

Values Evaluator::lookup(FileId file_id, ScopeId scope, NameId name, EventId at, FrameId frame) {
  const File& file = program_.file(file_id);
  ScopeId owner = binding_scope(file_id, scope, name);
  std::string_view text = file.name(name);
  if (owner == none) {
    Values imported = star_imported(file_id, 0, text);
    return imported.empty() ? builtin(text) : imported;
  }
  if (owner == 0 && scope != 0) {
    // A class body or comprehension of the module runs at its place; a function runs later.
    ScopeId outer = scope;
    while (outer != 0 && (file.facts.scopes[outer].kind == facts::ScopeKind::class_ || file.facts.scopes[outer].kind == facts::ScopeKind::comprehension)) {
      at = file.facts.scopes[outer].definition;
      outer = file.facts.scopes[outer].parent;
    }
    if (outer != 0) return module_variable(file_id, name);
    Values result = bound_values(file_id, reaching(file_id, 0, name, at), any_frame);
    return result.empty() ? module_variable(file_id, name) : result;
  }
  // Walk out to the owner; the frame follows.
  EventId position = at;
  while (scope != owner) {
    const facts::Scope& it = file.facts.scopes[scope];
    bool runs_in_place = it.kind == facts::ScopeKind::class_ || it.kind == facts::ScopeKind::comprehension;
    position = runs_in_place ? it.definition : none;
    if (frame != any_frame && frames_[frame].file == file_id && frames_[frame].scope == scope) frame = frames_[frame].closure;
    scope = it.parent;
  }
  if (owner == 0) frame = any_frame;
  Values result = bound_values(file_id, reaching(file_id, owner, name, position), frame);
  if (owner == 0) {
    if (result.empty()) return module_variable(file_id, name);
    if (file.global_writers.contains(name)) add(result, module_variable(file_id, name));
    return result;
  }
  const facts::Scope& it = file.facts.scopes[owner];
  for (uint32_t i = it.parameters.begin; i < it.parameters.end; ++i) {
    if (file.facts.parameters[i].name != name) continue;
    // A binding that always runs first hides the parameter.
    auto bindings = reaching(file_id, owner, name, position);
    if (std::any_of(bindings.begin(), bindings.end(), [&](EventId binding) { return file.event(binding).region == none; })) continue;
    Values given = parameter_values(file_id, owner, i, frame);
    // `if x is None: x = default` speaks of calls that do not give x, and of those alone.
    bool only_default = !bindings.empty() && std::all_of(bindings.begin(), bindings.end(), [&](EventId binding) { return replaces_missing(file, binding); });
    auto missing = [&](ValueId id) { return values_[id].kind == ValueKind::constant && Op(values_[id].index) == Op::null; };
    bool known = std::none_of(given.begin(), given.end(), [&](ValueId id) { return id == unknown_value || values_[id].kind == ValueKind::parameter; });
    if (only_default && known) {
      if (std::none_of(given.begin(), given.end(), missing)) return given;
      given.erase(std::remove_if(given.begin(), given.end(), missing), given.end());
    }
    add(result, given);
  }
  return result;
}

Values Evaluator::bound_values(FileId file_id, const llvm::SmallVector<EventId, 4>& bindings, FrameId frame) {
  const File& file = program_.file(file_id);
  Values result;
  for (EventId binding : bindings) {
    const facts::Event& event = file.event(binding);
    if (never_runs(file_id, event.region, frame)) continue;
    if (event.op == Op::bind) {
      add(result, evaluate({file_id, file.operand(binding, 0)}, frame));
    } else if (event.op == Op::bind_module) {
      add(result, module_or_external(file_id, std::string(file.name(event.name))));
    } else if (event.op == Op::declare) {
      if (bindings.size() == 1) add(result, annotated(file_id, file.scope_of(binding), file.operand(binding, 0), frame));
    } else if (event.op == Op::augment) {
      // x += y keeps what x held when that is a container
      for (EventId earlier : reaching(file_id, file.scope_of(binding), event.name, binding))
        if (file.event(earlier).op == Op::bind) add(result, evaluate({file_id, file.operand(earlier, 0)}, frame));
      if (result.empty()) add(result, unknown_value);
    }
  }
  return result;
}

Values Evaluator::evaluate_beside(Site read, FrameId frame, Site made) {
  const File& file = program_.file(read.file);
  const facts::Event& event = file.event(read.event);
  const bool together = made.event != none && made.file == read.file && file.scope_of(read.event) == file.scope_of(made.event);
  if (event.op != Op::read || !together || binding_scope(read.file, file.scope_of(read.event), event.name) != file.scope_of(read.event)) return evaluate(read, frame);
  auto bindings = reaching(read.file, file.scope_of(read.event), event.name, read.event);
  auto elsewhere = [&](EventId binding) { return exclusive(file.facts, file.event(binding).region, file.event(made.event).region); };
  const bool some = std::any_of(bindings.begin(), bindings.end(), elsewhere), all = std::all_of(bindings.begin(), bindings.end(), elsewhere);
  if (!some || all) return evaluate(read, frame);
  bindings.erase(std::remove_if(bindings.begin(), bindings.end(), elsewhere), bindings.end());
  return bound_values(read.file, bindings, frame);
}

Values Evaluator::builtin(std::string_view name) { return {external("builtins." + std::string(name))}; }

llvm::SmallVector<EventId, 4> Evaluator::reaching(FileId file_id, ScopeId scope, NameId name, EventId at) const {
  const File& file = program_.file(file_id);
  llvm::SmallVector<EventId, 4> result;
  auto it = file.scopes[scope].names.find(name);
  if (it == file.scopes[scope].names.end()) return result;
  const std::vector<EventId>& all = it->second.events;
  const facts::FileFacts& f = file.facts;
  RegionId here = at == none ? none : file.event(at).region;
  size_t before = at == none ? all.size() : size_t(std::lower_bound(all.begin(), all.end(), at) - all.begin());
  constexpr size_t most_examined = 200;  // a long chain of elif may bind the name in each of its arms
  for (size_t i = before; i-- > 0 && before - i <= most_examined && result.size() < most_values;) {
    RegionId region = file.event(all[i]).region;
    if (exclusive(f, region, here)) continue;
    if (file.event(all[i]).op == Op::delete_name) continue;
    if (file.event(all[i]).op == Op::declare && i != 0) continue;
    bool replaced = at != none && std::any_of(result.begin(), result.end(), [&](EventId later) { return file.event(later).op != Op::augment && replaces(f, all[i], later); });
    if (replaced) continue;
    result.push_back(all[i]);
    bool certain = region == none || (at != none && encloses(f, region, here));
    if (certain && file.event(all[i]).op != Op::augment) break;
  }
  // Inside a loop, a binding further down may have run in an earlier round.
  if (RegionId loop = at == none ? none : innermost_loop(f, here); loop != none)
    for (size_t i = before; i < all.size() && f.regions[loop].events.contains(all[i]) && result.size() < most_values; ++i) result.push_back(all[i]);
  return result;
}

}  // namespace forklint::model
