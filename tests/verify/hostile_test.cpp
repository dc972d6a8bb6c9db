// Programs that mean no good are contained, and named; nothing of any run is left. FORKLINT_VERIFY_RUNS=500 for a long look.
#include "tests/verify/scripts.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <future>
#include <iterator>
#include <thread>

namespace {

namespace fs = std::filesystem;

bool names(const fv::Observation& seen, std::string_view what) {
  return std::ranges::any_of(seen.contained, [&](const std::string& line) { return line.find(what) != std::string::npos; });
}

fv::Observation observe(std::string_view text, std::chrono::milliseconds limit = std::chrono::seconds(30)) {
  Script script(text);
  fv::Run run = script.run(newest_python(), "fork");
  run.wall_limit = limit;
  return fv::observe(run);
}

// What runs leave in a machine.
struct Leftovers {
  size_t children = 0;  // of this process, zombies included
  size_t shm = 0;
  size_t folders = 0;   // of runs, in the folder for temporary ones
  size_t descriptors = 0;
  bool operator==(const Leftovers&) const = default;
};

size_t entries(const fs::path& folder, std::string_view prefix = "") {
  std::error_code error;
  size_t count = 0;
  for (const auto& entry : fs::directory_iterator(folder, error)) count += entry.path().filename().string().starts_with(prefix);
  return count;
}

Leftovers leftovers() {
  Leftovers seen;
  std::error_code error;
  for (const auto& task : fs::directory_iterator("/proc/self/task", error)) {
    std::ifstream in(task.path() / "children");
    for (int pid; in >> pid;) seen.children++;
  }
  seen.shm = entries("/dev/shm", "sem.") + entries("/dev/shm", "psm_");
  seen.folders = entries(fs::temp_directory_path(), "forklint-verify-test-");
  seen.descriptors = entries("/proc/self/fd");
  return seen;
}

// Processes whose command line holds a word.
size_t processes_with(const std::string& word) {
  std::error_code error;
  size_t count = 0;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    std::ifstream in(entry.path() / "cmdline");
    count += std::string(std::istreambuf_iterator<char>(in), {}).contains(word);
  }
  return count;
}

bool within(std::chrono::seconds limit, const auto& condition) {
  for (auto until = std::chrono::steady_clock::now() + limit; std::chrono::steady_clock::now() < until; std::this_thread::sleep_for(std::chrono::milliseconds(10)))
    if (condition()) return true;
  return false;
}

}  // namespace

TEST_CASE("a fork bomb is ended as a storm") {
  fv::Observation seen = observe("import os\nwhile True: os.fork()\n");
  INFO(told(seen));
  CHECK(seen.outcome == "storms");
  CHECK(seen.proof == "process flood");
  CHECK(names(seen, "process flood"));
}

TEST_CASE("a flood of output is cut, and ends the run") {
  fv::Observation seen = observe("import os\nwhile True: os.write(1, b'x' * 65536 + b'\\n')\n");
  CHECK(seen.outcome == "unknown");
  CHECK(seen.inconclusive.starts_with("output-flood"));
  CHECK(names(seen, "output flood"));
  CHECK(seen.out.size() < (2 << 20));
}

TEST_CASE("who ignores every signal is ended too") {
  fv::Observation seen = observe("import signal, time\nfor n in range(1, 32):\n    try: signal.signal(n, signal.SIG_IGN)\n    except OSError: pass\nwhile True: time.sleep(1)\n", std::chrono::milliseconds(1000));
  CHECK(seen.inconclusive.starts_with("wall-limit"));
}

TEST_CASE("a daemon does not outlive its run") {
  fv::Observation seen = observe("import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        os.closerange(0, 100)\n        time.sleep(1000)\n    os._exit(0)\nos.wait()\nprint('done')\n");
  INFO(told(seen));
  CHECK(seen.outcome == "ok");
  CHECK(names(seen, "left running"));
}

