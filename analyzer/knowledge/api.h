// What we know about an API: one row, loaded from rules/knowledge/*/*.toml. What an API does is data; what that
// means is code in model/ and rules/. The set of effects is closed and holds no conditions: what depends on an
// argument's value is said by naming the argument. How a row is written: rules/knowledge/README.md. Which key fills which
// field: fields.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/knowledge/argument.h"
#include "analyzer/knowledge/native.h"

namespace forklint::knowledge {

// fork, spawn, forkserver, threading: the columns of the design's table; loky too. A set of them is a bit mask.
enum class StartMethod : uint8_t { fork, spawn, forkserver, threading, loky };
inline constexpr int start_method_count = 5;

class StartMethods {
 public:
  constexpr StartMethods() = default;
  constexpr StartMethods(StartMethod method) : bits_(uint8_t(1u << uint8_t(method))) {}
  constexpr bool has(StartMethod method) const { return bits_ & (1u << uint8_t(method)); }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr StartMethods operator|(StartMethods other) const { return from_bits(bits_ | other.bits_); }
  constexpr StartMethods operator&(StartMethods other) const { return from_bits(bits_ & other.bits_); }
  constexpr StartMethods operator-(StartMethods other) const { return from_bits(bits_ & ~other.bits_); }
  StartMethods& operator|=(StartMethods other) { bits_ |= other.bits_; return *this; }
  friend constexpr bool operator==(StartMethods, StartMethods) = default;
  constexpr uint8_t bits() const { return bits_; }
  static constexpr StartMethods from_bits(unsigned bits) { StartMethods set; set.bits_ = uint8_t(bits); return set; }

 private:
  uint8_t bits_ = 0;
};
constexpr StartMethods operator|(StartMethod a, StartMethod b) { return StartMethods(a) | StartMethods(b); }
inline constexpr StartMethods fork_spawn_forkserver = StartMethods(StartMethod::fork) | StartMethod::spawn | StartMethod::forkserver;

enum class Starts : uint8_t {
  construct,   // processes exist when the call returns: Pool()
  start,       // at a later method with effect `starts`: Process.start()
  first_task,  // at the first call of a method with a `task`: ProcessPoolExecutor
  call,        // the call launches and waits or returns a handle: joblib, subprocess
  iterate,     // when the object is iterated: DataLoader
  decorated,   // at each call of what it makes of its target; called without one, it gives a decorator: pebble.concurrent.process
};

enum class Pickler : uint8_t { pickle, dill, cloudpickle, none };

// When the payload given with the launch is pickled: in fresh children only (Process args), always (pool tasks), or never.
enum class Crosses : uint8_t { fresh, always, never };

// How the start method is chosen.
enum class Chosen : uint8_t {
  standard,   // the default of the interpreter and platform, or set_start_method, or the receiver's context
  fixed,      // `methods` below, whatever the program says
  own_default // `methods` is the library's own default; an argument may change it
};

struct Launch {
  Starts starts = Starts::call;
  Chosen chosen = Chosen::standard;
  StartMethods methods;                 // for fixed and own_default
  std::optional<Argument> method;       // a method name, or a context object
  std::optional<Argument> target;       // the callable that the child runs
  std::vector<Argument> payload;        // sent with the launch: args, kwargs
  std::optional<Argument> initializer;  // runs in every worker first
  std::vector<Argument> initializer_payload;
  std::optional<Argument> task_limit;   // tasks after which a worker is replaced: max_tasks_per_child
  std::optional<Argument> daemon;       // whether the child is daemonic, when the call may say so
  std::optional<Argument> before_exec;  // preexec_fn: runs in the forked child, before the program that it becomes
  std::optional<Argument> input;        // of a command: where it reads from; a pipe when that is something with the effect `pipe`
  std::optional<Argument> workers;      // number of workers; a literal 0 or 1 may mean no process: see `no_process_when`
  std::vector<std::string> no_process_when;  // literal values of `workers` for which nothing is launched: "0", "1", "None"
  std::optional<Argument> unless;       // an argument whose presence means that nothing is launched: Client(address)
  std::vector<std::string> instead;     // words of `method` that mean another launcher: "multiprocessing=multiprocessing.pool.Pool"
  bool serial_by_default = false;       // without the `workers` argument nothing is launched
  Pickler pickler = Pickler::pickle;
  Crosses crosses = Crosses::fresh;
  bool daemonic = false;                // its workers may not launch
  bool reimports_main = true;           // under spawn and forkserver
  bool pool = false;                    // workers take tasks
  bool raw_fork = false;                // os.fork: the result tells parent from child
  bool executes = false;                // fork + exec of another program: nothing is inherited but handles
  bool starts_threads = false;          // helper threads of the parent live as long as it does
  bool ends_with_task = false;          // and it, no longer than the task, or the `with` around several of them
  bool ends_with_function = false;      // what only a variable of a function holds ends, with its threads, when that returns
  std::string unsent_error;             // outcome of a task that cannot be sent, where that is not the error itself: "raises:PicklingError"
  std::string fails_at_import;          // outcome when reached during the import of main in a fresh child: "raises:RuntimeError", "storms"

