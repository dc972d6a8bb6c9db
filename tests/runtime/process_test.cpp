// Launching and ends: statuses, errors, what the child gets.
#include <catch2/catch_session.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forklint/runtime/fd.h"
#include "process_helpers.h"

using namespace forklint::runtime;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--as-child") == 0) {
    std::cout << argv[0] << " as a child" << std::endl;
    return 7;
  }
  if (argc > 2 && std::strcmp(argv[1], "--crash-with-a-tree") == 0) {
    auto inner = launch({.argv = {"sh", "-c", std::string("setsid sleep ") + argv[2] + " & exit 0"}});
    if (inner) (void)inner->wait();
    ::_exit(inner ? 0 : 1);  // no destructor
  }
  return Catch::Session().run(argc, argv);
}

TEST_CASE("exit codes are kept whole, whatever the launch") {
  auto kind = GENERATE(Launch::posix_spawn, Launch::fork);
  Balance balance;
  for (int code : {0, 1, 3, 126, 127, 255}) {
    Command command = shell("exit " + std::to_string(code));
    command.launch = kind;
    auto done = run(command);
    REQUIRE(done);
    CHECK(done->exit.code == code);
    CHECK(done->exit.signal == 0);
    CHECK(done->exit.ok() == (code == 0));
  }
  CHECK(balance.even());
}

TEST_CASE("signals are kept whole") {
  for (int number : {SIGKILL, SIGTERM, SIGSEGV, SIGUSR1, SIGPIPE}) {
    auto done = run(shell("kill -" + std::to_string(number) + " $$"));
    REQUIRE(done);
    CHECK(done->exit.signal == number);
    CHECK(done->exit.code == -1);
    CHECK(done->exit.max_rss > 0);
  }
}

TEST_CASE("a program that is not there is an error, not a status") {
  auto kind = GENERATE(Launch::posix_spawn, Launch::fork);
  Balance balance;
  for (const char* name : {"/no/such/program", "no-such-program-anywhere"}) {
    auto child = launch({.argv = {name}, .launch = kind});
    REQUIRE(!child);
    CHECK(child.error().number == ENOENT);
    CHECK(child.error().what.contains(name));
  }
  CHECK(launch({.argv = {"/etc/passwd"}, .launch = kind}).error().number == EACCES);
  CHECK(launch({.argv = {"true"}, .launch = kind, .directory = "/no/such/folder"}).error().what == "chdir /no/such/folder: No such file or directory");
  CHECK(launch({}).error().number == EINVAL);
  CHECK(launch({.argv = {"true"}, .descriptors = {{.fd = 0, .number = 1}}}).error().number == EINVAL);
  CHECK(balance.even());
}

TEST_CASE("this program can launch itself again under another name") {
  auto done = run({.argv = {"another-name", "--as-child"}, .launch = Launch::self});
  REQUIRE(done);
  CHECK(done->output == "another-name as a child\n");
  CHECK(done->exit.code == 7);
}

