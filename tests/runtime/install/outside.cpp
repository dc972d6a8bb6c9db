#include <cstdio>
#include <forklint/runtime/pool.h>
#include <forklint/runtime/zygote.h>
#ifdef WITH_DASHBOARD
#include <forklint/runtime/dashboard.h>
#endif

using namespace forklint::runtime;

int square(int n) { return n * n; }
FORKLINT_TASK(square)

int main(int argc, char** argv) {
  zygote_main(argc, argv);
  if (auto code = worker_main(argc, argv)) return *code;
#ifdef WITH_DASHBOARD
  if (auto dashboard = Dashboard::start(); !dashboard) return std::fprintf(stderr, "%s\n", dashboard.error().what.c_str()), 1;
#endif
  int sum = 0;
  for (StartMethod method : {StartMethod::fork, StartMethod::forkserver, StartMethod::spawn, StartMethod::threading}) {
    auto pool = Pool::make({.workers = 2, .method = method});
    if (!pool) return std::fprintf(stderr, "%s\n", pool.error().what.c_str()), 1;
    for (auto& outcome : pool->map(square, std::vector{1, 2, 3})) sum += outcome.value_or(1000);
  }
  std::printf("sum %d\n", sum);
}
