// A reader sees the end of a pipe when the last copy of its other end is closed. A forked child has copies of all ends that
// the parent has open, and each of them keeps some reader waiting for as long as the child lives.
#include "analyzer/model/pipes.h"

#include <algorithm>

#include "rules/inherited_state/native.h"
#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

// What one child does with ends of pipes.
struct Child {
  size_t launch = 0;
  const Trace* trace = nullptr;
  std::vector<PipeUse> uses;
};

class Judge {
 public:
  Judge(const Model& model, engine::Report& report, uint32_t trace_id) : model_(model), evaluator_(model.evaluator()), report_(report), id_(trace_id), trace_(model.traces()[trace_id]) {}

  void run() {
    std::vector<PipeUse> all = pipe_uses(evaluator_, trace_);
    if (std::none_of(all.begin(), all.end(), [](const PipeUse& use) { return use.deed == PipeDeed::makes; })) return;
    for (size_t i = 0; i < model_.launches().size(); ++i) add_children(i, all);
    for (const PipeUse& use : all)
      if (!of_child(use)) uses_.push_back(use);
    for (const Child& child : children_) judge(child);
    for (const PipeUse& use : uses_)
      if (use.deed == PipeDeed::reads_to_end) judge_parent(use);
  }

 private:
  const Launch& launch(const Child& child) const { return model_.launches()[child.launch]; }

  void add_children(size_t i, const std::vector<PipeUse>& all) {
    const Launch& it = model_.launches()[i];
    if (it.trace != id_ || it.site.event == none || it.row->launch->executes || it.row->launch->pool) return;
    if (it.row->launch->raw_fork) {
      Child child{i, &trace_, {}};
      for (const PipeUse& use : all)
        if (trace_.steps[use.step].condition.side_of(it.site) == Side::child) child.uses.push_back(use);
      children_.push_back(std::move(child));
    }
    for (const WorkerTrace& worker : model_.workers(i)) children_.push_back({i, &worker.trace, pipe_uses(evaluator_, worker.trace)});
  }

  bool of_child(const PipeUse& use) const {
    return std::any_of(children_.begin(), children_.end(), [&](const Child& child) { return child.trace == &trace_ && trace_.steps[use.step].condition.side_of(launch(child).site) == Side::child; });
  }

  const PipeUse* making(const PipeEnd& end) const {
    auto found = std::find_if(uses_.begin(), uses_.end(), [&](const PipeUse& use) { return use.deed == PipeDeed::makes && same_pipe(use.end, end); });
    return found == uses_.end() ? nullptr : &*found;
  }

  // Whether the parent has the end open at a step.
  bool open_at(const PipeEnd& end, uint32_t step) const {
    const PipeUse* made = making(end);
    if (!made || made->step > step) return false;
    return std::none_of(uses_.begin(), uses_.end(), [&](const PipeUse& use) { return use.deed == PipeDeed::closes && same_end(use.end, end) && use.step < step; });
  }

  // The same where something is read that may itself close the end first.
  bool kept_open(const PipeUse& read) const {
    return open_at(read.end.other(), read.step) && std::none_of(uses_.begin(), uses_.end(), [&](const PipeUse& use) { return use.deed == PipeDeed::closes && use.step == read.step; });
  }

  static bool closes(const Child& child, const PipeEnd& end, uint32_t before) {
    return std::any_of(child.uses.begin(), child.uses.end(), [&](const PipeUse& use) { return use.deed == PipeDeed::closes && same_end(use.end, end) && use.step < before; });
  }

  // Whether the end, or the pipe as a whole, is sent to the child.
  bool given(const Child& child, const PipeEnd& end) const {
    for (const Payload& item : model_.payload(child.launch)) {
      Values values = item.site.event == none || item.value != unknown_value ? Values{item.value} : evaluator_.evaluate(item.site, item.frame);
      for (ValueId value : values) {
        auto sent = pipe_end(evaluator_, value);
        if (sent && same_end(*sent, end)) return true;
        const Value& whole = evaluator_.value(value);
        if (whole.kind == ValueKind::object && whole.index != none && whole.site() == end.pipe && !sent) return true;
      }
    }
    return false;
  }

  void judge(const Child& child) {
    const Launch& from = launch(child);
    for (const PipeUse& use : child.uses) {
      if (use.deed != PipeDeed::reads_to_end) continue;
      PipeEnd other = use.end.other();
      StartMethods methods = from.method.methods - StartMethod::threading;
      bool sent = given(child, other);
      if (!closes(child, other, use.step)) {
        if (!sent) methods = open_at(other, from.step) ? methods & StartMethod::fork : StartMethods();
        if (!methods.empty()) tell_child(child, use, methods, "The child waits for the end of a pipe whose other end it has open itself");
        if (!methods.empty()) return;
      }
      if (siblings_have(from, other)) {
        tell_child(child, use, from.method.methods & StartMethod::fork, "The child waits for the end of a pipe whose other end its siblings have open");
        return;
      }
    }
  }

