// How what tests say goes together.
#include <algorithm>

#include "analyzer/model/conditions.h"

namespace forklint::model {
namespace {

Guard both(Guard a, Guard b) {
  if (a == b || b == Guard::none) return a;
  if (a == Guard::none) return b;
  if (a == Guard::never || b == Guard::never) return Guard::never;
  bool child = a == Guard::child_only || b == Guard::child_only;
  if (child) return Guard::never;
  return Guard::main_only;
}

}  // namespace

Condition Condition::operator&(const Condition& other) const {
  Condition result = *this;
  result.guard = both(guard, other.guard);
  result.methods = methods & other.methods;
  result.platforms &= other.platforms;
  result.python_from = std::max(python_from, other.python_from);
  result.python_to = std::min(python_to, other.python_to);
  result.uncertain |= other.uncertain;
  result.flagged |= other.flagged;
  result.repeated |= other.repeated;
  result.handled |= other.handled;
  result.child_leaves |= other.child_leaves;
  for (const Fork& fork : other.forks) {
    if (fork.side == Side::both) continue;
    Side known = side_of(fork.site);
    if (known != Side::both && known != fork.side) result.guard = Guard::never;
    if (known == Side::both) {
      result.forks[1] = result.forks[0];
      result.forks[0] = fork;
    }
  }
  if (result.methods.empty() || result.platforms == 0 || result.python_from > result.python_to) result.guard = Guard::never;
  return result;
}

Condition either(const Condition& a, const Condition& b) {
  Condition result{.uncertain = true};
  if (a.guard == b.guard) result.guard = a.guard;
  else if (a.guard == Guard::never) return b;
  else if (b.guard == Guard::never) return a;
  result.methods = a.methods | b.methods;
  result.platforms = a.platforms | b.platforms;
  result.flagged = a.flagged || b.flagged;
  return result;
}

}  // namespace forklint::model
