// Other programs as children: launched safely, watched to their end, removed with everything that they started.
//
//   auto done = run({.argv = {"python3", "script.py"}, .limits = {.address_space = 1ull << 30}}, std::chrono::seconds(10));
//   if (!done) return fail(done.error().what);          // there is no such program, ...
//   if (!done->exit.ok()) complain(describe(done->exit), done->exit.stderr_tail);
//
// How a child stays ours: the first launch makes this process a subreaper (PR_SET_CHILD_SUBREAPER), so that descendants which
// lose their parent become our children instead of init's. Each tree carries a mark in RLIMIT_LOCKS, a limit that Linux has not
// used since 2.4.25: every fork and exec inherits it, no change of environment or session removes it, only a program that sets
// that very limit. What is ended is therefore exactly: children of this process that carry the tree's mark, and descendants of
// those. Other children of this process are never signalled and never waited for.
//
// Thread-safety: launch() and run() may be called from any thread; one Child belongs to one thread at a time.
// The calling program must not ignore SIGCHLD and must not wait for processes that it did not start (no waitpid(-1)).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "forklint/runtime/error.h"
#include "forklint/runtime/exit_info.h"

namespace forklint::runtime {

using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;
inline constexpr Deadline no_deadline = Deadline::max();

// posix_spawn: as glibc's, a child that borrows this process's memory until it executes (clone with CLONE_VM|CLONE_VFORK, a stack of
//   its own, signals blocked), whatever the size of this process: about 0.6 ms. It is done here and not by posix_spawn(3),
//   which has no place for limits, the mark, a death signal or a pidfd from birth.
// fork: the same with a copy of the memory; 10 to 60 ms more for each GB in use. The only one a tree watch can use.
// self: this program again, from /proc/self/exe, even if its file was replaced; argv[0] is what it sees as its name.
// zygote: the same as a copy of a process that has just begun, without exec (zygote.h).
enum class Launch { posix_spawn, fork, self, zygote };
class Zygote;
enum class Input { null, bytes, inherit, descriptor };
enum class Output { capture, null, inherit, as_output };  // as_output: the errors go where the output goes
enum class Stream { output, errors };
enum class Group { session, group, same };                // a session of its own, a process group of its own, the caller's

// 0 is no limit. Memory, CPU, file size and descriptors hold for each process by itself, as rlimits do.
struct Limits {
  uint64_t address_space = 0;  // bytes
  uint64_t cpu_seconds = 0;    // SIGXCPU then, SIGKILL a second later
  uint64_t file_size = 0;      // bytes; SIGXFSZ
  uint64_t descriptors = 0;
  unsigned processes = 0;      // living ones in the whole tree. Counted by us every 10 ms while the child is waited for, for
};                             // RLIMIT_NPROC counts the user's processes and does not bind root; one too many ends the tree

struct Descriptor {
  int fd = -1;      // here; stays the caller's
  int number = -1;  // in the child: 3 or higher
};

struct Isolation {
  bool tmp = false;         // TMPDIR is a new folder, removed with the Child
  bool shm = false;         // /dev/shm is empty and the tree's own. Without namespaces: names that a process of the tree has mapped
                            // or open when it is ended are removed, other new names are told by leftovers()
  bool no_network = false;  // only a loopback of its own; an Error where that is not allowed
  bool namespaces = true;   // false: do not use them even where they are allowed
};

struct Command {
  std::vector<std::string> argv;                        // argv[0] without '/' is looked up in the PATH that the child gets
  Launch launch = Launch::posix_spawn;
  Zygote* zygote = nullptr;                             // for Launch::zygote: outlives the launch
  std::optional<std::vector<std::string>> environment;  // "K=V", all of it; else this process's
  std::vector<std::string> overrides;                   // after that: "K=V" sets, "K" removes
  std::string directory;                                // "" is the caller's; a relative argv[0] with '/' starts here
  Input input = Input::null;
  std::string input_bytes;                              // given as a file in memory: never blocks, can be seeked
  int input_fd = -1;
  Output output = Output::capture;
  Output errors = Output::capture;
  size_t capture_limit = 1 << 20;                       // bytes kept of each stream, the newest
  std::function<void(Stream, std::string_view)> on_line;  // without the newline; parts of at most 64 KiB; in the waiting thread
  std::vector<Descriptor> descriptors;                  // what the child gets beside 0, 1 and 2; everything else is closed
  Limits limits;
  Group group = Group::session;
  int death_signal = 0;  // sent to the child (not its tree) when the *thread* that launched it ends: a kernel's rule, not ours
  Isolation isolation;
};

struct KillReport {
  unsigned asked = 0;          // processes that got SIGTERM
  unsigned killed = 0;         // processes that got SIGKILL
  std::vector<int> survivors;  // still there when time was up (in the kernel, uninterruptible); otherwise empty
};

class Child {
 public:
  struct State;
  explicit Child(std::unique_ptr<State> state);
  Child(Child&&) noexcept;
  Child& operator=(Child&&) noexcept;
  // Kills what is left of the tree, the child's end or not, and removes its private folder. Up to 2 s if the kernel is slow.
  ~Child();

  int pid() const;
  int pidfd() const;  // readable when it has ended; this object's own
  bool running() const;  // false after its end was seen by a call of this class

  // Reads its output meanwhile. nullopt: still running. Later calls give the same again.
  Result<std::optional<ExitInfo>> wait_until(Deadline deadline);
  Result<ExitInfo> wait();
  // To the child alone. ESRCH when it has ended.
  Result<void> signal(int number);
  // SIGTERM (and SIGCONT) to the whole tree once, SIGKILL to what is there after `grace` until nothing is; reaps everything.
  // Takes at most grace + 2 s. Afterwards wait() returns at once.
  Result<KillReport> kill_tree(std::chrono::milliseconds grace);
  // Living processes of the tree, the child first.
  std::vector<int> tree() const;

  // What was captured up to now; "[dropped 123 bytes]\n" stands first when the limit was passed.
  std::string output() const;
  std::string errors() const;
  const std::string& private_tmp() const;  // "" without Isolation::tmp
  bool has_namespaces() const;             // its /dev/shm is really its own
  // Names in /dev/shm that appeared since the launch and may be this tree's, but need not be.
  std::vector<std::string> leftovers() const;

  State& state() { return *state_; }  // for this library
 private:
  std::unique_ptr<State> state_;
};

// Returns when the program runs, or why it does not: errors of its exec (ENOENT, EACCES, ...) come back as errno.
Result<Child> launch(const Command& command);

// Waits for all of them in one poll loop, reading all their output. A grandchild that keeps a pipe open delays nothing:
// the end is the end of the child, then what is in the pipe. True: all have ended; false: the deadline came first.
Result<bool> communicate(std::span<Child* const> children, Deadline deadline = no_deadline);

struct Finished {
  ExitInfo exit;
  std::string output;
  std::string errors;
  bool timed_out = false;
};
// launch, wait, kill_tree(grace) when time is up or something of the tree is left.
Result<Finished> run(const Command& command, std::chrono::milliseconds timeout = std::chrono::hours(24),
                     std::chrono::milliseconds grace = std::chrono::milliseconds(500));

}  // namespace forklint::runtime
