// The program is walked as it would run: a trace is what happens in order, across calls and imports, from one entry.
// Branches are walked one arm after the other, loops once; each step knows the condition it stands under and, by
// `parent`, the chain of calls and imports that led to it.
#pragma once

#include <deque>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <llvm/ADT/DenseMap.h>

#include "analyzer/model/conditions.h"
#include "analyzer/model/test_setup.h"
#include "analyzer/model/evaluator.h"

namespace forklint::model {

enum class StepKind : uint8_t {
  enter_function,   // subject: the function or bound method; frame of the body in `inner`
  import_module,    // file: the module whose body runs now
  api,              // subject: the callee; row: its API row
  with_enter,       // subject: the context manager
  with_leave,
  write_global,     // file and name: a variable of a module is bound or deleted
  change_global,    // file and name: what the variable holds is changed in place
  write_attribute,  // subject: the module, class or external object; name
  change_attribute, // subject: the class, or the object that a module holds; name: what that attribute holds is changed in place
  write_item,       // subject: an object whose items or attributes are a setting of the process: os.environ[…] = …; row: of that assignment
  read_global,      // file and name (recorded in worker code only)
  read_attribute,   // subject: external, class or instance; name (worker code only)
  iterate,          // subject: the object iterated, where that launches or takes the results of tasks
  raise,
  unknown_call,     // a callee that is not known (worker code only)
};

struct Step {
  StepKind kind = StepKind::api;
  Site site;
  FrameId frame = any_frame;
  uint32_t parent = none;        // the enter_function or import_module step inside which this one is
  Condition condition;
  ValueId subject = unknown_value;
  const knowledge::Api* row = nullptr;
  FileId file = none;
  NameId name = none;            // in `file` for globals; in site.file for attributes
  FrameId inner = any_frame;
  uint32_t thread = none;        // the step that started the thread in which it runs; none: the main thread
};

enum class Entry : uint8_t { main, module, function, worker };

// A place in a trace: an event in an activation, and the step that led to that activation.
struct Position {
  Site site;
  FrameId frame = any_frame;
  uint32_t parent = none;
};

inline Position position_of(const Step& step) { return {step.site, step.frame, step.parent}; }

// self.name = value, or `del self.name`: what an object holds at a step is what was written before it.
struct MemberWrite {
  Site site;
  FrameId frame = any_frame;
  ValueId subject = unknown_value;  // the instance
  uint32_t before = 0;              // the first step that comes after it
  Condition condition;
  Position position;                // of the write, or of the call that made it where the trace does not keep the call
  bool sure = true;                 // whoever comes by there writes it
};

// What a thread runs, as it was started at a step.
struct ThreadBody {
  uint32_t step = none;
  ValueId function = unknown_value;
  FrameId frame = any_frame;
};

struct Trace {
  Entry entry = Entry::main;
  FileId file = none;            // main: the program; function: where it is
  ScopeId scope = none;
  std::vector<Step> steps;
  std::vector<MemberWrite> writes;
  std::vector<ThreadBody> threads;
  StartMethods inherited = {};    // what the default is where it begins, when the processes that run it have been given one
  Site inherited_from = {};       // by this call
};

// Walks entries. Keeps what it learned about modules and functions without effect.
class Walker {
 public:
  explicit Walker(Evaluator& evaluator) : evaluator_(evaluator) {}

  Trace walk_main(FileId file);
  // A function that nothing known calls; a method is preceded by its class's __init__.
  Trace walk_function(FileId file, ScopeId scope);
  // Worker code: functions (or bound methods, partials) in frames whose parameters are what was sent.
  Trace walk_worker(ValueId function, FrameId frame);

  // The scopes that the last trace went all through, as key() says them; each once or more.
  const std::vector<uint64_t>& visited() const { return visited_; }
  static uint64_t key(FileId file, ScopeId scope) { return uint64_t(file) << 32 | scope; }

 private:
  Role role_of(FileId file) const;
  void start(Entry entry, FileId file, ScopeId scope);
  // `with` runs a generator up to its yield, then the block, then the rest.
  enum class Part : uint8_t { whole, before_yield, after_yield };

  // timeline.cpp
  uint32_t push(Step step);
  void forget(uint32_t step);
  const Condition& condition_of(FileId file, RegionId region, FrameId frame, uint32_t parent);
  void scope(FileId file, ScopeId scope, FrameId frame, uint32_t parent, const Condition& condition, Part part = Part::whole);
  void set_up(ValueId test_class, ValueId receiver, ScopeId test);
  void event(FileId file, EventId id, FrameId frame, uint32_t parent, const Condition& condition);

  // timeline_calls.cpp
  void call(Site site, FrameId frame, uint32_t parent, const Condition& condition);
  void callee(ValueId callee, Site site, FrameId frame, uint32_t parent, const Condition& condition, bool only);
  void function(ValueId function, FrameId inner, Site site, FrameId frame, uint32_t parent, const Condition& condition, Part part = Part::whole);
  bool acts(const knowledge::Api* row);
  void api(ValueId callee, const knowledge::Api* row, Site site, FrameId frame, uint32_t parent, const Condition& condition);
  void thread(ValueId callee, const knowledge::Api* row, uint32_t step, Site site, FrameId frame, const Condition& condition);

