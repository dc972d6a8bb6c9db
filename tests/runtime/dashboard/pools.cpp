// pools METHOD: a dashboard that knows nothing but that this process has pools. Says its address, works until its standard input closes.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ranges>
#include <string_view>

#include "forklint/runtime/dashboard.h"
#include "forklint/runtime/pool.h"

using namespace forklint::runtime;

int develop(int n) {
  ::usleep(10'000);
  if (n == 5) {
    std::fputs("<b>lens</b> cap\n", stderr);
    try {
      throw std::out_of_range("no such pixel");
    } catch (...) {
      std::throw_with_nested(std::runtime_error("image 5 is black"));
    }
  }
  if (n == 9) std::abort();
  return n;
}
FORKLINT_TASK(develop)
int develop_in_thread(int n) { return develop(n == 9 ? 8 : n); }
FORKLINT_TASK(develop_in_thread)

int main(int argc, char** argv) {
  if (auto code = worker_main(argc, argv)) return *code;
  StartMethod method = StartMethod::forkserver;
  for (StartMethod one : {StartMethod::fork, StartMethod::spawn, StartMethod::threading})
    if (argc > 1 && name(one) == argv[1]) method = one;
  bool processes = method != StartMethod::threading;
  // Before the dashboard: fork is refused once there are threads.
  auto pool = Pool::make({.workers = 2, .method = method, .progress = "images", .name = "darkroom", .output = processes ? WorkerOutput::keep : WorkerOutput::inherit});
  if (!pool) return std::fprintf(stderr, "%s\n", pool.error().what.c_str()), 1;
  pool->apply(develop, 0);
  auto dashboard = Dashboard::start();
  if (!dashboard) return std::fprintf(stderr, "%s\n", dashboard.error().what.c_str()), 1;
  std::printf("%s\n", dashboard->url().c_str());
  std::fflush(stdout);
  pool->map(processes ? develop : develop_in_thread, std::views::iota(0, 1000));
  char byte;
  while (::read(0, &byte, 1) > 0) {}
}
