// What is known where the program runs through a branch: main or child, which start method, platform and version.
#pragma once

#include <llvm/ADT/STLFunctionalExtras.h>

#include <array>

#include "analyzer/model/asked.h"
#include "analyzer/model/evaluator.h"

namespace forklint::model {

using knowledge::StartMethod;
using knowledge::StartMethods;

enum class Guard : uint8_t {
  none,        // runs whenever the code around it runs
  main_only,   // only in the process that was started as the program
  spawn_main,  // the same, but the server of forkserver counts as main too: current_process().name
  child_only,  // only where main is imported again
  never,
};

// Which process a condition on the result of a raw fork speaks of.
enum class Side : uint8_t { both, parent, child };

// A conjunction. The default value knows nothing.
struct Condition {
  Guard guard = Guard::none;
  StartMethods methods = StartMethods::from_bits(31);  // get_start_method() was among these
  uint8_t platforms = platform_all;
  uint8_t python_from = 0;     // 3.x
  uint8_t python_to = 255;
  bool uncertain = false;      // may or may not run
  bool flagged = false;        // depends on something that children can see changed: the environment
  bool repeated = false;       // in a loop
  bool handled = false;        // in a try that catches what a repeated launch raises
  bool child_leaves = false;   // a child that imports main is ended earlier by exit or an exception

  struct Fork {
    Site site;  // the call of os.fork
    Side side = Side::both;
  };
  std::array<Fork, 2> forks;   // the newest conditions on results of forks

  Side side_of(Site fork) const {
    for (const Fork& it : forks)
      if (it.side != Side::both && it.site == fork) return it.side;
    return Side::both;
  }

  // Both hold.
  Condition operator&(const Condition& other) const;
  bool certain() const { return !uncertain && !flagged; }
};

// One of them holds, and it is not known which.
Condition either(const Condition& a, const Condition& b);

// Whether the file whose code is judged runs as the program or is imported.
enum class Role : uint8_t { main, imported, called };

// What an attribute that a test reads was surely given last; nothing where that is not known.
using MemberSource = llvm::function_ref<std::optional<Expression>(Site)>;

// What the truth (or untruth) of a value says.
Condition implied(Evaluator& evaluator, Site site, FrameId frame, bool holds, Role role, MemberSource members = nullptr);

}  // namespace forklint::model