  // timeline_iteration.cpp
  void take_generators(const Values& values, uint32_t parent, const Condition& condition);
  void consume(ValueId callee, Site site, FrameId frame, uint32_t parent, const Condition& condition);
  void calls_of_iterator(ValueId iterator, FrameId frame, uint32_t parent, const Condition& condition);
  void iterate(Site iterable, Site at, FrameId frame, uint32_t parent, const Condition& condition);

  // timeline_managers.cpp
  void leave(ValueId manager, Site site, FrameId frame, uint32_t parent, const Condition& condition);
  void enter_manager(ValueId manager, bool async, Site site, FrameId frame, uint32_t parent, const Condition& condition);
  void leave_manager(ValueId manager, bool async, Site site, FrameId frame, uint32_t parent, const Condition& condition);
  bool runs_in_with(const Value& callee, Site call) const;
  void special_method(ValueId receiver, std::string_view name, Site site, FrameId frame, uint32_t parent, const Condition& condition);
  void property(FileId file, EventId id, FrameId frame, uint32_t parent, const Condition& condition);
  void registered(ValueId app, Site site, FrameId frame, uint32_t parent, const Condition& condition);
  const std::vector<Site>* registrations(ValueId app);

  // timeline_imports.cpp
  Condition defined_under(const Value& function);
  void import_module(ValueId module, Site site, uint32_t parent, const Condition& condition);
  void import_file(FileId file, Site site, uint32_t parent, const Condition& condition);
  bool is_silent(FileId file);

  // timeline_members.cpp
  void write_member(MemberWrite write);
  std::optional<Expression> written_before(Position read);

  // timeline_writes.cpp
  void bind(FileId file, EventId id, FrameId frame, uint32_t parent, const Condition& condition);
  std::pair<FileId, NameId> global_of(FileId file, EventId base);
  void write_attribute(FileId file, EventId id, FrameId frame, uint32_t parent, const Condition& condition);
  void changes(FileId file, EventId id, FrameId frame, uint32_t parent, const Condition& condition);
  void read(FileId file, EventId id, FrameId frame, uint32_t parent, const Condition& condition);

  static constexpr uint32_t most_steps = 20000;
  static constexpr int deepest = 24;       // calls inside each other, in one import
  static constexpr int deepest_of_all = 200;  // calls and imports inside each other
  static constexpr uint32_t most_visits = 3;  // of one function, or one generator, in one trace

  Evaluator& evaluator_;
  Trace trace_;
  std::unordered_map<uint64_t, uint32_t> visits_;
  std::vector<uint64_t> generators_;       // generator expressions being run, the outer ones first
  std::unordered_set<FileId> imported_;
  std::vector<uint64_t> visited_;
  std::unordered_set<uint64_t> barren_;    // no step comes of it
  std::unordered_set<FrameId> barren_here_;  // no step comes of it where it is called with this
  llvm::DenseMap<std::pair<ValueId, SymbolId>, uint32_t> last_write_;  // of an attribute of an object, in trace_.writes
  std::optional<std::unordered_map<ValueId, std::vector<Site>>> registrations_;  // by what was registered with: @app.command() def f(), app.add(f)
  // What regions say, by file, region, frame and role: functions are entered again and again.
  llvm::DenseMap<std::pair<uint64_t, uint64_t>, uint32_t> conditions_;
  std::deque<Condition> known_conditions_;
  uint32_t budget_ = 0;
  uint32_t notable_ = 0;
  bool open_ = false;                      // what happens depends on the caller: a parameter was called, a test asks for one
  bool asked_member_ = false;              // what happens depends on what was done before: a test asks for an attribute
  bool too_deep() const { return depth_ - import_depth_ >= deepest || depth_ >= deepest_of_all; }
  int depth_ = 0;
  int import_depth_ = 0;                   // what of it was there when the innermost import began
  uint64_t cuts_ = 0;                      // how often a limit has ended something
  std::vector<std::pair<ValueId, ValueId>> stacked_;  // an exit stack, and what was entered through it
  int importing_ = 0;                      // module bodies being imported
  uint32_t thread_ = none;                 // the start of the thread being walked

  // A module whose own body does nothing worth a step is not walked again: only what it imports.
  struct ModuleImports {
    std::vector<std::pair<EventId, FileId>> imports;
    bool quiet = false;
  };
  std::unordered_map<FileId, ModuleImports> modules_;
  std::unordered_set<FileId> silent_, loud_;  // modules of which no step comes, with all that they import; those of which one does
  // What there is to do in the body of a module that others import: what did something once, and what a region begins with.
  std::unordered_map<FileId, std::vector<EventId>> bodies_;
  llvm::DenseMap<const knowledge::Api*, bool> acts_;
  uint64_t deeds_ = 0;                     // steps, writes, imports and calls that were tried
  uint32_t nested_notable_ = 0;
  bool replaying_ = false;                 // imports come from the list, not from the body
};

}  // namespace forklint::model
