// The folder of one run: what is carried in, the program's copy, its /tmp and home, the file of events. Removed with the object;
// one whose observer was killed, by the next observer. Internal.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "forklint/runtime/error.h"
#include "forklint/runtime/fd.h"
#include "forklint/runtime/process.h"
#include "forklint/verify/verify.h"

namespace forklint::verify {

class Room {
 public:
  static runtime::Result<Room> make(const Run& run);
  Room(Room&& other) noexcept : path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)), folder_(std::move(other.folder_)), bare_(std::move(other.bare_)), layered_(other.layered_) {}
  ~Room();

  std::string events() const { return path_ + "/events"; }
  std::string stacks() const { return path_ + "/events.stacks"; }
  // Where an interpreter tells what of its memory no program sees.
  std::string unseen(int inner) const { return path_ + "/events.unseen." + std::to_string(inner); }
  const std::string& path() const { return path_; }
  // How the program is started in here.
  runtime::Command command(const Run& run) const;

 private:
  explicit Room(std::string path) : path_(std::move(path)) {}
  runtime::Result<void> fill(const Run& run);
  runtime::Result<void> copy_program(const Run& run);
  runtime::Result<void> make_bare(const Run& run);
  std::vector<std::string> environment(const Run& run) const;

  std::string path_;
  runtime::Fd lock_;      // says that somebody uses the folder
  std::string folder_;    // the program's working folder
  std::string bare_;      // the interpreter of an environment of its own; "": run.interpreter
  bool layered_ = false;  // it is the real one, under a layer
};

inline constexpr int stack_signal = 62;      // asks for the stacks of all threads
inline constexpr int one_stack_signal = 61;  // of the thread that gets it
inline constexpr int unseen_signal = 60;     // asks what of the memory no program sees

}  // namespace forklint::verify
