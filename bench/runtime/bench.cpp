// Our side of the figures, and the raw limits beside them. One figure a process: ./run starts it in turn with the peers.
#include <dirent.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <ranges>
#include <set>
#include <sstream>

#include "bench.h"

using namespace forklint::runtime;

namespace {

int noop(int n) { return n; }
FORKLINT_TASK(noop)

// The time at which it began, where the parent finds it: a task that never returns can say it in no other way.
void stamp(const std::string& path) {
  uint64_t time = now();
  if (FILE* file = std::fopen(path.c_str(), "w")) std::fwrite(&time, sizeof time, 1, file), std::fclose(file);
}
uint64_t stamp_in(const std::string& path) {
  uint64_t time = 0;
  if (FILE* file = std::fopen(path.c_str(), "r")) (void)!std::fread(&time, sizeof time, 1, file), std::fclose(file);
  return time;
}

int dies(std::string path) {
  stamp(path);
  ::kill(::getpid(), SIGKILL);
  return 0;
}
FORKLINT_TASK(dies)

// Stuck as native code is: no signal that can be blocked ends it.
int hangs(std::string path) {
  ::signal(SIGTERM, SIG_IGN);
  stamp(path);
  while (true) ::pause();
}
FORKLINT_TASK(hangs)

// Holds the worker for a while, so that each of the others gets one of these.
std::pair<uint64_t, int> reads_shared(WorkerContext& context, int milliseconds) {
  volatile auto byte = context.shared[0][context.shared[0].size() / 2];
  (void)byte;
  uint64_t time = now();
  ::usleep(unsigned(milliseconds) * 1000);
  return {time, ::getpid()};
}
FORKLINT_TASK(reads_shared)

uint64_t reads_all(WorkerContext& context, int milliseconds) {
  uint64_t sum = 0;
  for (size_t i = 0; i < context.shared[0].size(); i += 4096) sum += uint64_t(context.shared[0][i]);
  ::usleep(unsigned(milliseconds) * 1000);
  return sum;
}
FORKLINT_TASK(reads_all)

int start(int count) {
  Report report;
  struct Kind {
    const char* name;
    Pool pool;
    double before = 0;
  };
  std::vector<Kind> kinds;
  for (StartMethod method : {StartMethod::forkserver, StartMethod::spawn}) kinds.push_back({method == StartMethod::spawn ? "spawn" : "forkserver", make_pool({.workers = 1, .method = method, .lifespan = 1})});
  for (int i = 0; i < count; ++i) {
    report.add("raw_clone", double(raw_clone()) * 1e-6);
    report.add("raw_spawn", double(raw_spawn()) * 1e-6);
    for (Kind& kind : kinds) {
      if (!kind.pool.apply(noop, 1)) return 1;
      double all = kind.pool.insights().workers[0].start;
      report.add(kind.name, (all - kind.before) * 1e3);
      kind.before = all;
    }
  }
  report.print();
  return 0;
}

// A pool made, a task done, the pool closed: what a short program pays.
int life(int count, unsigned workers) {
  Report report;
  for (int i = 0; i < count; ++i) {
    uint64_t begin = now();
    Pool pool = make_pool({.workers = workers});
    if (!pool.apply(noop, 1)) return 1;
    pool.close();
    report.add("life", double(now() - begin) * 1e-6);
  }
  report.print();
  return 0;
}

int dispatch(int count, int singles, unsigned workers) {
  Report report;
  report.add("raw", raw_ring(1'000'000));
  for (unsigned chunk : {0u, 1u}) {
    Pool pool = make_pool({.workers = workers, .chunk = chunk});
    pool.map(noop, std::views::iota(0, 1000));
    int tasks = chunk ? singles : count;
    uint64_t begin = now();
    if (pool.map(noop, std::views::iota(0, tasks)).size() != size_t(tasks)) return 1;
    report.add(chunk ? "single" : "map", double(now() - begin) * 1e-3 / tasks);
    begin = now();
    int seen = 0;
    for (auto& indexed : pool.imap_unordered(noop, std::views::iota(0, tasks))) seen += indexed.outcome.has_value();
    if (seen != tasks) return 1;
    report.add(chunk ? "single_lazy" : "lazy", double(now() - begin) * 1e-3 / tasks);
  }
  report.print();
  return 0;
}

int round_trip(int count, unsigned workers) {
  Report report;
  raw_round_trips(report, count);
  Pool pool = make_pool({.workers = workers});
  pool.map(noop, std::views::iota(0, 1000));
  for (int i = 0; i < count; ++i) {
    uint64_t begin = now();
    if (!pool.apply(noop, i)) return 1;
    report.add("apply", double(now() - begin) * 1e-3);
  }
  report.print();
  return 0;
}

int death(int count, unsigned workers, const std::string& path) {
  Report report;
  Pool pool = make_pool({.workers = workers});
  for (int i = 0; i < count; ++i) {
    if (!pool.apply(noop, i)) return 1;
    Outcome<int> outcome = pool.apply(dies, path);
    uint64_t end = now();
    if (outcome || outcome.error().kind != FailureKind::died || outcome.error().exit.signal != SIGKILL) return 1;
    report.add("death", double(end - stamp_in(path)) * 1e-6);
    report.add("raw", double(raw_death()) * 1e-6);
  }
  report.print();
  return 0;
}

int timeout(int count, unsigned workers, double limit, const std::string& path) {
  Report report;
  Pool pool = make_pool({.workers = workers, .task_timeout = limit, .kill_grace = 0.05});
  for (int i = 0; i < count; ++i) {
    if (!pool.apply(noop, i)) return 1;
    Outcome<int> outcome = pool.apply(hangs, path);
    uint64_t end = now();
    if (outcome || outcome.error().kind != FailureKind::timed_out) return 1;
    report.add("timeout", double(end - stamp_in(path)) * 1e-6 - limit * 1e3);
    report.add("raw", double(raw_timer(uint64_t(limit * 1e9))) * 1e-6);
  }
  report.print();
  return 0;
}

// Kilobytes of Pss; only of the mappings whose name has `of` in it, when that is given.
double pss(int pid, const std::string& of) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps");
  std::string line;
  double sum = 0;
  bool counted = false;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string first;
    words >> first;
    if (first.find('-') != std::string::npos && first.back() != ':') counted = of.empty() || line.find(of) != std::string::npos;
    double value = 0;
    if (counted && first == "Pss:" && words >> value) sum += value;
  }
  return sum;
}

