#include "analyzer/model/globals.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>

namespace forklint::model {
namespace {

// The chain of a step passes through the import of a module: whoever imports that module does the same.
bool imported(const Trace& trace, uint32_t step) {
  for (uint32_t up = trace.steps[step].parent; up != none; up = trace.steps[up].parent)
    if (trace.steps[up].kind == StepKind::import_module) return true;
  return false;
}

// A fresh child does it again while it imports.
bool repeated_in_child(const Trace& trace, const Condition& condition, uint32_t step) {
  if (condition.guard == Guard::child_only || condition.guard == Guard::never) return true;
  return (trace.entry == Entry::main && condition.guard == Guard::none) || (step != none && imported(trace, step));
}

// The event that takes a value as its first operand: .attribute, [key], a call; none when nothing near does.
EventId use_of(const File& file, EventId value) {
  for (EventId id = value + 1; id < file.facts.events.size() && id < value + 12; ++id)
    if (file.operand(id, 0) == value) return id;
  return none;
}

bool is_import(const File& file, EventId binding) {
  const facts::Event& event = file.event(binding);
  if (event.op == Op::bind_module) return true;
  EventId value = event.op == Op::bind ? file.operand(binding, 0) : none;
  return value != none && (file.event(value).op == Op::import || file.event(value).op == Op::import_from);
}

// Whether a binding of a module's own scope runs on every import.
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

// from module import VARIABLE: a name of its own, which no later binding in that module changes, whatever the method.
bool is_copied(const Model& model, Site read, FileId variable) {
  return read.file != variable && model.file(read.file).event(read.event).op == Op::read;
}

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
        if (step.kind == StepKind::read_global && !set_by_worker(w, i, StepKind::write_global))
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

class Losses {
 public:
  Losses(const Model& model, size_t launch) : model_(model), evaluator_(model.evaluator()), launch_id_(launch), launch_(model.launches()[launch]), trace_(model.trace_of(launch_)), reads_(inherited_reads(model, launch)) {}

  std::vector<LostGlobal> run() {
    for (const InheritedRead& read : reads_) {
      // Each variable once, by the first read that is not of a copy.
      if (read.changed || (read.owner == unknown_value && is_copy(read) && !seen_.insert(identity(read) + "=").second)) continue;
      if (seen_.contains(identity(read))) continue;
      bool lost = read.owner == unknown_value ? variable(read) : attribute(read);
      if (lost || read.owner != unknown_value || !is_copy(read)) seen_.insert(identity(read));
    }
    return std::move(result_);
  }

 private:
  static bool same(const InheritedRead& a, const InheritedRead& b) { return a.file == b.file && a.name == b.name && a.owner == b.owner && a.attribute == b.attribute; }

  static std::string identity(const InheritedRead& read) { return std::to_string(read.file) + ":" + std::to_string(read.name) + ":" + std::to_string(read.owner) + ":" + read.attribute; }

  bool lasts(uint32_t i) {
    const Step& step = trace_.steps[i];
    if ((step.condition & launch_.condition).guard == Guard::never || for_the_launch(i)) return false;
    if (repeated_in_child(trace_, step.condition, i)) {
      // By an import that stands in a function, which the child does only where its own code imports that module.
      const FileId module = imported_late(i);
      return module != none && !child_files().contains(module);
    }
    // A package's own body may do the same: Log.start()
    return !std::any_of(trace_.steps.begin(), trace_.steps.begin() + launch_.step, [&](const Step& other) {
      const uint32_t at = uint32_t(&other - trace_.steps.data());
      return at != i && other.kind == step.kind && other.site == step.site && writes_same(step, other) && other.condition.certain() && repeated_in_child(trace_, other.condition, at) && imported_late(at) == none;
    });
  }

  // name = value, owner.name = value, with one value both times.
  bool writes_same(const Step& a, const Step& b) {
    const File& file = model_.file(a.site.file);
    const Op op = file.event(a.site.event).op;
    if (op != Op::bind && op != Op::set_attribute) return false;
    const Site value{a.site.file, file.operand(a.site.event, op == Op::bind ? 0 : 1)};
    const Values one = evaluator_.evaluate(value, a.frame), two = evaluator_.evaluate(value, b.frame);
    return one.size() == 1 && one == two;
  }

  // The module in whose import a step is reached, where that stands in a function or under the guard of main.
  FileId imported_late(uint32_t i) const {
    FileId module = none;
    bool late = false;
    for (uint32_t up = trace_.steps[i].parent; up != none; up = trace_.steps[up].parent) {
      const Step& step = trace_.steps[up];
      if (step.kind == StepKind::import_module) {
        if (module == none) module = step.file;
        const bool in_function = model_.file(step.site.file).scope_of(step.site.event) != 0;
        late |= in_function || step.condition.guard == Guard::main_only || step.condition.guard == Guard::spawn_main;
      }
    }
    return late ? module : none;
  }