  friend bool operator==(const Launch&, const Launch&) = default;
};

// A call that hands work to a pool of processes.
struct Task {
  std::optional<Argument> pool;     // the pool, when it is not the receiver; None there means threads: run_in_executor
  std::optional<Argument> function;
  std::vector<Argument> payload;
  std::vector<Argument> iterables;  // payload element by element
  bool unpacks = false;             // each element is a tuple of arguments: starmap
  std::vector<Argument> in_parent;  // callbacks: not sent
  bool lazy_result = false;         // returns a handle that needs the pool alive: map_async, imap, submit

  friend bool operator==(const Task&, const Task&) = default;
};

enum class MethodEffect : uint8_t { none, sets, reads_and_fixes, reads };  // set_start_method / get_start_method() / allow_none

enum class Picklable : uint8_t { yes, no, process_only /* mp primitives: process arguments, not tasks */, unknown };

enum class Handle : uint8_t { none, file, connection, descriptor, directory };

struct Api {
  std::vector<std::string> names;  // qualified; the first is canonical
  std::string source;              // where it is documented or was seen
  std::string proof;               // a fixture that shows the effect; may be empty
  std::string since, until;        // Python versions for which the effects hold: from `since` on, before `until`; empty: all

  bool delays = false;             // calling what it returns only describes a task, its argument with those of the call: joblib.delayed
  std::string returns;             // type of the result, looked up as TYPE.method; "self" for the receiver. Empty: its own name. "tuple[TYPE]", "list[TYPE]": several
  std::optional<Launch> launch;
  std::optional<Task> task;
  bool starts = false;             // .start() of what the constructor described (process or thread)
  bool joins = false;              // waits for the thread, process or pool that is the receiver
  bool closes = false;             // the receiver's processes or threads are gone after it (or after leaving `with`, with name TYPE.__exit__)
  bool awaits_result = false;      // waits for the result of a task: AsyncResult.get, Future.result
  bool asks_for_result = false;    // says whether the result is there: AsyncResult.ready
  bool waits_all_children = false; // os.wait
  std::optional<Argument> waits_for;  // the child that it waits for; -1 there means any: os.waitpid
  std::string any_child;           // a name that means any there too: os.P_ALL