TEST_CASE("a program without descriptors, or without its folder, still ends with its status") {
  CHECK(observe("import os\nos.closerange(0, 4096)\nos._exit(3)\n").outcome == "exits:3");
  CHECK(observe("import os, shutil\nshutil.rmtree(os.getcwd())\nprint('gone')\n").outcome == "ok");
}

TEST_CASE("memory without end is refused, and named") {
  Script script("data = []\nwhile True: data.append(bytearray(64 << 20))\n");
  fv::Run run = script.run(newest_python(), "fork");
  run.most_memory = 1 << 30;
  fv::Observation seen = fv::observe(run);
  INFO(told(seen));
  CHECK(seen.outcome == "raises:MemoryError");
  CHECK(names(seen, "memory"));
}

TEST_CASE("what is written outside is refused, and named; the working folder is as it was") {
  fv::Observation seen = observe("open('/var/tmp/forklint-was-here', 'w')\n");
  if (!seen.namespaces) SKIP("no namespaces here");
  INFO(told(seen));
  CHECK(seen.outcome == "raises:OSError");
  CHECK(names(seen, "wrote outside"));
  CHECK(!fs::exists("/usr/forklint-was-here"));

  Script script("import os\nopen('new', 'w').write('x')\nos.remove('main.py')\nopen('/tmp/forklint-verify-mark', 'w')\nprint(os.listdir('.'))\n");
  fv::Run run = script.run(newest_python(), "");
  run.use = fv::Folder::in_place;
  seen = fv::observe(run);
  INFO(told(seen));
  CHECK(seen.out == "['new']\n");
  CHECK(entries(script.folder()) == 1);
  CHECK(fs::exists(script.folder() / "main.py"));
  CHECK(!fs::exists("/tmp/forklint-verify-mark"));
}

TEST_CASE("it sees no other process and no network") {
  fv::Observation seen = observe("import os, socket\nprint(len([p for p in os.listdir('/proc') if p.isdigit()]))\ntry:\n    socket.create_connection(('192.0.2.1', 9), 2)\nexcept OSError as error:\n    print(error.errno)\n");
  if (!seen.namespaces) SKIP("no namespaces here");
  CHECK(seen.out == "2\n101\n");  // the first process and itself; ENETUNREACH
}

TEST_CASE("a mount cannot be made writable again") {
  fv::Observation seen = observe("import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\nprint(libc.mount(b'none', b'/', None, 32 | 4096, None), ctypes.get_errno() != 0)\n");
  if (!seen.namespaces) SKIP("no namespaces here");
  CHECK(seen.out == "-1 True\n");
}

TEST_CASE("the same without namespaces, as far as it goes") {
  Script script("import multiprocessing as mp\nimport threading\nlock = threading.Lock()\ndef work():\n    lock.acquire()\nif __name__ == '__main__':\n    lock.acquire()\n    p = mp.Process(target=work)\n    p.start()\n    p.join()\n");
  fv::Run run = script.run(newest_python(), "fork");
  run.namespaces = false;
  fv::Observation seen = fv::observe(run);
  INFO(told(seen));
  CHECK(seen.outcome == "hangs");
  CHECK(!seen.namespaces);
}

// By itself only: what namespaces are allowed is asked once in a process.
TEST_CASE("a run of an ordinary user", "[.user]") {
  auto python = fv::interpreter_at("/usr/bin/python3");
  REQUIRE(python);
  Script script("import os\nprint(os.getuid(), len([p for p in os.listdir('/proc') if p.isdigit()]))\nopen('/var/tmp/forklint-was-here', 'w')\n");
  fv::Observation seen = fv::observe(script.run(*python, "fork"));
  INFO(told(seen));
  CHECK(seen.namespaces);
  CHECK(!names(seen, "not isolated"));
  CHECK(seen.out == "65534 2\n");
  CHECK(names(seen, "wrote outside"));
}