  // The files whose bodies run in a fresh child: those of what it is sent, and what they import.
  const std::unordered_set<FileId>& child_files() {
    if (child_files_) return *child_files_;
    child_files_.emplace();
    std::vector<FileId> open;
    auto note = [&](FileId file) {
      if (file != none && child_files_->insert(file).second) open.push_back(file);
    };
    if (trace_.entry == Entry::main && launch_.row->launch->reimports_main) note(trace_.file);
    for (const WorkerTrace& worker : model_.workers(launch_id_)) {
      note(worker.trace.file);
      for (const Step& step : worker.trace.steps)
        if (step.kind == StepKind::enter_function || step.kind == StepKind::import_module) note(step.kind == StepKind::import_module ? step.file : evaluator_.value(step.subject).file);
    }
    for (const Payload& item : model_.payload(launch_id_))
      for (ValueId sent : item.site.event == none || item.value != unknown_value ? Values{item.value} : Values(evaluator_.evaluate(item.site, item.frame))) note_class(sent, note);
    while (!open.empty()) {
      const FileId id = open.back();
      open.pop_back();
      const File& file = model_.file(id);
      for (size_t dot = file.module.find('.'); dot != std::string::npos; dot = file.module.find('.', dot + 1)) note(model_.program().find_module(file.module.substr(0, dot), id));
      for (EventId event = 0; event < file.facts.events.size(); ++event) {
        const Op op = file.event(event).op;
        if ((op != Op::import && op != Op::import_from) || file.scope_of(event) != 0 || !on_import(file, event, evaluator_, id)) continue;
        for (ValueId value : Values(evaluator_.evaluate({id, event}, any_frame)))
          if (evaluator_.value(value).kind == ValueKind::module) note(evaluator_.value(value).file);
      }
    }
    return *child_files_;
  }

  // What is pickled by name, or made of a class that is.
  template <class Note>
  void note_class(ValueId sent, Note&& note) const {
    const Value& it = evaluator_.value(sent);
    if (it.kind == ValueKind::function || it.kind == ValueKind::class_ || it.kind == ValueKind::bound) note(it.file);
    const ValueId owner = it.kind == ValueKind::bound ? evaluator_.class_of(it.base) : it.kind == ValueKind::instance ? it.base : unknown_value;
    if (owner != unknown_value) note(evaluator_.value(owner).file);
  }

  // Pool(initializer=init(…)): called by mistake; that is another fault.
  bool for_the_launch(uint32_t i) const {
    if (launch_.construction.event == none) return false;
    const File& file = model_.file(launch_.construction.file);
    for (uint32_t up = trace_.steps[i].parent; up != none; up = trace_.steps[up].parent)
      for (uint32_t k = 1; k < file.event(launch_.construction.event).operands_count; ++k)
        if (trace_.steps[up].site == Site{launch_.construction.file, file.operand(launch_.construction.event, k)}) return true;
    return false;
  }

  bool variable(const InheritedRead& read) {
    uint32_t last = none;
    for (uint32_t i = 0; i < launch_.step; ++i) {
      const Step& step = trace_.steps[i];
      bool writes = step.kind == StepKind::write_global || step.kind == StepKind::change_global;
      if (!writes || step.file != read.file || step.name != read.name || !lasts(i)) continue;
      if (step.kind == StepKind::write_global && is_copy(read)) continue;
      if (step.kind == StepKind::change_global && (adds_nothing(step) || sets_what_none_reads(step, read))) continue;
      // A certain write is what counts, but an import may be tried in several ways.
      last = i;
    }
    if (last == none) return member(read);
    const Step& step = trace_.steps[last];
    const File& file = model_.file(step.site.file);
    LostGlobal lost{.write = step.site, .condition = step.condition, .step = last, .name = std::string(model_.file(read.file).name(read.name)), .in_place = step.kind == StepKind::change_global, .read = read.read};
    lost.import = !lost.in_place && is_import(file, step.site.event);
    lost.undefined = !bound_on_import(read.file, read.name);
    if (!lost.in_place && !lost.undefined && equal_value(step, read)) return false;
    if (lost.import && !lost.undefined && !submodule_missing(step, read) && !nothing_on_import(read)) return false;
    finish(lost, read);
    return true;
  }

  bool is_copy(const InheritedRead& read) const { return is_copied(model_, read.read.site, read.file); }

