// Launches: where processes come to life, with which start methods, running what, and what is sent to them.
#pragma once

#include <string>
#include <vector>

#include "analyzer/model/timeline.h"

namespace forklint::model {

enum class ChosenBy : uint8_t { standard, explicit_, library, unknown };

// How the start method of something is determined.
struct Method {
  StartMethods methods;
  ChosenBy by = ChosenBy::standard;
  Site chosen_at;  // the call or argument that says it; no event: nothing does
};

enum class PayloadKind : uint8_t {
  target,               // the callable of a process
  argument,             // sent with the process
  self,                 // a process object that is itself sent: a subclass with its attributes
  initializer,
  initializer_argument,
  task,                 // the callable of a task
  task_argument,
  task_element,         // one element of what a task is mapped over
};

// One thing that is sent to a child.
struct Payload {
  PayloadKind kind = PayloadKind::argument;
  Site site;             // the value, where it is written in the launch or task; for self, the construction
  FrameId frame = any_frame;
  ValueId value = unknown_value;  // set when the value has no event of its own
  bool always = false;   // pickled under every method, not only for fresh children
  knowledge::Pickler pickler = knowledge::Pickler::pickle;
  uint32_t step = none;  // the step of the trace that sends it
  SymbolId keyword = 0;  // of an argument, when it is given by name
  bool star = false;     // several arguments in one value: args=pair
  bool double_star = false;  // the same by name: kwargs=options
  uint32_t part = 0;     // of an element: which iterable it is from; of a delayed task and its arguments: which call
};

// Code that runs in the child.
struct Worker {
  ValueId function = unknown_value;
  FrameId frame = any_frame;  // its parameters are what was sent
  PayloadKind kind = PayloadKind::target;
  uint32_t step = none;       // the step that hands it over
};

struct Launch {
  uint32_t trace = none;
  uint32_t step = none;       // in that trace
  Site site;                  // the call that starts the process
  FrameId frame = any_frame;
  const knowledge::Api* row = nullptr;  // of the launcher; row->launch is there
  ValueId object = unknown_value;       // the process or pool
  Site construction;                    // where it was made; the launch itself for Starts::call and construct
  FrameId construction_frame = any_frame;
  Method method;
  Condition condition;
  std::vector<uint32_t> tasks;          // steps of the trace that hand it tasks
};

// All launches of a trace, in order. O(steps).
std::vector<Launch> find_launches(Evaluator& evaluator, const Trace& trace, uint32_t trace_id, StartMethods standard);

// The method of whatever `callee` makes when called at `call`, under what the trace has set before step `before`.
Method method_of(Evaluator& evaluator, const Trace& trace, uint32_t before, ValueId callee, const knowledge::Api& row, Site call, FrameId frame, StartMethods standard);

// The default method at a step: what set_start_method has made of it before.
Method standard_method(Evaluator& evaluator, const Trace& trace, uint32_t before, StartMethods standard);

// What the argument of set_start_method, get_context … says.
struct MethodArgument {
  Site site;               // the argument
  StartMethods methods;
  bool standard = false;   // None: the default
  bool unknown = false;    // something that is not known here
  std::string bad_name;    // a name that is no start method
};
std::optional<MethodArgument> method_argument(Evaluator& evaluator, const knowledge::Api& row, Site call, FrameId frame);

// backend="multiprocessing": another launcher may do the work of a call; null where it is one of several.
const knowledge::Api* launching_row(Evaluator& evaluator, const knowledge::Api* row, Site call, FrameId frame);

// n_jobs=1, num_workers=0, the address of what runs elsewhere: nothing is launched.
bool launches_nothing(Evaluator& evaluator, const knowledge::Launch& launch, Site call, FrameId frame);

// What a launcher is made with: an argument of the call or, where `callee` is a class derived from one with a constructor of
// its own, of the super().__init__(…) in there.
std::optional<ArgumentRef> launcher_argument(Evaluator& evaluator, ValueId callee, Site call, FrameId frame, const knowledge::Argument& wanted);

// Whether an argument is given as the constant True.
bool is_true(Evaluator& evaluator, const std::optional<knowledge::Argument>& wanted, Site call, FrameId frame);

// The method of the context that an object belongs to: a queue, lock or value made by `ctx.Queue()` or, with the
// default context, by `mp.Queue()`. `before`: the step of the trace up to which set_start_method counts.
Method context_of(Evaluator& evaluator, const Trace& trace, uint32_t before, ValueId object, StartMethods standard);

// What is sent: with the launch, and with each of its tasks.
std::vector<Payload> payload_of(Evaluator& evaluator, const Trace& trace, const Launch& launch);
// What an item of it may be: nothing that is bound in another arm than the process or pool was made in.
Values sent_values(Evaluator& evaluator, const Launch& launch, const Payload& item);
// The code that the child runs, as far as it is known.
std::vector<Worker> workers_of(Evaluator& evaluator, const Trace& trace, const Launch& launch);

}  // namespace forklint::model