  std::string thread;              // when it starts a thread: "import", "construct", "call"; empty: never
  bool thread_object = false;      // construct describes a thread; `starts` runs it
  std::optional<Argument> thread_target;
  std::vector<Argument> thread_arguments;  // what the target is called with: args, kwargs
  bool executor = false;           // thread executor: dead in a forked child
  bool lock = false;               // type is a lock of threads; acquire/with takes it
  bool mp_primitive = false;       // lock, queue, value, event … of multiprocessing, bound to a context
  bool reentrant = false;          // the thread that holds it may take it again
  bool acquires = false, releases = false;
  std::optional<Argument> lock_argument;   // the lock that it is made over: Condition(lock)
  std::optional<Argument> waits_unless;    // false there: it does not wait: acquire(blocking=False)
  std::optional<Argument> time_limit;      // given: it does not wait for ever
  bool queue_put = false, queue_get = false;  // multiprocessing queues; payload of put always crosses
  std::optional<Argument> queue_item;
  bool pipe = false;               // returns both ends of a pipe or of a pair of sockets
  std::optional<Argument> takes_over;      // the descriptor that it wraps and closes: open(fd)
  std::optional<Argument> closes_argument; // what it closes, when that is not the receiver: os.close
  bool receives = false;           // waits for something from the other end of the receiver, a pipe
  std::optional<Argument> receives_from;   // what it receives from, when that is not the receiver: os.read
  bool ends_by_exception = false;  // `receives` raises at the end of the pipe, and yields nothing otherwise
  bool reads_to_end = false;       // returns when every copy of the other end is closed
  std::optional<Argument> serves;  // the queue that its thread empties: QueueListener
  std::optional<Argument> feeds;   // the queue on which it puts what it is given: QueueHandler
  bool fixes_context = false;      // after it set_start_method raises
  MethodEffect method_effect = MethodEffect::none;
  std::optional<Argument> method_argument;  // for sets, and get_context; reads_and_fixes holds only where it is not given
  std::optional<Argument> fixes_unless;     // true there keeps reads_and_fixes from fixing: allow_none
  std::optional<Argument> force;   // true there lets `sets` replace a context
  std::optional<Argument> sent_at_start;    // goes with each later start of the receiver's class: BaseManager.register(callable=)
  bool makes_context = false;      // get_context
  StartMethods context_methods;    // of the context it makes, when `method_argument` does not say: SpawnContext
  std::optional<Argument> preload; // set_forkserver_preload

  bool is_object = false;          // the name itself is an object, and `picklable` speaks of it: os.environ
  std::optional<Argument> hands_on;          // `with` gives this argument of what made its manager: closing(pool)
  std::optional<Argument> enters;            // it enters this context manager, until the receiver is left: ExitStack.enter_context
  std::string defaults_from;                 // a method whose keyword arguments become attributes of such an object: set_defaults
  std::optional<Argument> makes_class;       // its result is a class, which this argument names: namedtuple
  Picklable picklable = Picklable::unknown;  // of what the call returns
  std::string pickle_error;        // "raises:TypeError" and such
  std::string picklable_with;      // picklers that manage all the same: "dill", "cloudpickle", "dill,cloudpickle"
  Handle handle = Handle::none;
  std::string fork_unsafe;         // why what it makes may not be used on both sides of a fork; empty: it may
  bool repaired_after_fork = false;

  bool random_generator = false;   // makes a generator whose state a fork copies
  bool seeds = false;              // seeds a global generator
  bool draws = false;              // draws from a generator (the receiver, or the library's global one)
  bool reseeded_after_fork = false;