  // x.clear() on what is empty after import.
  bool adds_nothing(const Step& step) {
    const File& file = model_.file(step.site.file);
    if (file.event(step.site.event).op != Op::call) return false;
    EventId callee = file.operand(step.site.event, 0);
    static constexpr std::string_view removing[] = {"clear", "sort", "reverse"};
    return callee != none && std::find(std::begin(removing), std::end(removing), file.name_of(callee)) != std::end(removing);
  }

  // CLIENT.retries = 5, where workers read nothing but CLIENT.url.
  bool sets_what_none_reads(const Step& write, const InheritedRead& read) {
    const File& file = model_.file(write.site.file);
    EventId object = file.operand(write.site.event, 0);
    if (file.event(write.site.event).op != Op::set_attribute || object == none || file.event(object).op != Op::read) return false;
    return std::all_of(reads_.begin(), reads_.end(), [&](const InheritedRead& other) { return !same(other, read) || reads_other_attribute(other, file.name_of(write.site.event)); });
  }

  // A plain attribute of another name: a method or a property may read anything.
  bool reads_other_attribute(const InheritedRead& read, std::string_view written) {
    const File& file = model_.file(read.read.site.file);
    EventId use = use_of(file, read.read.site.event);
    if (use == none || file.event(use).op != Op::attribute || file.name_of(use) == written || evaluator_.names_property(file.name_of(use))) return false;
    EventId next = use_of(file, use);
    if (next != none && file.event(next).op == Op::call) return false;
    Values objects = evaluator_.module_variable(read.file, read.name);
    for (ValueId held : objects)
      if (evaluator_.value(held).kind != ValueKind::instance || evaluator_.method_of(evaluator_.class_of(held), file.name_of(use)) != unknown_value || evaluator_.method_of(evaluator_.class_of(held), "__getattr__") != unknown_value) return false;
    return !objects.empty();
  }

  bool bound_on_import(FileId file_id, NameId name) {
    const File& file = model_.file(file_id);
    auto it = file.scopes[0].names.find(name);
    if (it == file.scopes[0].names.end()) return false;
    return std::any_of(it->second.events.begin(), it->second.events.end(), [&](EventId binding) {
      Op op = file.event(binding).op;
      return op != Op::declare && op != Op::delete_name && on_import(file, binding, evaluator_, file_id);
    });
  }

  bool equal_value(const Step& write, const InheritedRead& read) {
    const File& file = model_.file(write.site.file);
    const facts::Event& event = file.event(write.site.event);
    EventId value = event.op == Op::bind ? file.operand(write.site.event, 0) : event.op == Op::set_attribute ? file.operand(write.site.event, 1) : none;
    if (value == none) return false;
    Values now = evaluator_.evaluate({write.site.file, value}, write.frame);
    Values before = after_import(model_, read);
    return now.size() == 1 && before.size() == 1 && now[0] == before[0] && evaluator_.value(now[0]).kind == ValueKind::constant;
  }

  // json = None, until a function imports it.
  bool nothing_on_import(const InheritedRead& read) {
    Values first = after_import(model_, read);
    return first.size() == 1 && evaluator_.value(first[0]).kind == ValueKind::constant && Op(evaluator_.value(first[0]).index) == Op::null;
  }

  // `import shop.export` beside an `import shop` that every child repeats: only the attribute is missing, and only
  // where nothing else imports the submodule.
  bool submodule_missing(const Step& write, const InheritedRead& read) {
    const File& file = model_.file(write.site.file);
    if (file.event(write.site.event).op != Op::bind_module) return false;
    EventId import = file.operand(write.site.event, 0);
    Values modules = import == none ? Values{} : evaluator_.evaluate({write.site.file, import}, any_frame);
    std::string dotted = import == none ? "" : std::string(file.name_of(import));
    size_t dot = dotted.find('.');
    if (modules.size() != 1 || evaluator_.value(modules[0]).kind != ValueKind::module || dot == std::string::npos) return false;
    std::string first = dotted.substr(dot + 1, dotted.find('.', dot + 1) - dot - 1);
    bool used = false;
    for (const InheritedRead& other : reads_) {
      if (!same(other, read)) continue;
      const File& reader = model_.file(other.read.site.file);
      EventId use = use_of(reader, other.read.site.event);
      used |= use != none && reader.event(use).op == Op::attribute && reader.name_of(use) == first;
    }
    if (!used) return false;
    for (FileId id = 0; id < model_.program().files().size(); ++id) {
      const File& other = model_.file(id);
      for (EventId event = 0; event < other.facts.events.size(); ++event) {
        Op op = other.event(event).op;
        if (op != Op::import && op != Op::import_from) continue;
        if (other.scope_of(event) != 0 || (id == write.site.file && !on_import(other, event, evaluator_, id))) continue;
        Values found = evaluator_.evaluate({id, event}, any_frame);
        if (std::find(found.begin(), found.end(), modules[0]) != found.end()) return false;
      }
    }
    return true;
  }

