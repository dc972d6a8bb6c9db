// forkserver, the default: workers are copies of a process in which nothing has run yet. As safe as spawn, and nearly as
// fast as fork. Here with a lazy input, a bar on the terminal and a look at where the time went.
#include <cstdio>
#include <ranges>

#include "forklint/runtime/pool.h"

using namespace forklint::runtime;

bool is_prime(int n) {
  if (n < 2) return false;
  for (int i = 2; i * i <= n; ++i)
    if (n % i == 0) return false;
  return true;
}
FORKLINT_TASK(is_prime)

int main(int argc, char** argv) {
  if (auto code = worker_main(argc, argv)) return *code;
  auto pool = Pool::make({.workers = 2, .task_timeout = 5, .progress = "primes"});
  if (!pool) return std::fprintf(stderr, "%s\n", pool.error().what.c_str()), 1;
  auto primes = pool->map(is_prime, std::views::iota(0, 100000));
  int largest = 0;
  for (size_t n = 0; n < primes.size(); ++n)
    if (primes[n].value_or(false)) largest = int(n);
  std::printf("largest prime below 100000: %d\n%s", largest, as_table(pool->insights()).c_str());
}
