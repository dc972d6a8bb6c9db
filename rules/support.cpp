#include "rules/support.h"

#include <algorithm>

#include "analyzer/model/order.h"

namespace forklint::rules {

using namespace model;

uint32_t outermost(const Trace& trace, uint32_t step) {
  uint32_t result = step;
  for (uint32_t up = trace.steps[step].parent; up != none; up = trace.steps[up].parent) {
    if (trace.steps[up].kind == StepKind::import_module) break;
    result = up;
  }
  return result;
}

bool in_import(const Trace& trace, uint32_t step) {
  for (uint32_t up = trace.steps[step].parent; up != none; up = trace.steps[up].parent)
    if (trace.steps[up].kind == StepKind::import_module) return true;
  return false;
}

bool precedes(const Model& model, const Trace& trace, uint32_t earlier, uint32_t later) { return may_follow(model.evaluator(), trace, earlier, later, Rounds::one); }

bool reimported(const Model& model, const Trace& trace) {
  const std::string& path = model.file(trace.file).path;
  std::string_view name = std::string_view(path).substr(path.find_last_of("/\\") + 1);
  return name != "__main__.py" && !name.ends_with(".ipynb");
}

bool arranges_for_forks(const Trace& trace, uint32_t before) {
  return std::any_of(trace.steps.begin(), trace.steps.begin() + before, [](const Step& step) { return step.kind == StepKind::api && step.row->at_fork; });
}

bool server_runs_main(const Model& model, const Launch& launch) {
  return launch.row->launch->reimports_main && model.options().newest_python >= 14 && reimported(model, model.trace_of(launch));
}

bool in_try(const Model& model, const Trace& trace, uint32_t step) {
  for (uint32_t at = step; at != none; at = trace.steps[at].parent) {
    const facts::FileFacts& f = model.file(trace.steps[at].site.file).facts;
    for (RegionId region = f.events[trace.steps[at].site.event].region; region != none; region = f.regions[region].parent) {
      if (f.regions[region].kind != facts::RegionKind::try_body) continue;
      for (const facts::Region& arm : f.regions)
        if (arm.statement == f.regions[region].statement && arm.kind == facts::RegionKind::except_arm) return true;
    }
  }
  return false;
}

namespace {

// unittest.main(), at module level.
bool runs_its_tests(const Model& model, FileId id) {
  const File& file = model.file(id);
  for (EventId event = file.facts.scopes[0].events.begin; event < file.facts.scopes[0].events.end; ++event) {
    if (file.event(event).op != Op::call || file.scope_of(event) != 0) continue;
    for (ValueId callee : model.evaluator().evaluate({id, file.operand(event, 0)}, any_frame))
      if (const knowledge::Api* row = model.evaluator().api(callee); row && row->runs_tests) return true;
  }
  return false;
}

// A module of tests, by its name and by what it defines: a test runner imports it, and children import the runner's main.
bool is_collected(const Model& model, FileId id) {
  const File& file = model.file(id);
  std::string_view name = std::string_view(file.path).substr(file.path.find_last_of("/\\") + 1);
  if (!name.starts_with("test_") && !name.ends_with("_test.py")) return false;
  bool tests = std::ranges::any_of(file.facts.scopes, [&](const facts::Scope& scope) {
    bool function = scope.kind == facts::ScopeKind::function && file.name(scope.name).starts_with("test");
    bool class_ = scope.kind == facts::ScopeKind::class_ && file.name(scope.name).starts_with("Test");
    return (function || class_) && scope.parent == 0;
  });
  return tests && !runs_its_tests(model, id);
}

}  // namespace

bool is_program(const Model& model, const Trace& trace) {
  if (trace.entry != Entry::main) return false;
  const File& file = model.file(trace.file);
  NameId name = file.find_name("__name__");
  for (const facts::Event& event : file.facts.events)
    if (event.op == Op::compare)
      for (uint32_t i = 0; i < event.operands_count; ++i) {
        const facts::Event& side = file.event(file.facts.operands_of(event)[i].value);
        if (name != none && side.op == Op::read && side.name == name) return true;
      }
  return !model.imported(trace.file) && !is_collected(model, trace.file);
}

StartMethods repeating_methods(const Model& model, const Trace& trace) {
  StartMethods result;
  if (!is_program(model, trace) || !reimported(model, trace)) return result;
  for (const Launch& launch : model.launches()) {
    if (&model.trace_of(launch) != &trace || launch.site.event == none || !launch.row->launch->reimports_main) continue;
    StartMethods fresh = launch.method.methods & fresh_methods;
    Guard guard = launch.condition.guard;
    if (guard == Guard::spawn_main && launch.condition.uncertain) continue;  // perhaps nothing is launched
    if (!fresh.empty() && guard != Guard::main_only && guard != Guard::spawn_main) return {};
    result |= guard == Guard::spawn_main ? fresh - StartMethod::forkserver : fresh;
  }
  return result;
}

Written written_by_caller(Evaluator& evaluator, Site site, FrameId frame) {
  constexpr int most_callers = 8;
  for (int i = 0; i < most_callers; ++i) {
    auto given = evaluator.passed(site, frame);
    if (!given || given->site.event == none || given->star || given->double_star) break;
    site = given->site;
    frame = given->frame;
  }
  return {site, frame};
}

namespace {

class Sender {
 public:
  Sender(const Model& model, const Trace& trace, uint32_t step, const std::function<void(ValueId)>& visit)
      : model_(model), evaluator_(model.evaluator()), trace_(trace), step_(step), visit_(visit) {}