TEST_CASE("standard input: nothing, bytes, a descriptor") {
  auto empty = run({.argv = {"cat"}});
  REQUIRE(empty);
  CHECK(empty->output.empty());
  std::string large(3 << 20, 'x');
  auto counted = run({.argv = {"wc", "-c"}, .input = Input::bytes, .input_bytes = large});
  REQUIRE(counted);
  CHECK(std::stoul(counted->output) == large.size());
  Fd file(::open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  auto read = run({.argv = {"head", "-c", "5"}, .input = Input::descriptor, .input_fd = file.get()});
  REQUIRE(read);
  CHECK(read->output == "Name:");
}

TEST_CASE("environment and directory") {
  auto whole = run({.argv = {"env"}, .environment = std::vector<std::string>{"PATH=/usr/bin:/bin", "A=1", "B=2"}, .overrides = {"A=3", "B", "C=4=5"}});
  REQUIRE(whole);
  CHECK(whole->output == "PATH=/usr/bin:/bin\nA=3\nC=4=5\n");
  auto inherited = run({.argv = {"sh", "-c", "echo $FORKLINT_X; pwd"}, .overrides = {"FORKLINT_X=here"}, .directory = "/usr"});
  REQUIRE(inherited);
  CHECK(inherited->output == "here\n/usr\n");
}

TEST_CASE("the child has 0, 1, 2, what it was given, and nothing else") {
  auto kind = GENERATE(Launch::posix_spawn, Launch::fork);
  int leaky = ::open("/dev/null", O_RDONLY);  // without close-on-exec, as a careless library would
  auto plain = run({.argv = {"ls", "-C", "/proc/self/fd"}, .launch = kind});
  REQUIRE(plain);
  CHECK(plain->output == "0  1  2  3\n");  // 3 is the listing itself
  auto pipe = make_pipe();
  REQUIRE(pipe);
  Command command = shell("ls -C /proc/self/fd; echo through >&7");
  command.launch = kind;
  command.descriptors = {{pipe->write.get(), 7}, {pipe->read.get(), 4}};
  auto extra = run(command);
  REQUIRE(extra);
  CHECK(extra->output == "0  1  2  3  4  7\n");
  char text[8] = {};
  CHECK(::read(pipe->read.get(), text, 7) == 7);
  CHECK(std::string(text) == "through");
  ::close(leaky);
}

TEST_CASE("handlers, ignored signals and the mask do not reach the child") {
  ::signal(SIGUSR2, SIG_IGN);
  sigset_t blocked, before;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  auto done = run({.argv = {"sed", "-En", "/Sig(Blk|Ign|Cgt)/p", "/proc/self/status"}});
  sigset_t after;
  ::pthread_sigmask(SIG_SETMASK, &before, &after);
  ::signal(SIGUSR2, SIG_DFL);
  REQUIRE(done);
  CHECK(done->output == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nSigCgt:\t0000000000000000\n");
  CHECK(::sigismember(&after, SIGUSR1) == 1);
}

TEST_CASE("a session, a group or the caller's") {
  auto ids = [](Group group) {
    auto done = run({.argv = {"sh", "-c", "cut -d' ' -f1,5,6 /proc/$$/stat"}, .group = group});
    int pid = 0, process_group = 0, session = 0;
    std::sscanf(done->output.c_str(), "%d %d %d", &pid, &process_group, &session);
    return std::pair(process_group == pid, session == pid);
  };
  CHECK(ids(Group::session) == std::pair(true, true));
  CHECK(ids(Group::group) == std::pair(true, false));
  CHECK(ids(Group::same) == std::pair(false, false));
}

TEST_CASE("a deadline passes and the child goes on") {
  auto child = launch({.argv = {"sleep", "20"}});
  REQUIRE(child);
  auto start = Clock::now();
  auto exit = child->wait_until(Clock::now() + 50ms);
  REQUIRE(exit);
  CHECK(!*exit);
  CHECK(seconds_since(start) < 1);
  CHECK(child->running());
  CHECK(child->signal(SIGINT));
  CHECK(child->wait()->signal == SIGINT);
  CHECK(child->signal(SIGINT).error().number == ESRCH);
}

TEST_CASE("the death of the launching thread is told to a child that asked for it") {
  std::optional<Child> child;
  std::thread([&] {
    auto launched = launch({.argv = {"sleep", "20"}, .death_signal = SIGHUP});
    if (launched) child = std::move(*launched);
  }).join();
  REQUIRE(child);
  auto exit = child->wait_until(Clock::now() + 5s);
  REQUIRE((exit && *exit));
  CHECK((*exit)->signal == SIGHUP);
}

TEST_CASE("trees of a launched program that crashed are its launcher's") {
  Balance balance;
  auto done = run({.argv = {"x", "--crash-with-a-tree", own("@.1")}, .launch = Launch::self});
  REQUIRE(done);
  CHECK(done->exit.ok());
  CHECK(count_commands("@.1") == 0);
  CHECK(balance.even());
}

TEST_CASE("launch and wait, measured", "[.measure]") {
  auto print = [](const char* name, std::vector<double> times) {
    std::ranges::sort(times);
    std::cout << name << ": p50 " << times[times.size() / 2] << " ms, p95 " << times[times.size() * 95 / 100] << " ms\n";
  };
  auto measure = [&](const char* name, auto action) {
    std::vector<double> times;
    for (int i = 0; i < 300; i++) {
      auto start = Clock::now();
      action();
      times.push_back(seconds_since(start) * 1e3);
    }
    print(name, times);
  };
  measure("posix_spawn(3)", [] {
    pid_t pid = 0;
    const char* argv[] = {"true", nullptr};
    ::posix_spawnp(&pid, "true", nullptr, nullptr, const_cast<char**>(argv), environ);
    ::waitpid(pid, nullptr, 0);
  });
  measure("run, output read, tree swept", [] { (void)run({.argv = {"true"}}); });
  for (auto [name, kind] : {std::pair("launch and wait, posix_spawn", Launch::posix_spawn), std::pair("fork", Launch::fork), std::pair("self", Launch::self)}) {
    std::vector<double> times;
    for (int i = 0; i < 300; i++) {
      auto start = Clock::now();
      auto child = launch({.argv = kind == Launch::self ? std::vector<std::string>{"x", "--as-child"} : std::vector<std::string>{"true"}, .launch = kind});
      auto exit = child->wait();
      times.push_back(seconds_since(start) * 1e3);
    }
    print(name, times);
  }
  std::vector<char> ballast(1 << 30, 'x');
  measure("beside 1 GB, posix_spawn", [] { (void)launch({.argv = {"true"}})->wait(); });
  measure("beside 1 GB, fork", [] { (void)launch({.argv = {"true"}, .launch = Launch::fork})->wait(); });
  CHECK(ballast[12345] == 'x');
}
