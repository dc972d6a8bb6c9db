// A zygote: this program started anew and held at the first line of its main(), with one thread. A child launched through it is a copy that
// goes on from there with arguments of its own, as if it had been executed (Launch::self), in a third of the time; it has nothing of this
// process's memory, threads and locks, however large and busy this process is.
//
//   int main(int argc, char** argv) {
//     zygote_main(argc, argv);                             // first line; in copies it returns with their arguments
//     if (argc > 1 && argv[1] == "resize"sv) return resize(argv[2]);
//     auto zygote = Zygote::make();
//     auto done = run({.argv = {"me", "resize", "a.png"}, .launch = Launch::zygote, .zygote = &*zygote});
//   }
//
// Children are this process's own (CLONE_PARENT): their status, their end, their tree and all that a Command says are as with any other launch.
// Only user, umask, priority and processors are those of the moment when the zygote was made, not of the launch; /proc shows the zygote's
// command line. A death signal is that of the thread that made the zygote. It refuses to copy itself when something (a static initialiser of the program)
// has given it threads: a copy would lack them.
#pragma once

#include <memory>

#include "forklint/runtime/process.h"

namespace forklint::runtime {

// For the first line of main(), before worker_main(). Returns in the program itself and in each copy, never in the zygote.
void zygote_main(int& argc, char**& argv);

// Thread-safe. It belongs to the process that made it, and ends with it or with this object; the children go on.
class Zygote {
 public:
  struct State;
  // Refused where main() has not called zygote_main(): the new process would run the whole program again.
  static Result<Zygote> make();
  Zygote(Zygote&&) noexcept;
  Zygote& operator=(Zygote&&) noexcept;
  ~Zygote();

  int pid() const;
  State& state() { return *state_; }  // for this library

 private:
  explicit Zygote(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace forklint::runtime
