// refused: constraints not satisfied for class template 'ClosurePool'
#include "forklint/runtime/closure_pool.h"
using namespace forklint::runtime;
int main() {
  int captured = 3;
  auto add = [&captured](int n) { return n + captured; };
  auto pool = ClosurePool<StartMethod::forkserver, decltype(add)>::make({}, add);
}
