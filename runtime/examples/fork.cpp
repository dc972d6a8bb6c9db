// fork: workers are copies of this process, so that a closure may use what is in its memory: nothing is sent but the
// questions. The pool is made before anything starts a thread, or it is refused.
#include <cstdio>
#include <set>

#include "forklint/runtime/closure_pool.h"

using namespace forklint::runtime;

int main(int argc, char** argv) {
  if (auto code = worker_main(argc, argv)) return *code;
  std::set<std::string> dictionary{"fork", "spawn", "thread"};  // imagine a large one
  auto known = [&dictionary](std::string word) { return dictionary.contains(word); };
  auto pool = ClosurePool<StartMethod::fork, decltype(known)>::make({.workers = 2}, known);
  if (!pool) return std::fprintf(stderr, "%s\n", pool.error().what.c_str()), 1;
  std::vector<std::string> words{"fork", "spoon", "spawn", "thread"};
  int count = 0;
  for (const auto& outcome : pool->map(words)) count += outcome.value_or(false);
  std::printf("%d of %zu words are known\n", count, words.size());
}
