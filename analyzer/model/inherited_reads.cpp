// Which variables workers read without having set them themselves, and what these hold after import.
#include "analyzer/model/globals.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>

namespace forklint::model {

EventId use_of(const File& file, EventId value) {
  constexpr EventId near = 40;  // a key, or the value to write, may stand in between
  for (EventId id = value + 1; id < file.facts.events.size() && id < value + near; ++id)
    if (file.operand(id, 0) == value) return id;
  return none;
}

bool on_import(const File& file, EventId binding, Evaluator& evaluator, FileId file_id) {
  for (RegionId region = file.event(binding).region; region != none; region = file.facts.regions[region].parent) {
    const facts::Region& it = file.facts.regions[region];
    bool arm = it.kind == facts::RegionKind::then_arm || it.kind == facts::RegionKind::else_arm;
    if (!arm) continue;
    Guard guard = implied(evaluator, {file_id, it.subject}, any_frame, it.kind == facts::RegionKind::then_arm, Role::main).guard;
    if (guard == Guard::main_only || guard == Guard::spawn_main || guard == Guard::never) return false;
  }
  return true;
}

bool is_copied(const Model& model, Site read, FileId variable) {
  return read.file != variable && model.file(read.file).event(read.event).op == Op::read;
}

namespace {

class Reads {
 public:
  Reads(const Model& model, size_t launch) : model_(model), evaluator_(model.evaluator()), workers_(model.workers(launch)) {
    for (size_t w = 0; w < workers_.size(); ++w)
      for (uint32_t i = 0; i < workers_[w].trace.steps.size(); ++i) {
        const Step& step = workers_[w].trace.steps[i];
        if (step.kind == StepKind::write_global || step.kind == StepKind::change_global) sets_[key(step.file, step.name)].push_back({w, i});
        if (step.kind == StepKind::write_attribute || step.kind == StepKind::change_attribute) sets_[key(none, step.subject)].push_back({w, i});
        if (step.kind == StepKind::api && step.row->patches) note_patch({w, i}, step);
      }
  }

  std::vector<InheritedRead> run() {
    for (size_t w = 0; w < workers_.size(); ++w)
      for (uint32_t i = 0; i < workers_[w].trace.steps.size(); ++i) {
        const Step& step = workers_[w].trace.steps[i];
        ChildRead read{w, i, step.site};
        if (step.kind == StepKind::read_global && !set_by_worker(w, i, StepKind::write_global) && !decided_without(step))
          result_.push_back({.file = step.file, .name = step.name, .read = read, .changed = set_by_worker(w, i, StepKind::change_global)});
        if (step.kind != StepKind::read_attribute) continue;
        const Value& owner = evaluator_.value(step.subject);
        if (owner.kind != ValueKind::instance && owner.kind != ValueKind::class_) continue;
        if (owner.kind == ValueKind::instance && replaced(w, step.subject)) continue;
        std::string name(model_.file(step.site.file).name(step.name));
        if (owner.kind == ValueKind::instance && !through_global(w, step.subject)) {
          if (owner.base == unknown_value || !evaluator_.attribute_writes(owner.base, name).empty()) continue;
          if (!attribute_set(w, i, owner.base, name, StepKind::write_attribute)) result_.push_back({.owner = owner.base, .attribute = name, .read = read});
        } else if (!attribute_set(w, i, step.subject, name, StepKind::write_attribute) && !member_set(w, i, step.subject, name)) {
          result_.push_back({.owner = step.subject, .attribute = name, .read = read, .changed = attribute_set(w, i, step.subject, name, StepKind::change_attribute)});
        }
      }
    return std::move(result_);
  }

 private:
  // A step of a worker.
  struct Place {
    size_t worker;
    uint32_t step;
  };

  static uint64_t key(FileId file, uint32_t what) { return uint64_t(file) << 32 | what; }

  // for name, value in state.items(): setattr(settings, name, value) may set any variable of the module.
  void note_patch(Place place, const Step& step) {
    auto arguments = evaluator_.arguments_of(step.site, step.frame);
    if (arguments.empty()) return;
    auto text = arguments.size() > 1 ? evaluator_.constant_string(evaluator_.values_of(arguments[1])) : std::nullopt;
    std::string name(text.value_or(""));
    for (ValueId owner : evaluator_.values_of(arguments[0]))
      if (const Value it = evaluator_.value(owner); it.kind == ValueKind::module) patched_[key(it.file, text ? model_.file(it.file).find_name(name) : none)].push_back(place);
  }

  // if VERBOSE and not quiet: where quiet is true, it does not matter what VERBOSE is.
  bool decided_without(const Step& read) const {
    const File& file = model_.file(read.site.file);
    constexpr EventId near = 12;
    for (EventId id = read.site.event + 1; id < file.facts.events.size() && id < read.site.event + near; ++id) {
      if (file.event(id).op != Op::boolean_operation) continue;
      for (uint32_t i = 0; i < file.event(id).operands_count; ++i)
        if (file.operand(id, i) == read.site.event) return evaluator_.certain_truth({read.site.file, id}, read.frame).has_value();
    }
    return false;
  }

  bool patched(size_t reader, uint32_t read, FileId file, NameId name) const {
    auto it = patched_.find(key(file, name));
    return it != patched_.end() && std::any_of(it->second.begin(), it->second.end(), [&](Place set) { return earlier(set, reader, read); });
  }