TEST_CASE("an ordinary user's run is as much alone") {
  if (::geteuid() != 0 || ::access("/usr/bin/python3", X_OK) != 0) SKIP("only root can become another user, who needs an interpreter that all may use");
  int self = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  pid_t user = ::fork();
  if (user == 0) {
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(9);
    char name[] = "user", filter[] = "[.user]", tmp[] = "TMPDIR=/tmp";
    char* arguments[] = {name, filter, nullptr};
    char* environment[] = {tmp, nullptr};
    ::fexecve(self, arguments, environment);
    ::_exit(9);
  }
  int status = 0;
  ::waitpid(user, &status, 0);
  ::close(self);
  CHECK(status == 0);
}

TEST_CASE("an observer that is killed takes its run along, and the next one its folder") {
  const std::string word = "observed-" + std::to_string(::getpid());
  Script script("import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)', sys.argv[1]], start_new_session=True)\ntime.sleep(600)\n");
  fv::Run run = script.run(newest_python(), "fork");
  run.arguments = {word};
  run.files = {"main.py"};
  run.wall_limit = std::chrono::seconds(600);
  Script rooms("");
  auto left = [&] {
    return std::ranges::count_if(std::filesystem::directory_iterator(rooms.folder()), [](const auto& entry) { return entry.is_directory(); });
  };
  pid_t observer = ::fork();
  if (observer == 0) {
    ::setenv("TMPDIR", rooms.folder().c_str(), 1);
    (void)fv::observe(run);
    ::_exit(0);
  }
  CHECK(within(std::chrono::seconds(60), [&] { return processes_with(word) >= 3; }));  // the first process, the program and its child
  ::kill(observer, SIGKILL);
  ::waitpid(observer, nullptr, 0);
  CHECK(within(std::chrono::seconds(20), [&] { return processes_with(word) == 0; }));
  CHECK(left() == 1);
  run.arguments = {};
  run.program = {"-c", "pass"};
  observer = ::fork();
  if (observer == 0) {
    ::setenv("TMPDIR", rooms.folder().c_str(), 1);
    ::_exit(fv::observe(run).outcome == "ok" ? 0 : 1);
  }
  int status = 0;
  ::waitpid(observer, &status, 0);
  CHECK(status == 0);
  CHECK(left() == 0);
}

TEST_CASE("nothing is left after many runs at the same time") {
  ::setenv("TMPDIR", "/tmp", 1);
  constexpr std::string_view texts[] = {
      "import multiprocessing as mp\nif __name__ == '__main__':\n    q = mp.Queue(); l = mp.Lock(); e = mp.Event()\n    p = mp.Process(target=e.wait); p.start(); p.join()\n",
      "import multiprocessing as mp\nfrom multiprocessing import shared_memory\nif __name__ == '__main__':\n    s = shared_memory.SharedMemory(create=True, size=4096)\n    import os; os._exit(1)\n",
      "import os, time\nif os.fork() == 0:\n    os.setsid(); time.sleep(1000)\n",
  };
  fv::Interpreter python = newest_python();
  (void)observe("pass");  // what is made once for a process
  Leftovers before = leftovers();
  std::vector<std::unique_ptr<Script>> scripts;
  for (std::string_view text : texts) scripts.push_back(std::make_unique<Script>(text));
  unsigned runs = runs_asked(12);
  std::vector<std::future<void>> workers;
  std::atomic<unsigned> next = 0;
  for (unsigned worker = 0; worker < 3; worker++)
    workers.push_back(std::async(std::launch::async, [&] {
      for (unsigned i; (i = next++) < runs;) (void)fv::observe(scripts[i % scripts.size()]->run(python, i % 2 ? "spawn" : "fork"));
    }));
  for (auto& worker : workers) worker.get();
  scripts.clear();
  Leftovers after = leftovers();
  std::printf("%u runs: %zu processes, %zu names in /dev/shm, %zu folders, %zu descriptors more than before\n", runs, after.children - before.children, after.shm - before.shm,
              after.folders - before.folders, after.descriptors - before.descriptors);
  CHECK(after == before);
}