  void send(ValueId id) {
    if (id == unknown_value || seen_.size() >= most_values_sent || std::find(seen_.begin(), seen_.end(), id) != seen_.end()) return;
    seen_.push_back(id);
    visit_(id);
    const Value it = evaluator_.value(id);
    switch (it.kind) {
      case ValueKind::container:
        for (ValueId element : evaluator_.elements(id)) send(element);
        return;
      case ValueKind::bound: return send(it.base);
      case ValueKind::instance: return attributes(id);
      case ValueKind::object: {
        if (!evaluator_.partial_function(id)) {
          for (ValueId element : evaluator_.elements(id)) send(element);
          return;
        }
        for (const ArgumentRef& held : evaluator_.arguments_of(it.site(), it.frame))
          for (ValueId value : evaluator_.values_of(held)) send(value);
        return;
      }
      default: return;
    }
  }

 private:
  static constexpr size_t most_values_sent = 64;

  void attributes(ValueId instance) {
    ValueId owner = evaluator_.class_of(instance);
    for (std::string_view own_way : {"__getstate__", "__reduce__", "__reduce_ex__"})
      if (evaluator_.method_of(owner, own_way) != unknown_value) return;
    std::vector<std::string> names;
    for (ValueId base : evaluator_.linearised(owner)) {
      const Value it = evaluator_.value(base);
      if (it.kind != ValueKind::class_) continue;
      const File& file = model_.file(it.file);
      for (ScopeId method : file.scopes[it.index].children)
        for (EventId event = file.facts.scopes[method].events.begin; event < file.facts.scopes[method].events.end; ++event)
          if (file.event(event).op == Op::set_attribute) names.emplace_back(file.name_of(event));
    }
    for (const std::string& name : names)
      if (!set_later(instance, name))
        for (ValueId value : Values(evaluator_.attribute(instance, name)))
          if (evaluator_.value(value).kind != ValueKind::bound || evaluator_.value(value).base != instance) send(value);
  }

  bool set_later(ValueId instance, std::string_view name) const {
    bool written = false;
    for (const MemberWrite& write : trace_.writes) {
      if (write.subject != instance || model_.file(write.site.file).name_of(write.site.event) != name) continue;
      if (write.before <= step_) return false;
      written = true;
    }
    return written;
  }

  const Model& model_;
  Evaluator& evaluator_;
  const Trace& trace_;
  uint32_t step_;
  const std::function<void(ValueId)>& visit_;
  std::vector<ValueId> seen_;
};

}  // namespace

void each_sent(const Model& model, const Trace& trace, uint32_t step, ValueId value, const std::function<void(ValueId)>& visit) {
  Sender(model, trace, step, visit).send(value);
}

}  // namespace forklint::rules
