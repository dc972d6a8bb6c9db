// Every fault, mixed at random: nothing hangs, every task has the outcome that it must have, nothing is left behind.
//   FORKLINT_FAULT_ROUNDS=1000 FORKLINT_FAULT_SEED=7 runtime_fault_rounds_test
// The rounds run in a program of their own with a /dev/shm and a TMPDIR of its own, where that is allowed, so that what others do at
// the same time is not counted.
#include <catch2/catch_session.hpp>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>

#include "faults.h"
#include "forklint/runtime/process.h"

namespace {

constexpr StartMethod methods[] = {StartMethod::fork, StartMethod::forkserver, StartMethod::spawn};
constexpr Fault faults[] = {Fault::none, Fault::none, Fault::none, Fault::none, Fault::kill, Fault::abort, Fault::exit, Fault::memory, Fault::stuck, Fault::overflow, Fault::throws, Fault::flood, Fault::grandchild};

size_t entries_of(const std::string& folder) {
  std::error_code error;
  return size_t(std::distance(std::filesystem::directory_iterator(folder, error), {}));
}

// What must be as it was: descriptors, children (zombies too), names of shared memory, temporary files.
struct Counts {
  size_t descriptors = entries_of("/proc/self/fd"), children = 0, shm = entries_of("/dev/shm"), files = entries_of(std::filesystem::temp_directory_path());
  std::string who;
  Counts() {
    std::ifstream in("/proc/self/task/" + std::to_string(::getpid()) + "/children");
    for (int pid; in >> pid; ++children) {
      std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
      std::string line;
      std::getline(stat, line);
      who += " [" + line.substr(0, 60) + "]";
    }
  }
  friend bool operator==(const Counts& a, const Counts& b) { return a.descriptors == b.descriptors && a.children == b.children && a.shm == b.shm && a.files == b.files; }
  std::string text() const { return std::to_string(descriptors) + " descriptors, " + std::to_string(children) + " children" + who + ", " + std::to_string(shm) + " in /dev/shm, " + std::to_string(files) + " temporary files"; }
};

class Rounds {
 public:
  explicit Rounds(unsigned seed) : random_(seed) {}

  // The first thing that is not as it should be; "" when all is.
  std::string run(int count) {
    make({.workers = 1});  // what every process has once: the board of progress bars
    Counts before;
    for (int round = 0; round < count && wrong_.empty(); ++round) {
      switch (random_() % 10) {
        case 0: refused_init(); break;
        case 1: destroyed_midway(); break;
        case 2: killed_program(); break;
        case 3: unwritable(); break;
        default: mixed_map(); break;
      }
      if (!wrong_.empty()) wrong_ = "round " + std::to_string(round) + ": " + wrong_;
    }
    Counts after;
    if (wrong_.empty() && after != before) wrong_ = "before: " + before.text() + "; after: " + after.text();
    return wrong_;
  }

 private:
  PoolOptions options() {
    PoolOptions options{.workers = unsigned(1 + random_() % 3), .method = methods[random_() % 3], .task_timeout = 0.1, .kill_grace = 0.02, .lifespan = random_() % 3, .retries = unsigned(random_() % 2), .quiet = true};
    options.limits.address_space = sanitized ? 0 : uint64_t(1) << 30;
    if (random_() % 2) options.output = WorkerOutput::keep;
    if (random_() % 3 == 0) options.order = Order::round_robin;
    options.keep_alive = random_() % 4 != 0;
    return options;
  }
  Pool make(PoolOptions options) {
    auto pool = Pool::make(std::move(options));
    if (!pool) throw std::runtime_error(pool.error().what);
    return std::move(*pool);
  }
  Fault any_fault() {
    Fault fault = faults[random_() % std::size(faults)];
    return sanitized && fault == Fault::memory ? Fault::none : fault;  // sanitizers need address space themselves
  }
  void check(bool right, const std::string& what) {
    if (!right && wrong_.empty()) wrong_ = what;
  }

