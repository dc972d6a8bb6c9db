// Copies of a process that has just begun: they are launched as programs are, and have nothing of this one.
#include <catch2/catch_session.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <iostream>
#include <string_view>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "forklint/runtime/fd.h"
#include "forklint/runtime/pool.h"
#include "forklint/runtime/zygote.h"
#include "process_helpers.h"

using namespace forklint::runtime;
using namespace std::chrono_literals;

static int changed_by_the_test = 1;
int square(int n) { return n * n; }
FORKLINT_TASK(square)
// As a careless library might.
static const bool threaded = std::getenv("FORKLINT_TEST_EARLY_THREAD") && (std::thread([] { for (;;) ::pause(); }).detach(), true);

// What a copy does: its first argument says.
static int be_a_copy(int argc, char** argv) {
  std::string_view what = argv[1];
  if (what == "arguments") {
    for (int i = 0; i < argc; ++i) std::cout << argv[i] << '|';
    std::cout << changed_by_the_test << std::endl;
    return 7;
  }
  if (what == "parent") return ::getppid() == std::atoi(argv[2]) ? 0 : 1;
  if (what == "raise") return ::raise(std::atoi(argv[2]));
  if (what == "read") {
    for (char byte; ::read(0, &byte, 1) == 1;) std::cout << byte;
    std::cerr << "read it" << std::endl;
    return 0;
  }
  if (what == "descriptors") {
    for (int fd = 0; fd < 1024; ++fd)
      if (::fcntl(fd, F_GETFD) >= 0) std::cout << fd << ' ';
    if (::fcntl(7, F_GETFD) >= 0) ::dprintf(7, "through");
    return 0;
  }
  if (what == "signals") {
    std::string text = read_file("/proc/self/status");
    for (const char* field : {"SigBlk:\t", "SigIgn:\t"}) std::cout << text.substr(text.find(field) + 8, 16) << ' ';
    return 0;
  }
  if (what == "surroundings") {
    const char* value = std::getenv("FORKLINT_X");
    std::cout << std::filesystem::current_path().string() << ' ' << (value ? value : "-") << ' ' << (::getsid(0) == ::getpid()) << std::endl;
    return 0;
  }
  if (what == "limits") {
    int opened = 0;
    while (::open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0) ++opened;
    ::close_range(3, ~0u, 0);  // the leak check at the end wants some, and waits for them
    std::cout << opened << std::endl;
    return 0;
  }
  if (what == "pools") {
    int sum = 0;
    for (StartMethod method : {StartMethod::fork, StartMethod::forkserver, StartMethod::spawn, StartMethod::threading})
      if (auto pool = Pool::make({.workers = 2, .method = method}))
        for (auto& outcome : pool->map(square, std::vector{1, 2, 3})) sum += outcome.value_or(1000);
    std::cout << sum << std::endl;
    return 0;
  }
  if (what == "sleep") {
    std::system("sleep 20 & echo ready; wait");
    return 0;
  }
  return 99;
}

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "forgets") return std::puts(Zygote::make().error().what.c_str()) < 0;
  zygote_main(argc, argv);
  if (auto code = worker_main(argc, argv)) return *code;
  if (argc > 2 && std::string_view(argv[0]) == "copy") return be_a_copy(argc, argv);
  return Catch::Session().run(argc, argv);
}

namespace {

struct Copies {
  Zygote zygote = std::move(*Zygote::make());
  Command command(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "copy");
    if (arguments.size() < 3) arguments.push_back("");
    return {.argv = std::move(arguments), .launch = Launch::zygote, .zygote = &zygote};
  }
};

}  // namespace

TEST_CASE("a copy begins at main with its own arguments and nothing of this process; its status is kept whole") {
  Balance balance;
  {
    Copies copies;
    changed_by_the_test = 2;
    for (int i = 0; i < 20; ++i) {
      auto done = run(copies.command({"arguments", std::to_string(i), ""}));
      REQUIRE(done);
      CHECK(done->output == "copy|arguments|" + std::to_string(i) + "||1\n");
      CHECK(done->exit.code == 7);
    }
    CHECK(run(copies.command({"parent", std::to_string(::getpid())}))->exit.ok());
    CHECK(run(copies.command({"raise", std::to_string(SIGKILL)}))->exit.signal == SIGKILL);
    CHECK(run(copies.command({"raise", std::to_string(SIGUSR1)}))->exit.signal == SIGUSR1);
  }
  CHECK(balance.even());
}

TEST_CASE("threads of this process are no matter, and may ask at the same time") {
  Copies copies;
  std::vector<std::jthread> threads;
  std::atomic<int> right = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        auto done = run(copies.command({"arguments", std::to_string(100 * t + i)}));
        right += done && done->output == "copy|arguments|" + std::to_string(100 * t + i) + "|1\n" && done->exit.code == 7;
      }
    });
  threads.clear();
  CHECK(right == 40);
}

