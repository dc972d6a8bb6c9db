// What we know about a C or C++ function or type: one row of rules/knowledge/cpp/*.toml. As in api.h the set of effects
// is closed and holds no conditions. Included by api.h alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/knowledge/argument.h"

namespace forklint::knowledge {

// Whose fork() a program calls: what POSIX leaves undefined in its child, some repair.
enum class Libc : uint8_t { glibc, musl, posix };

// What a call means in the child of a fork, in a program that had threads: the tiers T0 to T3.
enum class AfterFork : uint8_t {
  unknown,
  safe,       // T0: on POSIX's list of async-signal-safe functions, or a bare system call
  repaired,   // T1: undefined by POSIX, works after glibc's fork()
  deadlocks,  // T2: takes a lock that glibc's fork() does not reset
  wrong,      // T3: needs what a child never has: the threads of a runtime
};

enum class Forks : uint8_t {
  none,
  fork,   // runs at-fork handlers and repairs the libc: fork, forkpty
  raw,    // does neither: _Fork, clone, syscall(SYS_fork)
  vfork,  // shares the parent's memory until exec
  spawn,  // no code of the program runs in the child: posix_spawn, system, popen
};

enum class Leaves : uint8_t {
  no,
  exec,       // another program, or back with an error
  now,        // the process ends without handlers: _exit
  cleanup,    // exit handlers, static destructors and buffers first: exit
  thread,     // this thread alone: pthread_exit
  elsewhere,  // another place of the program: longjmp
};

enum class PythonHook : uint8_t { none, before, parent, child };

struct NativeApi {
  std::vector<std::string> names;  // without parameters; the first is canonical. One that ends in * stands for all that begin so
  std::string source;
  std::string proof;

  AfterFork after_fork = AfterFork::unknown;
  bool hidden = false;              // what it changes is memory of its library's own, which nothing else comes across: strerror
  std::string reason;               // of repaired, deadlocks, wrong: "the lock of the environment"
  std::optional<Argument> unless_null;  // it only asks, and takes no lock, where this argument is null: setlocale
  Forks forks = Forks::none;
  std::optional<Argument> selects;  // the argument that says whether it forks or reaps, and …
  std::vector<std::string> selected;  // … the numbers there for which it does: syscall(SYS_fork)
  std::optional<Argument> unless_bit; // a flag in this argument keeps it from forking, and …
  uint64_t bit = 0;                 // … which: clone(CLONE_VM)
  std::optional<Argument> child;    // the function that the child runs: clone(f)
  bool parent_leaves = false;       // only the child returns: daemon
  bool error_number = false;        // returns an error number, never -1: posix_spawn
  Leaves leaves = Leaves::no;
  std::optional<Argument> ends_unless_zero;  // it leaves by `cleanup` where this argument is another number than 0: error(1, …)
  bool may_end = false;             // sends this process, or the one that `kills` names, a signal that ends it, where `selects` says so: raise
  bool handled_exit = false;        // of `cleanup`: its own handlers only: quick_exit

  bool opens = false;               // a descriptor
  std::optional<Argument> cloexec;  // the argument that may close it at exec: flags, a mode word
  uint64_t cloexec_bit = 0;         // which bit there; 0: a letter e in the word
  std::string cloexec_name;         // what that bit is called: "O_CLOEXEC"
  bool opens_cloexec = false;       // always closed at exec
  std::optional<Argument> sets_cloexec;  // the descriptor that it may mark: fcntl
  bool closes_all = false;          // every descriptor from a number on: closefrom
  std::optional<Argument> closes;   // the descriptor or stream that it closes
  std::optional<Argument> pipe;     // both ends come here: pipe(fds)
  std::optional<Argument> reads;    // it waits for something from this descriptor
  std::optional<Argument> timeout;  // how long it waits at most; null or below 0 is for ever: select, poll
  std::optional<Argument> duplicates;  // the descriptor that it makes another of: dup2
  std::optional<Argument> seeks;    // the descriptor or stream whose position it sets: lseek