  bool earlier(Place set, size_t reader, uint32_t read) const {
    if (set.worker != reader) return workers_[set.worker].worker.kind == PayloadKind::initializer;
    // What fills a missing value, or changes it in place, is at home in the child.
    const Step& step = workers_[set.worker].trace.steps[set.step];
    return set.step < read || step.condition.uncertain || step.kind == StepKind::change_global || step.kind == StepKind::change_attribute;
  }

  bool set_by_worker(size_t reader, uint32_t read, StepKind kind) const {
    const Step& it = workers_[reader].trace.steps[read];
    if (kind == StepKind::write_global && (patched(reader, read, it.file, it.name) || patched(reader, read, it.file, none))) return true;
    return any_set(key(it.file, it.name), reader, read, [&](const Step& step) { return step.kind == kind; });
  }

  bool attribute_set(size_t reader, uint32_t read, ValueId owner, std::string_view name, StepKind kind) const {
    return any_set(key(none, owner), reader, read, [&](const Step& step) { return step.kind == kind && model_.file(step.site.file).name(step.name) == name; });
  }

  // The child gives the attribute of the object a value itself: before, or where it finds none.
  bool member_set(size_t reader, uint32_t read, ValueId object, std::string_view name) const {
    for (size_t w = 0; w < workers_.size(); ++w) {
      if (w != reader && workers_[w].worker.kind != PayloadKind::initializer) continue;
      for (const MemberWrite& write : workers_[w].trace.writes) {
        const File& file = model_.file(write.site.file);
        if (write.subject == object && file.name_of(write.site.event) == name && (w != reader || write.before <= read || write.condition.uncertain)) return true;
      }
    }
    return false;
  }

  template <class Matches>
  bool any_set(uint64_t what, size_t reader, uint32_t read, Matches matches) const {
    auto it = sets_.find(what);
    return it != sets_.end() && std::any_of(it->second.begin(), it->second.end(), [&](Place set) {
             return matches(workers_[set.worker].trace.steps[set.step]) && earlier(set, reader, read);
           });
  }

  // The child gives another object to every variable through which it reaches this one: what the parent changed of it
  // came with that, or does not matter. A copy of the variable, made by an import, keeps the old object.
  bool replaced(size_t w, ValueId object) {
    if (!through_global(w, object)) return false;
    const std::vector<Step>& steps = workers_[w].trace.steps;
    for (uint32_t i = 0; i < steps.size(); ++i) {
      const Step& step = steps[i];
      if (step.kind != StepKind::read_global) continue;
      const Values held = evaluator_.module_variable(step.file, step.name);
      if (std::find(held.begin(), held.end(), object) == held.end()) continue;
      if (is_copied(model_, step.site, step.file) || !set_by_worker(w, i, StepKind::write_global)) return false;
    }
    return true;
  }

  // The object is one that a module holds, and the worker reaches it by the module's name.
  bool through_global(size_t w, ValueId object) {
    const Value& owner = evaluator_.value(object);
    if (owner.index == none || owner.frame != any_frame) return false;
    if (held_.size() <= w) held_.resize(workers_.size());
    if (!held_[w]) {
      held_[w].emplace();
      std::unordered_set<uint64_t> read;
      for (const Step& other : workers_[w].trace.steps)
        if (other.kind == StepKind::read_global && read.insert(key(other.file, other.name)).second)
          for (ValueId value : evaluator_.module_variable(other.file, other.name)) held_[w]->insert(value);
    }
    return held_[w]->contains(object);
  }

  const Model& model_;
  Evaluator& evaluator_;
  const std::vector<WorkerTrace>& workers_;
  std::unordered_map<uint64_t, std::vector<Place>> sets_;                  // by variable, or by owner of the attribute
  std::unordered_map<uint64_t, std::vector<Place>> patched_;               // by variable; no name: any variable of the module
  std::vector<std::optional<std::unordered_set<ValueId>>> held_;           // by worker: what the variables that it reads hold
  std::vector<InheritedRead> result_;
};

}  // namespace

std::vector<InheritedRead> inherited_reads(const Model& model, size_t launch) { return Reads(model, launch).run(); }

Values after_import(const Model& model, const InheritedRead& read) {
  Evaluator& evaluator = model.evaluator();
  Values result;
  auto last_binding = [&](FileId file_id, ScopeId scope, NameId name, FrameId frame) {
    const File& file = model.file(file_id);
    auto it = name == none ? file.scopes[scope].names.end() : file.scopes[scope].names.find(name);
    if (it == file.scopes[scope].names.end()) return;
    for (size_t i = it->second.events.size(); i-- > 0;) {
      EventId binding = it->second.events[i];
      if (file.event(binding).op != Op::bind || !on_import(file, binding, evaluator, file_id)) continue;
      add(result, evaluator.evaluate({file_id, file.operand(binding, 0)}, frame));
      return;
    }
  };
  if (read.owner == unknown_value) {
    last_binding(read.file, 0, read.name, any_frame);
    return result;
  }
  const Value owner = evaluator.value(read.owner);
  if (owner.kind == ValueKind::instance) return evaluator.attribute(read.owner, read.attribute);
  for (ValueId base : evaluator.linearised(read.owner)) {
    const Value it = evaluator.value(base);
    if (it.kind != ValueKind::class_) continue;
    last_binding(it.file, it.index, model.file(it.file).find_name(read.attribute), it.frame);
    if (!result.empty()) break;
  }
  return result;
}

}  // namespace forklint::model