int shared(size_t megabytes, unsigned workers) {
  constexpr int hold = 100;  // milliseconds
  Report report;
  size_t size = megabytes << 20;
  Shared object = must(Shared::make(size, [](std::span<std::byte> bytes) { std::ranges::fill(bytes, std::byte{1}); }));
  report.add("raw", double(raw_shared(object.file(), size, int(workers))) * 1e-6);
  uint64_t sum = 0;
  for (size_t i = 0; i < size; i += 4096) sum += uint64_t(object.bytes()[i]);  // all of it counts as ours from here on
  double before = pss(::getpid(), "");
  uint64_t begin = now();
  Pool pool = make_pool({.workers = workers, .chunk = 1, .shared = {object}});
  uint64_t made = now();
  auto outcomes = pool.map(reads_shared, std::vector<int>(workers, hold));
  std::set<int> pids;
  uint64_t last = 0;
  for (auto& outcome : outcomes) {
    if (!outcome) return 1;
    pids.insert(outcome->second);
    last = std::max(last, outcome->first);
  }
  if (pids.size() != workers) return std::fprintf(stderr, "only %zu workers had a task\n", pids.size()), 1;
  for (auto& outcome : pool.map(reads_all, std::vector<int>(workers, hold)))
    if (!outcome || *outcome != sum) return 1;
  double of_object = 0, all = 0;
  pids.insert(::getpid());
  for (int pid : pids) of_object += pss(pid, "memfd:forklint"), all += pss(pid, "");
  report.add("shared", double(last - made) * 1e-6);
  report.add("shared_and_made", double(last - begin) * 1e-6);
  report.add("object_mib", of_object / 1024);
  report.add("added_mib", (all - before) / 1024);
  report.print();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "raw-word") return raw_word(std::atoi(argv[2]));
  if (auto code = worker_main(argc, argv)) return *code;
  std::vector<std::string> words(argv + 1, argv + argc);
  auto number = [&](size_t i) { return i < words.size() ? std::atoi(words[i].c_str()) : 0; };
  auto is = [&](const char* name, size_t count) { return words.size() == count + 1 && words[0] == name; };
  if (is("start", 1)) return start(number(1));
  if (is("life", 2)) return life(number(1), unsigned(number(2)));
  if (is("dispatch", 3)) return dispatch(number(1), number(2), unsigned(number(3)));
  if (is("round-trip", 2)) return round_trip(number(1), unsigned(number(2)));
  if (is("death", 3)) return death(number(1), unsigned(number(2)), words[3]);
  if (is("timeout", 4)) return timeout(number(1), unsigned(number(2)), std::atof(words[3].c_str()), words[4]);
  if (is("shared", 2)) return shared(size_t(number(1)), unsigned(number(2)));
  if (is("work", 3)) return run_workload(words[1], words[2], unsigned(number(3)));
  std::fprintf(stderr, "Started by ./run. Figures: start life dispatch round-trip death timeout shared work\n");
  return 2;
}
