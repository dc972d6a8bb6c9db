// What of the variables that workers read is lost: set or changed by the parent, and not by the imports of a child.
#include "analyzer/model/globals.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>

namespace forklint::model {
namespace {

// The chain of steps from `parent` up passes through the import of a module: whoever imports that module does the same.
bool imported(const Trace& trace, uint32_t parent) {
  for (; parent != none; parent = trace.steps[parent].parent)
    if (trace.steps[parent].kind == StepKind::import_module) return true;
  return false;
}

// A fresh child does it again while it imports.
bool repeated_in_child(const Trace& trace, const Condition& condition, uint32_t parent) {
  if (condition.guard == Guard::child_only || condition.guard == Guard::never) return true;
  return (trace.entry == Entry::main && condition.guard == Guard::none) || imported(trace, parent);
}

bool is_import(const File& file, EventId binding) {
  const facts::Event& event = file.event(binding);
  if (event.op == Op::bind_module) return true;
  EventId value = event.op == Op::bind ? file.operand(binding, 0) : none;
  return value != none && (file.event(value).op == Op::import || file.event(value).op == Op::import_from);
}

class Losses {
 public:
  Losses(const Model& model, size_t launch) : model_(model), evaluator_(model.evaluator()), launch_id_(launch), launch_(model.launches()[launch]), trace_(model.trace_of(launch_)), reads_(inherited_reads(model, launch)) {
    for (uint32_t i = 0; i < launch_.step; ++i)
      if (StepKind kind = trace_.steps[i].kind; kind == StepKind::write_global || kind == StepKind::change_global || kind == StepKind::write_attribute || kind == StepKind::change_attribute) {
        writes_.push_back(i);
        by_place_[Walker::key(trace_.steps[i].site.file, trace_.steps[i].site.event)].push_back(i);
      }
  }

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
  bool in_child(FileId file) {
    if (!child_files_) child_files_ = child_files(model_, launch_id_);
    return child_files_->contains(file);
  }

  static bool same(const InheritedRead& a, const InheritedRead& b) { return a.file == b.file && a.name == b.name && a.owner == b.owner && a.attribute == b.attribute; }

  static std::string identity(const InheritedRead& read) { return std::to_string(read.file) + ":" + std::to_string(read.name) + ":" + std::to_string(read.owner) + ":" + read.attribute; }

  bool lasts(uint32_t i) {
    const Step& step = trace_.steps[i];
    if ((step.condition & launch_.condition).guard == Guard::never || for_the_launch(i)) return false;
    if (repeated_in_child(trace_, step.condition, step.parent)) return left_out(step.parent);
    // A package's own body may do the same: Log.start()
    const std::vector<uint32_t>& same_place = by_place_.at(Walker::key(step.site.file, step.site.event));
    return std::none_of(same_place.begin(), same_place.end(), [&](uint32_t at) {
      const Step& other = trace_.steps[at];
      return at != i && other.kind == step.kind && writes_same(step, other) && other.condition.certain() && repeated_in_child(trace_, other.condition, other.parent) && imported_late(other.parent) == none;
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

  // What an import does that stands in a function, the child does only where its own code imports that module.
  bool left_out(uint32_t parent) {
    const FileId module = imported_late(parent);
    return module != none && !in_child(module);
  }

  // The module in whose import the chain from `parent` up passes, where that stands in a function or under the guard of main.
  FileId imported_late(uint32_t parent) const {
    FileId module = none;
    bool late = false;
    for (uint32_t up = parent; up != none; up = trace_.steps[up].parent) {
      const Step& step = trace_.steps[up];
      if (step.kind == StepKind::import_module) {
        if (module == none) module = step.file;
        const bool in_function = model_.file(step.site.file).scope_of(step.site.event) != 0;
        late |= in_function || step.condition.guard == Guard::main_only || step.condition.guard == Guard::spawn_main;
      }
    }
    return late ? module : none;
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
    uint32_t last = none, set = none;
    for (uint32_t i : writes_) {
      const Step& step = trace_.steps[i];
      bool writes = step.kind == StepKind::write_global || step.kind == StepKind::change_global;
      if (!writes || step.file != read.file || step.name != read.name || !lasts(i)) continue;
      if (step.kind == StepKind::write_global && is_copy(read)) continue;
      if (step.kind == StepKind::change_global && (adds_nothing(step) || sets_what_none_reads(step, read))) continue;
      // A certain write is what counts, but an import may be tried in several ways.
      last = i;
      if (step.kind == StepKind::write_global) set = i;
    }
    if (last == none) return member(read);
    if (set != none && !bound_on_import(read.file, read.name)) last = set;  // what is changed later is not even there
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
      const uint32_t parent = write.position.parent;
      if (write.before > launch_.step || (repeated_in_child(trace_, write.condition, parent) && !left_out(parent))) continue;
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
    for (uint32_t i : writes_) {
      const Step& step = trace_.steps[i];
      if (step.kind != StepKind::write_attribute && step.kind != StepKind::change_attribute) continue;
      if (std::find(classes.begin(), classes.end(), step.subject) == classes.end()) continue;
      if (model_.file(step.site.file).name(step.name) != read.attribute || !lasts(i)) continue;
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
  std::optional<std::unordered_set<FileId>> child_files_;  // when they are first asked for
  std::vector<InheritedRead> reads_;
  std::vector<uint32_t> writes_;  // the steps before the launch that write or change something, and the same by place
  std::unordered_map<uint64_t, std::vector<uint32_t>> by_place_;
  std::unordered_set<std::string> seen_;
  std::vector<LostGlobal> result_;
};

}  // namespace

std::vector<LostGlobal> find_lost_globals(const Model& model, size_t launch) { return Losses(model, launch).run(); }

}  // namespace forklint::model
