// A thread of the parent does something for the rest of the program: it empties a queue, sets an event, keeps a variable
// up to date, writes out what others collect. A child has the queue and not the thread: what it puts there stays there, and
// what it waits for does not come.
#include <algorithm>

#include "rules/support.h"

namespace forklint::rules {
namespace {

using namespace model;

enum class Service : uint8_t { queue, event, variable, collection };

// What others have of a thread.
struct Served {
  Service service = Service::queue;
  ValueId object = unknown_value;
  FileId file = none;       // of a variable of a module
  NameId name = none;
};

class Judge {
 public:
  Judge(const Model& model, engine::Report& report, size_t id) : model_(model), evaluator_(model.evaluator()), report_(report), id_(id), launch_(model.launches()[id]), trace_(model.trace_of(launch_)) {}

  void run() {
    if (launch_.site.event == none || launch_.row->launch->executes) return;
    if (arranges_for_forks(trace_, launch_.step)) return;
    std::vector<LiveThread> alive = live_threads(evaluator_, trace_, launch_.step);
    if (alive.empty()) return;
    collect_children();
    if (children_.empty()) return;
    for (const LiveThread& thread : alive) {
      if (thread.step == none) continue;
      for (const Served& served : served_by(thread))
        if (tell(thread, served)) break;
    }
  }

 private:
  struct Code {
    Trace trace;
    FrameId frame = any_frame;
  };
  struct Use {
    Site site;
    bool hangs = false;
    StartMethods methods = StartMethods::from_bits(31);
  };

  // ---- what the thread does for others

  std::vector<Served> served_by(const LiveThread& thread) {
    std::vector<Served> result;
    for (const ThreadBody& body : trace_.threads)
      if (body.step == thread.step) {
        Trace code = model_.walk(body.function, body.frame);
        serves(code, body, result);
      }
    const knowledge::Api* maker = thread.object == unknown_value ? nullptr : evaluator_.maker(thread.object);
    const Value made = evaluator_.value(thread.object);
    if (!maker || !maker->serves || made.index == none) return result;
    if (auto argument = evaluator_.argument(evaluator_.arguments_of(made.site(), made.frame), *maker->serves))
      for (ValueId queue : evaluator_.values_of(*argument))
        if (of_threads(queue)) result.push_back({.object = queue});
    return result;
  }

  // Queues, events and the like between threads: their other side is in the same process.
  bool of_threads(ValueId value) const {
    if (evaluator_.value(value).kind != ValueKind::object) return false;
    const knowledge::Api* maker = evaluator_.maker(value);
    return maker && !maker->fork_unsafe.empty() && !maker->mp_primitive && maker->handle == knowledge::Handle::none;
  }

  void serves(const Trace& code, const ThreadBody& body, std::vector<Served>& result) {
    for (const Step& step : code.steps) {
      if (step.kind == StepKind::read_global || step.kind == StepKind::read_attribute)
        for (ValueId value : Values(evaluator_.evaluate(step.site, step.frame)))
          if (of_threads(value) && evaluator_.maker(value)->lock) result.push_back({.object = value});
      if (step.kind == StepKind::write_global && step.condition.repeated) result.push_back({.service = Service::variable, .file = step.file, .name = step.name});
      if (step.kind != StepKind::api || !step.row->releases) continue;
      ValueId receiver = evaluator_.value(step.subject).base;
      const File& file = model_.file(step.site.file);
      EventId callee = file.operand(step.site.event, 0);
      bool only = callee != none && evaluator_.evaluate({step.site.file, callee}, step.frame).size() == 1;
      if (only && receiver != unknown_value && of_threads(receiver)) result.push_back({.service = Service::event, .object = receiver});
    }
    static constexpr std::string_view taking[] = {"pop", "popleft", "popitem", "clear"};
    each_call(code, body.frame, taking, [&](ValueId collection, Site) { result.push_back({.service = Service::collection, .object = collection}); });
  }