  // settings.load(path) writes self.path: the object is the module's, its attribute is the parent's.
  bool member(const InheritedRead& read) {
    Values held = evaluator_.module_variable(read.file, read.name);
    const MemberWrite* last = nullptr;
    std::string name;
    for (const MemberWrite& write : trace_.writes) {
      if (write.before > launch_.step || repeated_in_child(trace_, write.condition, none)) continue;
      if (std::find(held.begin(), held.end(), write.subject) == held.end() || evaluator_.value(write.subject).index == none) continue;
      std::string attribute(model_.file(write.site.file).name(model_.file(write.site.file).event(write.site.event).name));
      bool is_read = std::any_of(reads_.begin(), reads_.end(), [&](const InheritedRead& other) { return other.owner == write.subject && other.attribute == attribute; });
      if (!is_read) continue;
      last = &write;
      name = std::string(model_.file(read.file).name(read.name)) + "." + attribute;
    }
    if (!last) return false;
    LostGlobal lost{.write = last->site, .condition = last->condition, .name = name, .in_place = true, .read = read.read};
    finish(lost, read);
    return true;
  }

  bool attribute(const InheritedRead& read) {
    auto classes = evaluator_.value(read.owner).kind == ValueKind::class_ ? evaluator_.linearised(read.owner) : llvm::SmallVector<ValueId, 4>{read.owner};
    uint32_t last = none;
    for (uint32_t i = 0; i < launch_.step; ++i) {
      const Step& step = trace_.steps[i];
      if ((step.kind != StepKind::write_attribute && step.kind != StepKind::change_attribute) || !lasts(i)) continue;
      if (std::find(classes.begin(), classes.end(), step.subject) == classes.end()) continue;
      if (model_.file(step.site.file).name(step.name) != read.attribute) continue;
      if (step.kind == StepKind::change_attribute && adds_nothing(step)) continue;
      last = i;
    }
    if (last == none) return false;
    const Step& step = trace_.steps[last];
    const Value& owner = evaluator_.value(step.subject);
    std::string prefix = owner.kind == ValueKind::class_ ? std::string(model_.file(owner.file).name(model_.file(owner.file).facts.scopes[owner.index].name)) + "." : "";
    LostGlobal lost{.write = step.site, .condition = step.condition, .step = last, .name = prefix + read.attribute, .in_place = step.kind == StepKind::change_attribute, .read = read.read};
    if (step.kind == StepKind::write_attribute && equal_value(step, read)) return false;
    finish(lost, read);
    return true;
  }

  void finish(LostGlobal& lost, const InheritedRead& read) {
    Values first = after_import(model_, read);
    if (!lost.in_place && lost.step != none && first.size() == 1) {
      ValueKind before = evaluator_.value(first[0]).kind;
      bool attribute = model_.file(lost.write.file).event(lost.write.event).op == Op::set_attribute;
      lost.patch = attribute && (before == ValueKind::function || before == ValueKind::class_);
    }
    lost.none_after_import = first.size() == 1 && evaluator_.value(first[0]).kind == ValueKind::constant && Op(evaluator_.value(first[0]).index) == Op::null;
    if (first.size() == 1 && evaluator_.value(first[0]).kind == ValueKind::container) {
      const Value held = evaluator_.value(first[0]);
      const facts::Event& display = model_.file(held.file).event(held.index);
      lost.empty_dict_after_import = display.op == Op::dict && display.operands_count == 0;
      lost.empty_list_after_import = display.op == Op::list && display.operands_count == 0;
    }
    EventId use = use_of(model_.file(lost.read.site.file), lost.read.site.event);
    lost.use = use == none ? lost.read.site : Site{lost.read.site.file, use};
    bool known = std::any_of(result_.begin(), result_.end(), [&](const LostGlobal& other) { return other.write == lost.write; });
    if (!known) result_.push_back(lost);
  }

  const Model& model_;
  Evaluator& evaluator_;
  size_t launch_id_;
  const Launch& launch_;
  const Trace& trace_;
  std::optional<std::unordered_set<FileId>> child_files_;
  std::vector<InheritedRead> reads_;
  std::unordered_set<std::string> seen_;
  std::vector<LostGlobal> result_;
};

}  // namespace

std::vector<InheritedRead> inherited_reads(const Model& model, size_t launch) { return Reads(model, launch).run(); }

std::vector<LostGlobal> find_lost_globals(const Model& model, size_t launch) { return Losses(model, launch).run(); }

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
