// What the benchmark's files share. Each figure is a list of samples, printed as one JSON object for ./run.
#pragma once

#include <time.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "forklint/runtime/pool.h"

// The same clock in every process, and in Python as time.monotonic_ns().
inline uint64_t now() {
  timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return uint64_t(time.tv_sec) * 1'000'000'000 + uint64_t(time.tv_nsec);
}

template <class T>
T must(forklint::runtime::Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "runtime_bench: %s\n", result.error().what.c_str());
  std::exit(1);
}
inline forklint::runtime::Pool make_pool(forklint::runtime::PoolOptions options) { return must(forklint::runtime::Pool::make(std::move(options))); }

// {"name": [samples], ...}
class Report {
 public:
  void add(const std::string& name, double value) {
    for (auto& [known, values] : figures_)
      if (known == name) return values.push_back(value);
    figures_.push_back({name, {value}});
  }
  void print() const {
    std::printf("{");
    for (size_t i = 0; i < figures_.size(); ++i) {
      std::printf("%s\"%s\": [", i ? ", " : "", figures_[i].first.c_str());
      for (size_t j = 0; j < figures_[i].second.size(); ++j) std::printf("%s%.9g", j ? ", " : "", figures_[i].second[j]);
      std::printf("]");
    }
    std::printf("}\n");
  }

 private:
  std::vector<std::pair<std::string, std::vector<double>>> figures_;
};

// raw.cpp: what the kernel needs for the same, without a pool. Nanoseconds.
uint64_t raw_clone();          // clone3, _exit, wait
uint64_t raw_spawn();          // posix_spawn of this program, to its main()
int raw_word(int fd);          // what main() does there
void raw_round_trips(Report& report, int count);  // one byte to another process and back through pipes
double raw_ring(int count);    // one way through memory, both sides spinning; per item
uint64_t raw_death();          // SIGKILL to a readable pidfd
uint64_t raw_timer(uint64_t limit);  // how late a sleep of that length ends
uint64_t raw_shared(int file, size_t size, int processes);  // clone, mmap and a read in each

// work.cpp: the three workloads of MPIRE's own benchmark.
int run_workload(const std::string& name, const std::string& data, unsigned workers);
