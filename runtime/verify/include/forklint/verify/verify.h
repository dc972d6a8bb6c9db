// Runs a program under a start method and says what happened, with evidence.
//
//   Run run{.interpreter = "python3.13", .program = {"main.py"}, .folder = "fixtures/x", .start_method = "spawn"};
//   Observation seen = observe(run);
//   if (agrees("raises:RuntimeError", seen)) ...
//
// The program is not edited: what chooses the method and looks into Python is a sitecustomize, what looks below is a preloaded
// library. It runs in namespaces of its own where the kernel allows (processes, mounts, network, /tmp, /dev/shm), with limits, on
// a folder whose changes vanish; when observe() returns nothing of it is left. See runtime/verify/README.md for how a hang is
// proved.
//
// Thread-safety: observe() may be called from any number of threads and from workers of a pool at the same time; it needs the
// process layer's own rules only (no SIGCHLD ignored, no waitpid(-1) in this process). Cost: about 5 ms and the program's time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace forklint::verify {

enum class Folder {
  copy,      // of `files`, or of the whole folder, into a folder of its own
  in_place,  // at its own path; what the program changes there is thrown away (a layer over it), or, without namespaces, a copy
};

struct Run {
  std::string interpreter;             // a path, or a name looked up in PATH; "": the program is a native one
  std::vector<std::string> program;    // what follows the interpreter: {"main.py"}, {"-m", "package"}, {"."}; native: {"./server"}
  std::vector<std::string> arguments;  // the program's own
  std::string folder;                  // the working folder
  Folder use = Folder::copy;
  std::vector<std::string> files;      // Folder::copy: only these, relative to `folder`; empty: everything in it
  std::string start_method;            // "fork", "spawn", "forkserver": what the program's *default* becomes; "": its own
  std::optional<std::string> prints;   // the right standard output, compared without blanks at either end; gives `wrong`
  std::chrono::milliseconds wall_limit{10'000};
  bool allow_network = false;
  bool bare = false;                   // without what is installed for the interpreter, as in a new virtual environment; `interpreter` is a path
  bool namespaces = true;              // false: not even where they are allowed
  bool force = true;                   // a fork waits (a little) until another thread is inside of a lock
  std::vector<std::string> force_lines;  // "path:line" where critical sections begin: a fork waits, longer, for a thread in one; empty: any lock
  std::vector<std::string> watch_lines;  // "path:line": says in Observation::reached whether they were executed
  std::vector<std::string> environment;  // "K=V" sets, "K" removes, after all else
  unsigned most_processes = 64;        // living at once; one more ends the run: `storms`
  uint64_t most_memory = 4ull << 30;   // bytes of address space of each process
  uint64_t most_output = 32 << 20;     // bytes of standard output and errors together; more ends the run
};

// A process of the program as it was seen. Numbers are those that the program sees itself.
struct ProcessSeen {
  int pid = 0;
  int parent = 0;
  std::string role;             // "main", "worker", "forkserver", "resource_tracker", "program", "" (not known)
  std::optional<int> code;      // exit status
  int signal = 0;               // that ended it; 0: none, or it was still there at the verdict
  std::string exception;        // type that ended it: "RuntimeError"; "" if none
  std::string message;          // its text, at most 400 bytes
  std::string stack;            // where its threads were, when it hung: as faulthandler writes it
  std::vector<std::string> waits;  // one line a thread that waits: "thread 12 waits for a lock of this process (futex), without time limit"
};

// A fork as it happened: what a forked child did not get, or got in a state in which it is no use.
struct ForkSeen {
  int parent = 0;
  int child = 0;
  unsigned threads = 1;              // of the parent at that moment
  std::vector<std::string> held;     // locks that another thread held: "__main__.lock", "mutex 0x55... (thread 12)"
  bool forced = false;               // it was delayed until that was so
};

// A call in the child of a process with threads that such a child must not make.
struct UnsafeCall {
  int pid = 0;
  std::string function;  // "malloc", "getenv", ...
  unsigned tier = 1;     // 1: repaired by this libc in practice, 2: may hang, 3: makes it worse
  std::string caller;    // "program+0x1234" or a symbol
};

struct Start {
  int parent = 0;
  int child = 0;            // 0: it did not come to life
  std::string method;       // as the program used it
  bool main_thread = true;  // who started it
};

struct Observation {
  // A word of fixtures/README.md: ok, raises:TYPE, hangs, crashes:SIGNAL, storms, wrong, exits:N; or `unknown`, when nothing is
  // proved (see `inconclusive`), or `unavailable`, when it could not be started.
  std::string outcome = "unknown";
  std::string proof;         // which oracle: "lone thread", "orphan lock", "quiescence", "storm", "exit", "exception", "output"
  std::string inconclusive;  // a reason code and words: "wall-limit: 10 s passed, ..."; "" when something is proved
  std::vector<std::string> exceptions;  // types that ended a process or a thread, or that were printed as tracebacks; main's first
  std::vector<std::string> cycle;       // of a hang: who waits for whom, a line each, from the main thread on
  std::vector<std::string> contained;   // what it tried and could not: "output flood: ...", "wrote outside: /etc/x", ...
  std::vector<ProcessSeen> processes;   // main first
  std::vector<ForkSeen> forks;
  std::vector<UnsafeCall> unsafe_calls;
  std::vector<Start> starts;
  std::vector<std::string> reached;     // those of Run::watch_lines that were executed
  std::optional<int> code;              // exit status of the main program
  int signal = 0;                       // that ended it
  std::string out;
  std::string err;
  std::string python;                   // "3.13.0"; "" for native programs
  std::string method;                   // the start method that was really used; "a, b" when several, "" when none
  bool injected = false;                // the sitecustomize ran
  bool namespaces = false;              // it had processes and mounts of its own
  double seconds = 0;                   // until the verdict
};

// Never fails: what goes wrong is in the observation.
Observation observe(const Run& run);

// Whether an outcome that somebody promised is what was seen: `raises:TYPE` holds when any process ended with TYPE.
bool agrees(std::string_view promised, const Observation& seen);

// An interpreter: its path and version.
struct Interpreter {
  std::string path;
  std::string version;  // "3.13.0"
  bool operator==(const Interpreter&) const = default;
};
// Asks it. nullopt: it cannot be run, or is no Python 3.6 or later.
std::optional<Interpreter> interpreter_at(const std::string& path);
// python3.X on PATH and in pyenv's folder of versions, one for each minor version (the newest), by version. Cached in this process.
std::vector<Interpreter> find_interpreters();
// Whether `import module` works there, in an environment changed as by Run::environment.
bool has_module(const Interpreter& interpreter, const std::string& module, const std::vector<std::string>& environment = {});

}  // namespace forklint::verify