  // Calls of some methods on collections that live longer than the call.
  template <size_t Count, class Visit>
  void each_call(const Trace& code, FrameId frame, const std::string_view (&methods)[Count], Visit&& visit) {
    auto scan = [&](FileId file_id, ScopeId scope, FrameId inside) {
      const File& file = model_.file(file_id);
      for (EventId id = file.facts.scopes[scope].events.begin; id < file.facts.scopes[scope].events.end; ++id) {
        EventId callee = file.event(id).op == Op::call && file.scope_of(id) == scope ? file.operand(id, 0) : none;
        if (callee == none || file.event(callee).op != Op::attribute) continue;
        if (std::find(std::begin(methods), std::end(methods), file.name_of(callee)) == std::end(methods)) continue;
        for (ValueId value : Values(evaluator_.evaluate({file_id, file.operand(callee, 0)}, inside))) {
          const Value it = evaluator_.value(value);
          bool own = it.frame == inside && it.file == file_id && file.scope_of(it.index) == scope;
          bool collection = it.kind == ValueKind::container || (it.kind == ValueKind::object && it.index != none && !evaluator_.maker(value)) ;
          if (collection && !own) visit(value, Site{file_id, id});
        }
      }
    };
    scan(code.file, code.scope, frame);
    for (const Step& step : code.steps) {
      if (step.kind != StepKind::enter_function) continue;
      const Value entered = evaluator_.value(step.subject);
      scan(entered.file, entered.index, step.inner);
    }
  }

  // ---- what the child does

  void collect_children() {
    for (const WorkerTrace& worker : model_.workers(id_)) children_.push_back({worker.trace, worker.worker.frame});
    if (!launch_.row->launch->raw_fork) return;
    // What the child's branch calls.
    const File& file = model_.file(launch_.site.file);
    const facts::Scope& scope = file.facts.scopes[file.scope_of(launch_.site.event)];
    for (EventId id = launch_.site.event + 1; id < scope.events.end; ++id) {
      if (file.event(id).op != Op::call || side_of(file, id) != Side::child) continue;
      for (ValueId callee : Values(evaluator_.evaluate({launch_.site.file, file.operand(id, 0)}, launch_.frame))) {
        ValueKind kind = evaluator_.value(callee).kind;
        if (kind != ValueKind::function && kind != ValueKind::bound) continue;
        FrameId frame = evaluator_.enter(callee, Site{launch_.site.file, id}, launch_.frame);
        children_.push_back({model_.walk(callee, frame), frame});
      }
    }
  }

  Side side_of(const File& file, EventId event) const {
    for (RegionId region = file.event(event).region; region != none; region = file.facts.regions[region].parent) {
      const facts::Region& it = file.facts.regions[region];
      bool then = it.kind == facts::RegionKind::then_arm;
      if (!then && it.kind != facts::RegionKind::else_arm) continue;
      Side side = implied(evaluator_, {launch_.site.file, it.subject}, launch_.frame, then, Role::called).side_of(launch_.site);
      if (side != Side::both) return side;
    }
    return Side::both;
  }

  bool starts_thread(const Step& step) const {
    if (step.kind != StepKind::api || !step.row->starts) return false;
    const knowledge::Api* maker = evaluator_.maker(evaluator_.value(step.subject).base);
    return maker && maker->thread_object;
  }

  // Where a child relies on the thread, without one of its own.
  std::optional<Use> use_of(const Served& served) {
    std::optional<Use> found;
    bool waits = false;
    for (const Code& code : children_) {
      for (const Step& step : code.trace.steps) {
        if (starts_thread(step) && !step.condition.uncertain) return {};
        waits |= step.kind == StepKind::api && step.row->awaits_result;
        if (!found && uses(step, served)) found = Use{.site = step.site, .hangs = served.service != Service::queue, .methods = step.condition.methods};
      }
      if (served.service != Service::collection || found) continue;
      static constexpr std::string_view filling[] = {"append", "appendleft", "add", "extend", "insert", "update", "setdefault"};
      each_call(code.trace, code.frame, filling, [&](ValueId collection, Site site) {
        if (!found && same_object(evaluator_, collection, served.object)) found = Use{.site = site};
      });
    }
    if (found && served.service == Service::queue) found->hangs = waits;
    return found;
  }

  bool uses(const Step& step, const Served& served) {
    switch (served.service) {
      case Service::queue:
        if (step.kind == StepKind::read_global || step.kind == StepKind::read_attribute)
          for (ValueId value : Values(evaluator_.evaluate(step.site, step.frame)))
            if (same_object(evaluator_, served.object, value)) return true;
        return step.kind == StepKind::api && !step.row->uses_setting.empty() && reaches(step, served.object);
      case Service::event: return step.kind == StepKind::api && step.row->awaits_result && same_object(evaluator_, evaluator_.value(step.subject).base, served.object);
      case Service::variable: return step.kind == StepKind::read_global && step.file == served.file && step.name == served.name && in_loop_test(step.site);
      case Service::collection: return false;
    }
    return false;
  }