  // Whether children started in a loop inherit the pipes of those before or beside them.
  bool siblings_have(const Launch& from, const PipeEnd& other) const {
    const PipeUse* made = making(other);
    if (!made || !from.condition.repeated || made->step > from.step) return false;
    const File& home = model_.file(other.pipe.file);
    bool many = trace_.steps[made->step].condition.repeated || home.facts.scopes[home.scope_of(other.pipe.event)].kind == facts::ScopeKind::comprehension;
    if (!many) return false;
    const facts::FileFacts& f = model_.file(from.site.file).facts;
    RegionId loop = f.events[from.site.event].region;
    while (loop != none && f.regions[loop].kind != facts::RegionKind::loop) loop = f.regions[loop].parent;
    if (loop == none) return false;
    // Closed in each round, before the next child is started.
    return std::none_of(uses_.begin(), uses_.end(), [&](const PipeUse& use) {
      if (use.deed != PipeDeed::closes || !same_end(use.end, other)) return false;
      Site site = trace_.steps[use.step].site;
      return site.file == from.site.file && f.regions[loop].events.contains(site.event);
    });
  }

  void tell_child(const Child& child, const PipeUse& use, StartMethods methods, std::string message) {
    const Launch& from = launch(child);
    const Step& read = child.trace->steps[use.step];
    auto draft = report_.finding(from.site, std::move(message));
    draft.under(methods & read.condition.methods, "hangs").launch(child.launch).confidence(Confidence::likely);
    draft.label(use.end.pipe, "the pipe is made here").label(read.site, "the child reads here until every copy of the other end is closed");
    draft.label(from.site, "the child starts here with that end open; close it in the child before reading, or use spawn");
  }

  // The parent reads to the end: what it keeps open itself, or what a child has that waits for the parent.
  void judge_parent(const PipeUse& use) {
    PipeEnd other = use.end.other();
    for (const Child& child : children_) {
      const Launch& from = launch(child);
      if (from.step > use.step || trace_.steps[use.step].thread != none) continue;
      bool sent = given(child, other) || from.row->launch->raw_fork;
      if (sent && kept_open(use) && !may_be_closed(use)) {
        const Step& read = trace_.steps[use.step];
        report_.finding(read.site, "Waits for the end of a pipe whose other end this process has open itself")
            .under(from.method.methods - StartMethod::threading, "hangs")
            .launch(child.launch)
            .confidence(Confidence::likely)
            .label(other.pipe, "the pipe is made here")
            .label(from.site, "the child gets a copy of the other end here; close this process's own before reading");
        return;
      }
      if (sent || !open_at(other, from.step) || closes(child, other, none) || !waits_for_parent(child, use.step)) continue;
      const PipeUse* wait = waits_for_parent(child, use.step);
      report_.finding(from.site, "The child has an end of a pipe open that the parent waits for, and itself waits for the parent")
          .under(from.method.methods & StartMethod::fork, "hangs")
          .launch(child.launch)
          .confidence(Confidence::likely)
          .label(other.pipe, "the pipe is made here")
          .label(trace_.steps[use.step].site, "the parent reads here until every copy of the other end is closed")
          .label(child.trace->steps[wait->step].site, "the child waits here")
          .label(from.site, "the child inherits the other end here; close it in the parent before, or use spawn");
    }
  }

  // What a child waits for and the parent has not sent before a step.
  const PipeUse* waits_for_parent(const Child& child, uint32_t before) const {
    for (const PipeUse& use : child.uses) {
      if (use.deed != PipeDeed::receives && use.deed != PipeDeed::reads_to_end) continue;
      bool fed = std::any_of(uses_.begin(), uses_.end(), [&](const PipeUse& sent) { return sent.deed == PipeDeed::sends && same_end(sent.end, use.end.other()) && sent.step < before; });
      if (!fed) return &use;
    }
    return nullptr;
  }

  // Whether something that is not known is closed or deleted around the reading.
  bool may_be_closed(const PipeUse& read) const {
    Site site = trace_.steps[read.step].site;
    const File& file = model_.file(site.file);
    const facts::Scope& scope = file.facts.scopes[file.scope_of(site.event)];
    for (EventId id = scope.events.begin; id < site.event; ++id) {
      Op op = file.event(id).op;
      if (op == Op::delete_name || op == Op::delete_attribute) return true;
      if (op != Op::call) continue;
      EventId callee = file.operand(id, 0);
      if (callee == none || file.event(callee).op != Op::attribute) continue;
      Values receivers = evaluator_.evaluate({site.file, file.operand(callee, 0)}, trace_.steps[read.step].frame);
      bool known = std::any_of(receivers.begin(), receivers.end(), [](ValueId value) { return value != unknown_value; });
      if (!known && file.name_of(callee).starts_with("close")) return true;
    }
    return false;
  }

  const Model& model_;
  Evaluator& evaluator_;
  engine::Report& report_;
  uint32_t id_;
  const Trace& trace_;
  std::vector<PipeUse> uses_;  // of the parent
  std::vector<Child> children_;
};

void check(const Model& model, engine::Report& report) {
  for (uint32_t id = 0; id < model.traces().size(); ++id) Judge(model, report, id).run();
  inherited_pipe_end_native(model, report);
}

}  // namespace

extern const engine::Rule inherited_pipe_end = {
    .code = "PSM408", .name = "inherited-pipe-end", .family = "inherited_state",
    .summary = "A reader waits for the end of a pipe that some process keeps open", .severity = engine::Severity::error, .languages = "py c", .check = check};

}  // namespace forklint::rules
