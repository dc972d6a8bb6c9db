// Entries, and one scope: its events in order, each under the condition of its region.
#include "analyzer/model/timeline.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "analyzer/model/globals.h"
#include "analyzer/model/order.h"
#include "analyzer/model/regions.h"

namespace forklint::model {
namespace {

using facts::RegionKind;

constexpr uint32_t most_entries = 1500;  // functions entered in one trace
constexpr uint32_t most_entries_of_function = 40;  // the same, from a function that nothing calls

// Whether a function can be called with one argument alone.
bool takes_one(const Evaluator& evaluator, ValueId function) {
  const Value& it = evaluator.value(function);
  const File& file = evaluator.program().file(it.file);
  size_t wanted = 0;
  for (const facts::Range range = file.facts.scopes[it.index].parameters; uint32_t i : std::views::iota(range.begin, range.end)) {
    const facts::Parameter& parameter = file.facts.parameters[i];
    wanted += (parameter.kind == facts::ParameterKind::positional || parameter.kind == facts::ParameterKind::positional_only) && parameter.default_value == none;
  }
  return wanted <= (it.kind == ValueKind::bound ? 2u : 1u);
}

}  // namespace

void Walker::start(Entry entry, FileId file, ScopeId scope) {
  trace_ = {.entry = entry, .file = file, .scope = scope};
  visits_.clear();
  visited_.clear();
  imported_.clear();
  stacked_.clear();
  last_write_.clear();
  budget_ = entry == Entry::function ? most_entries_of_function : most_entries;
  depth_ = import_depth_ = 0;
}

Trace Walker::walk_main(FileId file) {
  start(Entry::main, file, 0);
  imported_.insert(file);
  scope(file, 0, any_frame, none, {});
  return std::move(trace_);
}

Trace Walker::walk_function(FileId file_id, ScopeId scope_id) {
  start(Entry::function, file_id, scope_id);
  const File& file = evaluator_.program().file(file_id);
  const facts::Scope& it = file.facts.scopes[scope_id];
  ValueId receiver = unknown_value;
  if (it.parent != none && file.facts.scopes[it.parent].kind == facts::ScopeKind::class_) {
    ValueId owner = evaluator_.make({.kind = ValueKind::class_, .file = file_id, .index = it.parent});
    receiver = evaluator_.instance_of(owner);
    ValueId constructor = evaluator_.method_of(owner, "__init__");
    const Value made = evaluator_.value(constructor);
    if (constructor != unknown_value && (made.file != file_id || made.index != scope_id)) {
      FrameId inner = evaluator_.enter_unknown(made.file, made.index, receiver);
      scope(made.file, made.index, inner, none, {});
    }
    set_up(owner, receiver, scope_id);
  }
  const std::vector<Fixture> fixtures = evaluator_.fixtures().before(file_id, scope_id);
  auto run = [&](const Fixture& it, Part part) {
    const bool yields = !evaluator_.program().file(it.file).scopes[it.scope].yields.empty();
    if (yields || part != Part::after_yield) scope(it.file, it.scope, any_frame, none, {}, yields ? part : Part::whole);
  };
  for (const Fixture& it : fixtures) run(it, Part::before_yield);
  scope(file_id, scope_id, evaluator_.enter_unknown(file_id, scope_id, receiver), none, {});
  for (size_t i = fixtures.size(); i-- > 0;) run(fixtures[i], Part::after_yield);
  return std::move(trace_);
}

// What the runner calls before a method of a class of tests.
void Walker::set_up(ValueId test_class, ValueId receiver, ScopeId test) {
  const knowledge::Api* base = evaluator_.api(test_class);
  for (const std::string& name : base ? base->runs_before : std::vector<std::string>()) {
    const Value method = evaluator_.value(evaluator_.method_of(test_class, name));
    if (method.kind != ValueKind::function || (method.file == trace_.file && method.index == test)) continue;
    const File& file = evaluator_.program().file(method.file);
    const facts::Range parameters = file.facts.scopes[method.index].parameters;
    const bool of_class = parameters.size() > 0 && file.name(file.facts.parameters[parameters.begin].name) == "cls";
    scope(method.file, method.index, evaluator_.enter_unknown(method.file, method.index, of_class ? test_class : receiver), none, {});
  }
}

Trace Walker::walk_worker(ValueId function_value, FrameId frame) {
  const Value it = evaluator_.value(function_value);
  start(Entry::worker, it.file, it.index);
  scope(it.file, it.index, frame, none, {});
  return std::move(trace_);
}

Role Walker::role_of(FileId file) const {
  if (file == trace_.file && trace_.entry == Entry::main) return Role::main;
  return importing_ == 0 && trace_.entry != Entry::main ? Role::called : Role::imported;
}

void Walker::forget(uint32_t step) {
  const Step& call = trace_.steps[step];
  for (size_t i = trace_.writes.size(); i-- > 0 && trace_.writes[i].before > step;) {
    MemberWrite& write = trace_.writes[i];
    write.before = step;
    write.sure &= always_reached(evaluator_.program().file(write.position.site.file), write.position.site.event);
    write.position = {call.site, call.frame, call.parent};
  }
  trace_.steps.resize(step);
}

uint32_t Walker::push(Step step) {
  ++deeds_;
  if (trace_.steps.size() >= most_steps) {
    ++cuts_;
    return none;
  }
  if (step.kind != StepKind::enter_function && step.kind != StepKind::import_module) ++notable_;
  step.thread = thread_;
  trace_.steps.push_back(step);
  return uint32_t(trace_.steps.size() - 1);
}

const Condition& Walker::condition_of(FileId file, RegionId region, FrameId frame, uint32_t parent) {
  Role role = role_of(file);
  std::pair<uint64_t, uint64_t> key{uint64_t(file) << 32 | region, uint64_t(frame) << 8 | uint64_t(role)};
  if (auto it = conditions_.find(key); it != conditions_.end()) return known_conditions_[it->second];
  auto members = [&](Site attribute) { return written_before({attribute, frame, parent}); };
  const bool asked = std::exchange(asked_member_, false);
  known_conditions_.push_back(region_condition(evaluator_, file, region, frame, role, members));
  if (!asked_member_) conditions_[key] = uint32_t(known_conditions_.size() - 1);  // what attributes hold changes on the way
  asked_member_ |= asked;
  return known_conditions_.back();
}

void Walker::scope(FileId file_id, ScopeId scope_id, FrameId frame, uint32_t parent, const Condition& base, Part part) {
  const File& file = evaluator_.program().file(file_id);
  const facts::FileFacts& f = file.facts;
  const facts::Scope& it = f.scopes[scope_id];
  bool all_of_it = true;
  bool asks = false;  // a branch goes by what an attribute holds
  facts::Range events = it.events;
  if (part == Part::before_yield) events.end = file.scopes[scope_id].yields.front();
  if (part == Part::after_yield) events.begin = file.scopes[scope_id].yields.front() + 1;
  Condition outer = base;  // the scope's own level
  struct Open {
    RegionId region;
    Condition condition;
  };
  std::vector<Open> open;

  auto current = [&]() -> const Condition& { return open.empty() ? outer : open.back().condition; };
  auto close = [&] {
    Open last = open.back();
    open.pop_back();
    const facts::Region& region = f.regions[last.region];
    if (region.events.end > events.end) return;  // it goes on behind the yield
    if (region.kind == RegionKind::with && last.condition.guard != Guard::never)
      for (ValueId manager : Values(evaluator_.evaluate({file_id, file.operand(region.subject, 0)}, frame)))
        leave_manager(manager, f.events[region.subject].flags & facts::flag_async, {file_id, region.subject}, frame, parent, current());
    bool arm = region.kind == RegionKind::then_arm || region.kind == RegionKind::else_arm;
    if (arm && ends_by_leaving(evaluator_, file_id, last.region, frame)) {
      auto members = [&](Site attribute) { return written_before({attribute, frame, parent}); };
      Condition otherwise = implied(evaluator_, {file_id, region.subject}, frame, region.kind == RegionKind::else_arm, role_of(file_id), members);
      Condition& remaining = open.empty() ? outer : open.back().condition;
      // At module level a child that exits here never finishes importing main; it is not protected, it is lost.
      bool main_exits = scope_id == 0 && role_of(file_id) == Role::main && otherwise.guard == Guard::main_only;
      if (main_exits) remaining.child_leaves = true;
      else {
        bool was_uncertain = remaining.uncertain;
        remaining = remaining & otherwise;
        if (otherwise.guard == Guard::none) remaining.uncertain = was_uncertain || otherwise.uncertain;
      }
    }
  };

  auto enter = [&](RegionId region) {
    llvm::SmallVector<RegionId, 8> entered;
    for (RegionId r = region; r != none && (open.empty() || r != open.back().region); r = f.regions[r].parent) entered.push_back(r);
    for (size_t i = entered.size(); i-- > 0;) {
      Condition condition = current();
      bool runs = condition.guard != Guard::never;
      const bool asked = std::exchange(asked_member_, false);
      if (runs) condition = condition & condition_of(file_id, entered[i], frame, parent);
      // What this caller rules out, or what was done before, another may run.
      if (runs && condition.guard == Guard::never && (asked_member_ || evaluator_.never_runs(file_id, entered[i], frame))) all_of_it = false, open_ = true;
      asks |= asked_member_;
      asked_member_ |= asked;
      open.push_back({entered[i], condition});
    }
  };

  // A block that does nothing, `with lock: pass`, is left behind its last `enter`: no event stands in it to open it.
  RegionId next = it.regions.begin;
  auto leave_empty = [&](EventId entered) {
    for (; next < it.regions.end && f.regions[next].events.begin <= entered + 1; ++next) {
      const facts::Region& region = f.regions[next];
      if (region.kind != RegionKind::with || region.events.size() != 0 || region.subject != entered) continue;
      for (ValueId manager : Values(evaluator_.evaluate({file_id, file.operand(entered, 0)}, frame))) leave_manager(manager, f.events[entered].flags & facts::flag_async, {file_id, entered}, frame, parent, current());
    }
  };

  if (part == Part::after_yield) enter(f.events[events.begin - 1].region);  // where the yield stands
  auto pass = [&](EventId id) {
    RegionId region = f.events[id].region;
    while (!open.empty() && !f.regions[open.back().region].events.contains(id)) close();
    if ((open.empty() ? none : open.back().region) != region) enter(region);
    if (current().guard == Guard::never) return;
    event(file_id, id, frame, parent, current());
    if (f.events[id].op == Op::enter) leave_empty(id);
    if (scope_id == 0 && open.empty() && !outer.child_leaves && role_of(file_id) == Role::main) outer.child_leaves = ends_child(evaluator_, file_id, id);
  };
  // Many programs import the same modules: what does nothing is passed once.
  const bool imported = scope_id == 0 && importing_ > 0 && trace_.entry == Entry::main && base.guard == Guard::none;
  if (auto body = bodies_.find(file_id); imported && body != bodies_.end()) {
    for (size_t i = 0; i < body->second.size(); ++i) pass(body->second[i]);
  } else {
    std::vector<EventId> acting;
    for (EventId id = events.begin; id < events.end; ++id) {
      const uint64_t before = deeds_;
      pass(id);
      const bool begins = f.events[id].region != none && (id == events.begin || f.events[id].region != f.events[id - 1].region);
      if (imported && (begins || deeds_ != before || f.events[id].op == Op::enter)) acting.push_back(id);
    }
    if (imported && !asks) bodies_.try_emplace(file_id, std::move(acting));
  }
  while (!open.empty()) close();
  if (all_of_it) visited_.push_back(key(file_id, scope_id));
}

void Walker::event(FileId file_id, EventId id, FrameId frame, uint32_t parent, const Condition& condition) {
  const File& file = evaluator_.program().file(file_id);
  const facts::Event& it = file.event(id);
  Site site{file_id, id};
  switch (it.op) {
    case Op::call: return call(site, frame, parent, condition);
    case Op::decorate: {  // the decorator is called with what it stands before
      for (ValueId decorator : Values(evaluator_.evaluate({file_id, file.operand(id, 0)}, frame))) {
        ValueKind kind = evaluator_.value(decorator).kind;
        if (kind != ValueKind::function && kind != ValueKind::bound) continue;
        if (!takes_one(evaluator_, decorator)) continue;  // a decorator that is not known has made another function of it
        llvm::SmallVector<ArgumentRef, 4> decorated{ArgumentRef{.site = {file_id, file.operand(id, 1)}, .frame = frame}};
        function(decorator, evaluator_.enter(decorator, decorated, site, frame), site, frame, parent, condition);
      }
      return;
    }
    case Op::import:
      if (it.extra == none || it.extra == 0) {
        // import a.b.c runs a, a.b and a.b.c
        std::string name(file.name(it.name));
        for (size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1))
          if (FileId package = evaluator_.program().find_module(name.substr(0, dot), file_id); package != none && trace_.entry != Entry::function) import_file(package, site, parent, condition);
      }
      for (ValueId module : Values(evaluator_.evaluate(site, frame))) import_module(module, site, parent, condition);
      return;
    case Op::import_from:
      for (ValueId value : Values(evaluator_.evaluate(site, frame)))
        if (ValueKind kind = evaluator_.value(value).kind; kind == ValueKind::module || kind == ValueKind::external) import_module(value, site, parent, condition);
      return;
    case Op::class_: case Op::comprehension:
      if (it.op == Op::comprehension && file.name(it.name) == "generator" && trace_.entry != Entry::worker) return;
      if (!too_deep()) {
        ++depth_;
        scope(file_id, it.extra, evaluator_.enter_inner(file_id, it.extra, frame), parent, condition);
        --depth_;
      }
      return;
    case Op::enter:
      for (ValueId manager : Values(evaluator_.evaluate({file_id, file.operand(id, 0)}, frame))) enter_manager(manager, it.flags & facts::flag_async, site, frame, parent, condition);
      return;
    case Op::iterate:
      take_generators(evaluator_.evaluate({file_id, file.operand(id, 0)}, frame), parent, condition);
      return iterate({file_id, file.operand(id, 0)}, {file_id, file.operand(id, 0)}, frame, parent, condition);
    case Op::bind: case Op::bind_module: case Op::augment: case Op::delete_name: return bind(file_id, id, frame, parent, condition);
    case Op::set_attribute: case Op::augment_attribute: case Op::delete_attribute: return write_attribute(file_id, id, frame, parent, condition);
    case Op::set_subscript: case Op::augment_subscript: case Op::delete_subscript: return changes(file_id, id, frame, parent, condition);
    case Op::raise: push({.kind = StepKind::raise, .site = site, .frame = frame, .parent = parent, .condition = condition}); return;
    case Op::read: case Op::attribute:
      if (it.op == Op::attribute && evaluator_.names_property(file.name(it.name))) property(file_id, id, frame, parent, condition);
      if (trace_.entry == Entry::worker) read(file_id, id, frame, parent, condition);
      return;
    default: return;
  }
}

}  // namespace forklint::model