TEST_CASE("a copy's input, output and descriptors are the command's, and nothing else is open") {
  Copies copies;
  Command reads = copies.command({"read"});
  reads.input = Input::bytes;
  reads.input_bytes = std::string(200'000, 'i');
  auto done = run(reads);
  REQUIRE(done);
  CHECK(done->output == reads.input_bytes);
  CHECK(done->errors == "read it\n");
  CHECK(run(copies.command({"descriptors"}))->output == "0 1 2 ");
  auto pipe = make_pipe();
  REQUIRE(pipe);
  Command extra = copies.command({"descriptors"});
  extra.descriptors = {{pipe->write.get(), 7}, {pipe->read.get(), 4}};
  CHECK(run(extra)->output == "0 1 2 4 7 ");
  char text[8] = {};
  CHECK(::read(pipe->read.get(), text, 7) == 7);
  CHECK(std::string(text) == "through");
}

TEST_CASE("a copy's surroundings are the command's: directory, environment, session, signals, limits") {
  Copies copies;
  ::setenv("FORKLINT_X", "set after the zygote was made", 1);
  auto before = std::filesystem::current_path();
  std::filesystem::current_path("/usr");
  CHECK(run(copies.command({"surroundings"}))->output == "/usr set after the zygote was made 1\n");
  Command inside = copies.command({"surroundings"});
  inside.directory = "bin/..";
  inside.overrides = {"FORKLINT_X"};
  inside.group = Group::same;
  CHECK(run(inside)->output == "/usr - 0\n");
  std::filesystem::current_path(before);
  ::unsetenv("FORKLINT_X");
  CHECK(run(copies.command({"signals"}))->output.starts_with("0000000000000000 "));
  Command limited = copies.command({"limits"});
  limited.limits.descriptors = 10;
  CHECK(run(limited)->output == "7\n");
  Command nowhere = copies.command({"surroundings"});
  nowhere.directory = "/no/such/folder";
  auto failed = launch(nowhere);
  REQUIRE(!failed);
  CHECK(failed.error().number == ENOENT);
  CHECK(failed.error().what.contains("/no/such/folder"));
}

TEST_CASE("a copy's tree is its own, and ends whole; so does one that takes too long") {
  Copies copies;
  Balance balance;
  {
    auto child = launch(copies.command({"sleep"}));
    REQUIRE(child);
    while (!child->output().contains("ready")) REQUIRE(child->wait_until(Clock::now() + 10ms));
    CHECK(child->tree().size() >= 3);
    auto report = child->kill_tree(0ms);
    REQUIRE(report);
    CHECK(report->survivors.empty());
    CHECK(child->tree().empty());
  }
  auto late = run(copies.command({"sleep"}), 100ms, 10ms);
  REQUIRE(late);
  CHECK(late->timed_out);
  CHECK(run(copies.command({"arguments"}))->exit.code == 7);  // the zygote is there as before
  CHECK(balance.even());
}

TEST_CASE("a copy may have pools, and threads, as any program") {
  Copies copies;
  auto done = run(copies.command({"pools"}), 60s);
  REQUIRE(done);
  CHECK(done->output == "56\n");
}

TEST_CASE("a private folder and a private /dev/shm") {
  Copies copies;
  Command command = copies.command({"surroundings"});
  command.isolation = {.tmp = true, .shm = true};
  auto child = launch(command);
  REQUIRE(child);
  CHECK(!child->private_tmp().empty());
  CHECK(child->wait()->ok());
}

TEST_CASE("a zygote ends with its maker, at once, though a copy of that has its socket") {
  auto told = make_pipe();
  REQUIRE(told);
  for (bool killed : {false, true}) {
    pid_t maker = ::fork();
    if (maker == 0) {
      auto copies = std::make_optional<Copies>();
      pid_t pids[2] = {copies->zygote.pid(), ::fork()};
      while (pids[1] == 0) ::pause();
      auto start = Clock::now();
      if (!killed) copies.reset();
      pids[0] = Clock::now() - start < 1500ms ? pids[0] : 0;  // it is given 2 s before it is killed
      [[maybe_unused]] ssize_t written = ::write(told->write.get(), pids, sizeof pids);
      ::raise(SIGKILL);
    }
    CHECK(::waitpid(maker, nullptr, 0) == maker);
    pid_t pids[2] = {};
    REQUIRE(::read(told->read.get(), pids, sizeof pids) == sizeof pids);
    CHECK(pids[0] > 0);
    auto there = [&] { return std::string_view(read_file("/proc/" + std::to_string(pids[0]) + "/cmdline")).contains("--forklint-zygote"); };
    for (auto until = Clock::now() + 5s; there() && Clock::now() < until;) std::this_thread::sleep_for(1ms);
    CHECK(!there());
    CHECK(::kill(pids[1], SIGKILL) == 0);
    for (pid_t pid : pids) ::waitpid(pid, nullptr, 0);  // this process takes in orphans
  }
}

TEST_CASE("children outlive the zygote; without it there are no new ones") {
  auto copies = std::make_optional<Copies>();
  auto child = launch(copies->command({"read"}));
  REQUIRE(child);
  ::kill(copies->zygote.pid(), SIGKILL);
  auto refused = launch(copies->command({"arguments"}));
  REQUIRE(!refused);
  CHECK(refused.error().what.contains("zygote"));
  copies.reset();
  CHECK(child->wait()->ok());
  CHECK(launch({.argv = {"x"}, .launch = Launch::zygote}).error().number == EINVAL);
}

TEST_CASE("a program that does not begin with zygote_main() can have none") {
  auto done = run({.argv = {"zygote_test", "forgets"}, .launch = Launch::self, .limits = {.processes = 8}}, 20s);
  REQUIRE(done);
  CHECK(done->output.contains("main() has not called that"));
}

TEST_CASE("a zygote that has threads refuses to copy itself") {
  ::setenv("FORKLINT_TEST_EARLY_THREAD", "1", 1);
  Copies copies;
  ::unsetenv("FORKLINT_TEST_EARLY_THREAD");
  auto refused = launch(copies.command({"arguments"}));
  REQUIRE(!refused);
  CHECK(refused.error().what.contains("the zygote has 2 threads"));
}
