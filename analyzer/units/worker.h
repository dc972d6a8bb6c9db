// A forklint-clang that answers one unit after the other. What goes wrong in it (a crash, a hang, too much memory) costs
// the unit at hand; the next one gets a new process.
#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>

#include "analyzer/frontends/cpp/protocol.h"
#include "analyzer/units/options.h"
#include "forklint/runtime/process.h"

namespace forklint::units {

// $FORKLINT_CLANG, or forklint-clang in the folder of this program. Empty: there is none.
std::string find_frontend();

// Belongs to the thread that made it.
class Worker {
 public:
  Worker(std::string program, const UnitOptions& limits) : program_(std::move(program)), limits_(limits) {}
  ~Worker();
  Worker(const Worker&) = delete;

  // The facts of a unit, or why there are none, in words for the user.
  std::expected<frontends::cpp::Unit, std::string> ask(const frontends::cpp::Command& command);
  // Its process is still the one that was asked last.
  bool runs() const { return child_.has_value(); }

 private:
  std::expected<void, std::string> start();
  void stop();
  std::string ending(std::string_view otherwise);
  enum class Received { whole, ended, late };
  Received receive(std::string& content, std::chrono::steady_clock::time_point deadline);

  std::string program_;
  UnitOptions limits_;
  std::optional<runtime::Child> child_;
  int socket_ = -1;
};

}  // namespace forklint::units