  // Whether what depends on a process setting ends on the queue: a handler that feeds it has been made part of the setting.
  bool reaches(const Step& use, ValueId queue) {
    for (uint32_t i = 0; i < launch_.step; ++i) {
      const Step& step = trace_.steps[i];
      if (step.kind != StepKind::api || step.row->process_setting != use.row->uses_setting) continue;
      for (const ArgumentRef& argument : evaluator_.arguments_of(step.site, step.frame))
        for (ValueId given : evaluator_.values_of(argument)) {
          const knowledge::Api* maker = evaluator_.value(given).kind == ValueKind::object ? evaluator_.maker(given) : nullptr;
          const Value made = evaluator_.value(given);
          if (!maker || !maker->feeds || made.index == none) continue;
          auto fed = evaluator_.argument(evaluator_.arguments_of(made.site(), made.frame), *maker->feeds);
          if (!fed) continue;
          for (ValueId value : evaluator_.values_of(*fed))
            if (same_object(evaluator_, value, queue)) {
              set_at_import_ = step.condition.guard == Guard::none && trace_.entry == Entry::main;
              return true;
            }
        }
    }
    return false;
  }

  // In the condition of a `while`.
  bool in_loop_test(Site site) const {
    const facts::FileFacts& f = model_.file(site.file).facts;
    for (RegionId region = f.events[site.event].region; region != none; region = f.regions[region].parent) {
      const facts::Region& it = f.regions[region];
      if (it.kind == facts::RegionKind::loop && it.subject != none && it.events.contains(it.subject)) return site.event <= it.subject;
    }
    return false;
  }

  bool tell(const LiveThread& thread, const Served& served) {
    set_at_import_.reset();
    auto use = use_of(served);
    if (!use) return false;
    StartMethods methods = launch_.method.methods & StartMethod::fork;
    bool reimports = launch_.row->launch->reimports_main;
    bool preloaded = server_runs_main(model_, launch_);
    if (thread.at_import) {
      if (preloaded) methods |= launch_.method.methods & StartMethod::forkserver;
    } else if (reimports && fresh_child_has(served)) {
      methods |= launch_.method.methods & fresh_methods;
    }
    methods = methods & use->methods;
    if (methods.empty()) return false;
    report_.finding(trace_.steps[thread.step].site, message(served.service))
        .under(methods, use->hangs ? "hangs" : "wrong")
        .label(use->site, "the child relies on it here")
        .label(launch_.site, "the child starts here, without the thread; start one in the child, or share a queue of multiprocessing")
        .confidence(Confidence::likely)
        .launch(id_);
    return true;
  }

  // Whether a fresh child gets the object, made by its own imports, and so relies on the thread as a forked one does.
  bool fresh_child_has(const Served& served) {
    if (set_at_import_) return *set_at_import_;
    if (served.service == Service::variable) return true;
    const Value it = evaluator_.value(served.object);
    for (const Code& code : children_)  // what starts the thread where it is missing starts it there
      for (const Step& step : code.trace.steps)
        if (starts_thread(step)) return false;
    return it.kind == ValueKind::object && it.index != none && made_at_import(it.site(), it.frame);
  }

  // By a module's own code, or by the constructor of an object that a module's own code makes.
  bool made_at_import(Site site, FrameId frame) const {
    if (frame == any_frame) return model_.file(site.file).scope_of(site.event) == 0;
    const Frame& made = evaluator_.frame(frame);
    if (made.caller != any_frame || made.call.event == none) return false;
    const File& file = model_.file(made.call.file);
    return file.scope_of(made.call.event) == 0 && file.event(made.call.event).region == none;
  }

  static std::string message(Service service) {
    switch (service) {
      case Service::queue: return "Only the parent has this thread, and the child uses the queue that it serves";
      case Service::event: return "Only the parent has this thread, and the child waits for the event that it sets";
      case Service::variable: return "Only the parent has this thread, and the child waits for the variable that it changes";
      case Service::collection: return "Only the parent has this thread, and the child adds to what it empties";
    }
    return {};
  }

  const Model& model_;
  Evaluator& evaluator_;
  engine::Report& report_;
  size_t id_;
  const Launch& launch_;
  const Trace& trace_;
  std::vector<Code> children_;
  std::optional<bool> set_at_import_;  // where the setting that leads to the queue is made; empty: it is reached directly
};

void check(const Model& model, engine::Report& report) {
  for (size_t i = 0; i < model.launches().size(); ++i) Judge(model, report, i).run();
}

}  // namespace

extern const engine::Rule lost_background_thread = {
    .code = "PSM407", .name = "lost-background-thread", .family = "inherited_state",
    .summary = "Worker code relies on a thread that only the parent has", .severity = engine::Severity::warning, .check = check};

}  // namespace forklint::rules