  void mixed_map() {
    Pool pool = make(options());
    std::vector<std::tuple<Fault, int>> inputs;
    for (int i = 0; i < int(random_() % 12); ++i) inputs.emplace_back(any_fault(), i);
    auto outcomes = pool.map(suffer, inputs);
    check(outcomes.size() == inputs.size(), "outcomes are missing");
    for (size_t i = 0; i < outcomes.size() && i < inputs.size(); ++i) {
      Fault fault = std::get<0>(inputs[i]);
      bool well = fault == Fault::none || fault == Fault::grandchild || fault == Fault::flood;
      // On a busy machine one that does nothing wrong may be late, too.
      check(outcomes[i].has_value() == well || (well && outcomes[i].error().kind == FailureKind::timed_out), "fault " + std::to_string(int(fault)) + (outcomes[i] ? " had a result" : ": " + describe(outcomes[i].error())));
    }
  }
  void refused_init() {
    Pool pool = make(options());
    pool.on_start(refuses);
    for (auto& outcome : pool.map(bad_start, std::vector{1, 2, 3})) check(!outcome && outcome.error().kind == FailureKind::start_failed, "a worker without its init function worked");
  }
  void destroyed_midway() {
    std::vector<std::future<Outcome<int>>> futures;
    {
      Pool pool = make(options());
      for (int i = 0; i < 20; ++i) futures.push_back(pool.submit(suffer, any_fault(), i));
      auto stream = pool.imap(suffer, std::vector<std::tuple<Fault, int>>(50, {Fault::none, 1}));
      for (int i = 0; i < 3; ++i) stream.next();
    }
    for (auto& future : futures) check(future.wait_for(std::chrono::seconds(0)) == std::future_status::ready, "a future has no outcome though its pool has gone");
  }
  void killed_program() {
    auto program = launch({.argv = {"fault_rounds", "victim", std::to_string(int(random_() % 3))}, .launch = Launch::self, .group = Group::same});
    if (!program) return check(false, program.error().what);
    while (program->output().find('\n') == std::string::npos && program->running()) (void)program->wait_until(Clock::now() + std::chrono::milliseconds(5));
    (void)program->signal(SIGKILL);
    (void)program->wait();
    std::istringstream words(program->output());
    for (int pid; words >> pid;) {
      bool gone = false;
      for (int i = 0; i < 500 && !gone; ++i, ::usleep(i < 2 ? 1000 : 10'000)) {
        std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
        std::string text;
        gone = !std::getline(stat, text) || text.find(") Z ") != text.npos;
      }
      check(gone, "worker " + std::to_string(pid) + " outlives its pool's process");
    }
  }
  void unwritable() {
    Pool pool = make(options());
    auto outcomes = pool.map(odd, std::vector{1, -1, 2});
    check(outcomes[0].has_value() && outcomes[2].has_value() && !outcomes[1] && outcomes[1].error().kind == FailureKind::not_serialisable, "a result that cannot be written");
  }

  std::mt19937 random_;
  std::string wrong_;
};

// Its workers are stuck when it is killed.
int be_victim(int method) {
  auto pool = Pool::make({.workers = 2, .method = methods[method], .quiet = true});
  if (!pool) return 1;
  pool->map(suffer, std::vector<std::tuple<Fault, int>>(8, {Fault::none, 1}));
  for (const WorkerInsights& worker : pool->insights().workers) std::cout << worker.pid << ' ';
  std::cout << std::endl;
  pool->map(suffer, std::vector<std::tuple<Fault, int>>(2, {Fault::stuck, 1}));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (auto code = worker_main(argc, argv)) return *code;
  std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 2 && words[0] == "victim") return be_victim(std::atoi(words[1].c_str()));
  if (words.size() == 3 && words[0] == "rounds") {
    std::string wrong = Rounds(unsigned(std::strtoul(words[2].c_str(), nullptr, 10))).run(std::atoi(words[1].c_str()));
    std::cout << wrong;
    return wrong.empty() ? 0 : 1;
  }
  return Catch::Session().run(argc, argv);
}

TEST_CASE("faults mixed at random leave nothing behind") {
  const char* rounds = std::getenv("FORKLINT_FAULT_ROUNDS");
  const char* seed = std::getenv("FORKLINT_FAULT_SEED");
  if (sanitized) WARN("left out: the limit of memory, for sanitizers need address space themselves");
  std::string chosen = seed ? seed : std::to_string(std::random_device()());
  INFO("seed " << chosen);
  auto program = launch({.argv = {"fault_rounds", "rounds", rounds ? rounds : "60", chosen}, .launch = Launch::self, .isolation = {.tmp = true, .shm = true}});
  REQUIRE(program);
  auto exit = program->wait_until(Clock::now() + std::chrono::minutes(rounds ? 60 : 4));
  REQUIRE((exit && *exit));
  INFO(program->output() << program->errors());
  CHECK((*exit)->ok());
  CHECK(program->tree().empty());
}
