// threading: workers are threads of this process. The same calls, with no process behind them: for what waits, or for
// looking at a program in a debugger.
#include <cstdio>
#include <ranges>

#include "forklint/runtime/pool.h"

using namespace forklint::runtime;

long square(long n) { return n * n; }
FORKLINT_TASK(square)

int main() {
  auto pool = Pool::make({.workers = 2, .method = StartMethod::threading});
  if (!pool) return std::fprintf(stderr, "%s\n", pool.error().what.c_str()), 1;
  long sum = 0;
  for (auto& outcome : pool->imap(square, std::views::iota(0L, 1000L))) sum += *outcome;
  std::printf("sum of squares: %ld\n", sum);
}