  bool waits = false;               // for a child
  bool reaps = false;               // it arranges for children to be waited for: signal(SIGCHLD)
  std::optional<Argument> kills;    // the process that it sends a signal
  std::optional<Argument> awaits;   // the process that it waits for: waitpid

  bool starts_thread = false;       // by being called or constructed
  std::optional<Argument> entry;    // what the thread runs
  bool thread_object = false;       // a thread, future or pool: gone in a child
  bool joins = false;               // waits for the thread, future or pool
  bool back_at_once = false;        // … but not in a child, where the C library takes the thread for ended: pthread_join
  std::string pool;                 // the threads that it uses and keeps: "libgomp's threads"
  bool lock = false;                // the type is a lock
  bool guard = false;               // the type holds the locks it is made with until it is destroyed
  std::optional<Argument> locks, unlocks;  // the lock; 0 may be the receiver
  std::optional<Argument> renews;   // the lock that it makes anew, free: pthread_mutex_init
  bool tries = false;               // `locks` does not wait
  bool receiver = false;            // `locks`, `unlocks`, `joins`, `draws` … speak of the object, not of an argument

  bool writes_buffered = false;     // into a buffer that a fork copies
  std::optional<Argument> stream;   // which; not given: standard output
  bool flushes = false;             // `stream`, or all of them when that is null or not given
  bool unbuffered = false;          // the object is a stream without a buffer: stderr
  std::optional<Argument> unbuffers;  // the stream that it makes write at once, where `selects` says so
  bool line_flush = false;          // flushes what was written: std::endl

  bool random_engine = false;       // a type, or the library's own engine
  bool seeds = false, draws = false;
  std::string handle;               // what it makes may not be used on both sides of a fork: "an epoll instance"
  std::optional<Argument> uses;     // the handle that it works on
  std::string identity;             // what it tells of this process or thread: "process id"
  std::optional<Argument> at_exit;  // runs when the process ends
  bool outside = false;             // what it does is seen by other processes, or stays: unlink, send
  std::optional<Argument> prepare, in_parent, in_child;  // of pthread_atfork
  std::optional<Argument> handler;  // a signal handler, or a structure with one in …
  std::vector<std::string> handler_fields;
  std::optional<Argument> calls;    // calls this argument now: qsort, std::call_once
  PythonHook python_hook = PythonHook::none;
  std::vector<std::string> headers;         // what an include of it begins with: "pybind11/"
  std::vector<std::string> header_folders;  // where these are where nothing says it; of names for a `*` the greatest is taken
  bool python = false;              // needs the interpreter
  bool python_module = false;       // a function of this name runs when Python imports the module that the star of its name stands for
  std::optional<Argument> python_exec;  // a function that runs at that import; `selects` may say when
  bool python_type = false;         // makes a type known to Python, by a name in …
  std::optional<Argument> python_name;
  std::optional<Argument> python_size;  // the size of its objects, where the type is a table, and …
  uint64_t python_stateless = 0;    // … up to which they hold nothing
  std::vector<std::string> python_open;  // fields that leave open how such a type is pickled
  bool python_pickle = false;       // gives a type its pickle support
  bool python_submodule = false;    // makes a module inside another
  bool process_pool = false;        // a pool whose workers are processes
  std::optional<Argument> task;     // what a worker is to run; arguments behind it are given to that
  std::vector<std::string> changed_by;  // of a type that holds its elements itself: the methods that change them, operators aside
  std::vector<std::string> emplaces;    // … and those that make an element of what they are given
  bool allocates = false;           // gives memory that no other process sees: malloc
  std::optional<Argument> refers;   // what it gives means this argument itself, not a copy: std::ref

  friend bool operator==(const NativeApi&, const NativeApi&) = default;
};

}  // namespace forklint::knowledge
