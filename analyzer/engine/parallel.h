// Runs independent pieces of work on a few threads. They share a counter and nothing else, and are not the runtime's pool: even in
// threads a task costs that some 6 µs, and a check has several passes over thousands of files, so it would be 3 % slower; in
// processes all facts would have to be sent. What needs isolation runs in processes of the pool, this does not.
#pragma once

#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace forklint::engine {

// Calls work(i) once for each i below count, on up to `jobs` threads (0: one per processor). Returns when all are
// done. work must not throw, and must touch nothing but what belongs to i.
template <typename Work>
void in_parallel(size_t count, unsigned jobs, const Work& work) {
  if (jobs == 0) jobs = std::max(1u, std::thread::hardware_concurrency());
  jobs = unsigned(std::min<size_t>(jobs, count));
  std::atomic<size_t> next = 0;
  auto run = [&] {
    for (size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < jobs; ++i) threads.emplace_back(run);
  run();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace forklint::engine