  std::string process_setting;     // what it sets for this process only: "signal handler", "logging", "recursion limit" …
  std::string unset;               // what is seen where the setting is needed and missing: "raises:RecursionError"; empty: wrong
  bool for_recursion = false;      // the setting matters to functions that call themselves
  std::string uses_setting;        // the process setting on which what it does depends
  std::optional<Argument> uses_with;  // it depends on that setting only where this is given: csv.reader(file, dialect)
  bool survives_start = false;     // given as an argument to what makes a process setting, every child keeps that: SIG_IGN
  std::optional<Argument> setting_path;  // of an object: its dotted name; what is set on it holds for those below too. Not given: for all
  bool setting_of_receiver = false;  // it holds for that very object: a filter is asked about what its own logger is given
  std::optional<Argument> setting_part;  // of what sets it and what depends on it: the part that is meant, where one is: the signal, the category
  std::vector<Argument> partly_with;  // given one of these, it concerns only what matches it: filterwarnings(message=…)
  std::string severity;            // of what reports something, or a name for it: "10", as logging counts; of what sets the least one: what that is by default
  std::optional<Argument> least_severity;  // of what sets it: what is less severe is not shown; not given: as before
  std::vector<std::string> sent_settings;  // of an object: methods whose effect every child is told of: the level of multiprocessing's logger
  std::string frozen_setting;      // what a running forkserver does not see: "environment", "umask", "limits"
  std::string reads_setting;       // the frozen setting that it reads: "environment"
  bool makes_fixture = false;      // a decorator: tests that name the function are given what it returns or yields
  std::vector<std::string> runs_before;  // of a class of tests: the methods that run before each of them, in order
  bool only_asks = false;          // a command, "command.git.describe": run once more it changes nothing
  bool patches = false;            // replaces something in a module or class, in this process only: mock.patch
  bool differs_per_process = false;  // its result is another in every process: uuid4, mkdtemp, time
  bool hash_dependent = false;     // its result depends on the string hash of this process
  bool shared_memory = false;      // named memory, which the resource tracker of its creator removes
  bool large = false;              // what it returns may be big: arrays, tables, models
  bool reads_stdin = false;        // which a child does not have
  std::optional<Argument> at_exit; // runs when this process ends: atexit.register
  bool at_fork = false;            // registers handlers that run around os.fork
  bool runs_command = false;       // subprocess.run, os.system
  bool side_effect = false;        // worth repeating only once: writes, downloads, prints, argparse
  std::string fails_again;         // what doing it a second time raises: "raises:FileExistsError"; empty: nothing
  std::optional<Argument> repeatable;  // true there keeps it from failing again: exist_ok
  std::optional<Argument> truncates;   // a w in the word there empties what exists: open(mode)
  std::optional<Argument> exclusive;   // it fails again only where the word there has an x: open(mode)
  bool suppresses = false;         // entered, it swallows the exceptions that are its arguments: contextlib.suppress
  bool holds_tests = false;        // a class whose methods runs_tests runs: unittest.TestCase
  bool runs_tests = false;         // runs the tests of the main module, and exits: unittest.main
  std::vector<Argument> runs_tests_unless;  // with one of these it runs others, or goes on afterwards: module, exit
  bool exits = false;              // sys.exit, raises SystemExit
  bool exits_now = false;          // os._exit, exec: no cleanup
  bool freeze_support = false;
  bool decorator_keeps_function = false;  // app.command, functools.wraps(f): the decorated object is still found by name / is the function
  std::optional<Argument> wraps;   // the decorator that it makes gives a wrapper the name of this function: functools.wraps
  bool makes_property = false;     // a decorator under which reading the attribute calls the function
  bool makes_fields = false;       // a class decorator whose __init__ takes the annotated names of the class: dataclass
  bool class_only = false;         // a name annotated so is no attribute of the objects: ClassVar
  bool enumeration = false;        // members of such a class are made from what they are bound to
  bool keeps_arguments = false;    // its result holds what it is given: SimpleNamespace
  bool keeps_elements = false;     // its result holds the elements of what it is given: deque
  std::vector<Argument> yields;            // iterating its result gives these arguments themselves: repeat
  std::vector<Argument> yields_elements;   // iterating its result gives the elements of these arguments: chain
  bool makes_missing = false;      // it keeps a callable that makes what is missing: defaultdict
  std::optional<Argument> returns_argument;  // its result is this argument, or as good as: typing.cast, copy.copy
  std::optional<Argument> puts_into;         // it puts into this container …
  std::optional<Argument> puts;              // … this: heappush
  std::optional<Argument> returns_element;   // its result is an element of this argument: heappop
  bool calls_argument = false;     // calls its argument now, in this process: atexit-like excluded; app(), unittest.main, asyncio.run(coroutine)
  std::optional<Argument> calls;   // which

  friend bool operator==(const Api&, const Api&) = default;
};

// Whether calling it does something, or makes something of which it matters when. False: the row says no more than what its
// result is. Cost: one comparison of rows.
bool acts(const Api& row);

// [[alias]]: everything under the module `from` is what it is under `to`, but for the members in `except`.
struct Alias {
  std::string from, to;
  std::vector<std::string> except;

  friend bool operator==(const Alias&, const Alias&) = default;
};

// What one or more TOML texts say.
struct Rows {
  std::vector<Api> apis;
  std::vector<Alias> aliases;
  std::vector<NativeApi> natives;

  friend bool operator==(const Rows&, const Rows&) = default;
};

}  // namespace forklint::knowledge
