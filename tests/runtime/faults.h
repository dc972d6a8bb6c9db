// Tasks that go wrong in every way that a task can.
#pragma once

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

#include "forklint/runtime/pool.h"

using namespace forklint::runtime;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif

enum class Fault { none, kill, abort, exit, memory, stuck, overflow, throws, flood, grandchild };

inline int overflowing(volatile int* above) {
  volatile int here[1024];
  here[0] = above ? above[0] + 1 : 0;
  return here[0] < 0 ? 0 : overflowing(here) + here[0];
}

inline int suffer(Fault fault, int n) {
  switch (fault) {
    case Fault::kill: ::raise(SIGKILL); break;
    case Fault::abort: std::abort();
    case Fault::exit: ::_exit(7);
    case Fault::memory: {
      std::vector<std::string> all;
      for (int i = 0; i < 4096; ++i) all.emplace_back(size_t(1) << 22, 'x');
      return int(all.size());
    }
    case Fault::stuck: {
      pthread_mutex_t never = PTHREAD_MUTEX_INITIALIZER;  // an inherited lock whose owner is gone looks just like this
      ::pthread_mutex_lock(&never);
      ::pthread_mutex_lock(&never);
      break;
    }
    case Fault::overflow: return overflowing(nullptr);
    case Fault::throws: throw std::runtime_error("thrown");
    case Fault::flood:
      for (int i = 0; i < 20000; ++i) std::fputs("a line of no interest whatever\n", stderr);
      break;
    case Fault::grandchild:
      if (::fork() == 0) {
        ::sleep(1);
        ::_exit(0);
      }
      break;
    case Fault::none: break;
  }
  return n;
}
FORKLINT_TASK(suffer)

inline int bad_start(int) { return 0; }
FORKLINT_TASK(bad_start)
inline void refuses(WorkerContext&) { throw std::runtime_error("no licence"); }
FORKLINT_TASK(refuses)
struct Odd {
  int value = 0;
};
template <>
struct forklint::runtime::Wire<Odd> {
  static void write(Writer& out, const Odd& odd) {
    if (odd.value < 0) throw std::runtime_error("negative numbers cannot be written");
    out.raw(odd.value);
  }
  static bool read(Reader& in, Odd& odd) { return in.raw(odd.value); }
};
inline Odd odd(int n) { return {n}; }
FORKLINT_TASK(odd)
inline int value_of(Odd odd) { return odd.value; }
FORKLINT_TASK(value_of)
