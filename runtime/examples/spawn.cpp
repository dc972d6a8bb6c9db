// spawn: every worker is this program, started anew. Nothing is inherited; a worker that crashes takes nothing with it,
// and the map says which task it was, and what it had written.
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "forklint/runtime/pool.h"

using namespace forklint::runtime;

struct Count {
  std::string chapter;
  int words = 0;
};

Count count_words(std::string chapter, std::string text) {
  std::printf("reading %s\n", chapter.c_str());
  if (text.empty()) std::fflush(stdout), std::abort();  // a bug that only one input meets
  std::istringstream in(text);
  Count result{std::move(chapter), 0};
  for (std::string word; in >> word;) ++result.words;
  return result;
}
FORKLINT_TASK(count_words)

int main(int argc, char** argv) {
  if (auto code = worker_main(argc, argv)) return *code;
  auto pool = Pool::make({.workers = 2, .method = StartMethod::spawn, .output = WorkerOutput::keep});
  if (!pool) return std::fprintf(stderr, "%s\n", pool.error().what.c_str()), 1;
  std::vector<std::pair<std::string, std::string>> chapters{{"one", "it was a dark night"}, {"two", ""}, {"three", "the end"}};
  int counted = 0;
  for (const auto& outcome : pool->map(count_words, chapters)) {
    if (outcome) std::printf("%s: %d words\n", outcome->chapter.c_str(), outcome->words), ++counted;
    else std::printf("%s\n  it said: %s", describe(outcome.error()).c_str(), outcome.error().output.c_str());
  }
  std::printf("%d of %zu chapters counted\n", counted, chapters.size());
}
