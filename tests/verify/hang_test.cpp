// Hangs are proved, and what only takes long is none. FORKLINT_VERIFY_RUNS=50 runs each of them so often.
#include "tests/verify/scripts.h"

#include <algorithm>
#include <cstdio>

namespace {

struct Hanging {
  const char* name;
  const char* method;
  std::string_view text;
};

constexpr Hanging hanging[] = {
    {"a lock that another thread holds at the fork", "fork", R"py(
import multiprocessing as mp, threading, time

lock = threading.Lock()

def hold():
    while True:
        with lock:
            time.sleep(0.002)
        time.sleep(0.05)

def work():
    with lock:
        pass

if __name__ == "__main__":
    threading.Thread(target=hold, daemon=True).start()
    child = mp.Process(target=work)
    child.start()
    child.join()
)py"},
    {"a lock that the forking thread holds itself", "fork", R"py(
import multiprocessing as mp, threading

lock = threading.Lock()

def work():
    with lock:
        pass

if __name__ == "__main__":
    with lock:
        child = mp.Process(target=work)
        child.start()
        child.join()
)py"},
    {"a child of the server of forks, joined beside a thread that runs on", "forkserver", R"py(
import multiprocessing as mp, threading, time

def count():
    seen = []
    while True:
        seen.append(len(seen))
        time.sleep(0.02)

def work():
    lock = threading.Lock()
    with lock, lock:
        pass

if __name__ == "__main__":
    threading.Thread(target=count, daemon=True).start()
    child = mp.Process(target=work)
    child.start()
    child.join()
)py"},
    {"joined before its queue is drained", "spawn", R"py(
import multiprocessing as mp

def work(queue):
    queue.put("x" * 1000000)

if __name__ == "__main__":
    queue = mp.Queue()
    child = mp.Process(target=work, args=(queue,))
    child.start()
    child.join()
    queue.get()
)py"},
    {"a pool's task that workers cannot find", "forkserver", R"py(
import multiprocessing as mp

if __name__ == "__main__":
    def work(n):
        return n
    with mp.Pool(2) as pool:
        print(pool.map(work, [1, 2]))
)py"},
    {"an exception that cannot be rebuilt", "spawn", R"py(
import multiprocessing as mp

class Refused(Exception):
    def __init__(self, who, why):
        super().__init__(who + why)

def work(n):
    raise Refused("a", "b")

if __name__ == "__main__":
    with mp.Pool(2) as pool:
        pool.map(work, [1, 2])
)py"},
    {"a pipe's end that the child keeps open", "fork", R"py(
import os

read, write = os.pipe()
if os.fork() == 0:
    while os.read(read, 100):
        pass
    os._exit(0)
os.close(write)
os.wait()
)py"},
};

// Waits for a change that nobody makes; asked of one version, as it depends on what the interpreter leaves in its memory.
constexpr std::string_view polling = R"py(
import multiprocessing as mp, time

done = False

def work():
    while not done:
        time.sleep(0.005)

if __name__ == "__main__":
    child = mp.Process(target=work)
    child.start()
    done = True
    child.join()
)py";

// An event's wait with a time limit counts in semaphores of its own, and in caches of the code.
constexpr std::string_view polled_event = R"py(
import multiprocessing as mp

stop = mp.Event()

def work():
    while not stop.wait(0.01):
        pass

if __name__ == "__main__":
    child = mp.Process(target=work)
    child.start()
    stop.set()
    child.join()
)py";

struct Patient {
  const char* name;
  std::string_view text;
};

constexpr Patient patient[] = {
    {"sleeping", "import time; time.sleep(1.5)"},
    {"waiting for a child that sleeps", "import subprocess; subprocess.run(['sleep', '1.5'])"},
    {"waiting for a thread that sleeps", "import threading, time; t = threading.Thread(target=time.sleep, args=(1.5,)); t.start(); t.join()"},
    {"an alarm that will ring", "import signal\ndef ring(*_): raise SystemExit(0)\nsignal.signal(signal.SIGALRM, ring); signal.setitimer(signal.ITIMER_REAL, 1.2)\nsignal.pause()"},
    {"a watchdog that ends a stuck child", R"py(
import os, signal, threading
pid = os.fork()
if pid == 0:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()
threading.Timer(1.2, os.kill, (pid, signal.SIGKILL)).start()
os.waitpid(pid, 0)
)py"},
    {"polling a child", "import multiprocessing as mp, time\np = mp.get_context('fork').Process(target=time.sleep, args=(1.2,)); p.start()\nwhile p.is_alive(): p.join(0.05)"},
    {"a loop that counts", "import time\nfor n in range(120): time.sleep(0.01)"},
    {"a child that counts", "import multiprocessing as mp, time\ndef work():\n    n = 0\n    while n < 1200:\n        time.sleep(0.01)\n        n += 10\np = mp.get_context('fork').Process(target=work); p.start(); p.join()"},
    {"a child that counts in shared memory", R"py(
import multiprocessing as mp, time
def work(count):
    while count.value < 120:
        count.value += 1
        time.sleep(0.01)
mp = mp.get_context('fork')
p = mp.Process(target=work, args=(mp.Value('i', 0),)); p.start(); p.join()
)py"},
    {"a child that takes in what is there", R"py(
import os, time
read, write = os.pipe()
os.write(write, b'x' * 120)
os.close(write)
if os.fork() == 0:
    while os.read(read, 1):
        time.sleep(0.01)
    os._exit(0)
os.wait()
)py"},
    {"a deadline", "import time\nend = time.monotonic() + 1.2\nwhile time.monotonic() < end: time.sleep(0.01)"},
    {"a pool at work", "import multiprocessing as mp, time\nif __name__ == '__main__':\n    with mp.get_context('fork').Pool(2) as pool: pool.map(time.sleep, [0.6] * 4)"},
    {"workers that are replaced after each task", "import multiprocessing as mp\nif __name__ == '__main__':\n    with mp.get_context('fork').Pool(2, maxtasksperchild=1) as pool: print(len(pool.map(abs, range(24), 1)))"},
};

}  // namespace

TEST_CASE("every hang is proved, with its cycle and stacks") {
  std::vector<double> seconds;
  for (const Hanging& program : hanging) {
    Script script(program.text);
    for (unsigned i = 0; i < runs_asked(1); i++) {
      auto has_stack = [](const fv::Observation& seen) {
        return std::ranges::any_of(seen.processes, [](const fv::ProcessSeen& process) { return process.stack.find("main.py") != std::string::npos; });
      };
      fv::Observation seen = fv::observe(script.run(newest_python(), program.method));
      // Stacks are asked for, and a process on a busy machine may be late with its answer.
      for (unsigned again = 0; again < 2 && seen.outcome == "hangs" && !has_stack(seen); again++) seen = fv::observe(script.run(newest_python(), program.method));
      INFO(program.name << ": " << told(seen));
      CHECK(seen.outcome == "hangs");
      CHECK(!seen.cycle.empty());
      CHECK(has_stack(seen));
      seconds.push_back(seen.seconds);
    }
  }
  std::ranges::sort(seconds);
  std::printf("%zu hangs, time to the verdict: median %.2f s, longest %.2f s\n", seconds.size(), seconds[seconds.size() / 2], seconds.back());
}

TEST_CASE("polling for what nobody will change is proved by a memory that stays the same") {
  Script script(polling);
  fv::Observation seen = fv::observe(script.run(newest_python(), "fork"));
  INFO(told(seen));
  CHECK(seen.outcome == "hangs");
  CHECK(seen.proof == "recurrence");
}

TEST_CASE("what only the interpreter counts does not hide that the program polls for nothing") {
  Script script(polled_event);
  for (const fv::Interpreter& python : fv::find_interpreters()) {
    fv::Observation seen = fv::observe(script.run(python, "spawn"));
    INFO(python.path << ": " << told(seen));
    CHECK(seen.outcome == "hangs");
    CHECK(seen.proof == "recurrence");
  }
}

TEST_CASE("what only takes long does not hang") {
  for (const Patient& program : patient) {
    Script script(program.text);
    for (unsigned i = 0; i < runs_asked(1); i++) {
      fv::Observation seen = fv::observe(script.run(newest_python(), ""));
      INFO(program.name << ": " << told(seen));
      CHECK(seen.outcome == "ok");
    }
  }
}

TEST_CASE("the wall limit alone proves nothing") {
  fv::Run run = Script("import time; time.sleep(60)").run(newest_python(), "");
  Script script("import time; time.sleep(60)");
  run.folder = script.folder();
  run.wall_limit = std::chrono::milliseconds(600);
  fv::Observation seen = fv::observe(run);
  CHECK(seen.outcome == "unknown");
  CHECK(seen.inconclusive.starts_with("wall-limit"));
}

TEST_CASE("a fork waits until another thread is inside of a lock") {
  // The lock is held for a small part of the time: without help a fork would seldom meet it.
  Script script(R"py(
import multiprocessing as mp, threading, time

lock = threading.Lock()

def hold():
    while True:
        with lock:
            time.sleep(0.003)
        time.sleep(0.04)

def work():
    pass

if __name__ == "__main__":
    threading.Thread(target=hold, daemon=True).start()
    time.sleep(0.1)
    child = mp.Process(target=work)
    child.start()
    child.join()
)py");
  fv::Observation seen = fv::observe(script.run(newest_python(), "fork"));
  INFO(told(seen));
  CHECK(seen.outcome == "ok");
  REQUIRE(!seen.forks.empty());
  CHECK(seen.forks.front().threads == 2);
  CHECK(std::ranges::count(seen.forks.front().held, "__main__.lock") == 1);
}

TEST_CASE("a fork waits for the section that it is told of, not for any lock") {
  Script script(R"py(
import multiprocessing as mp, threading, time

lock = threading.Lock()
always_held = threading.Lock()

def hold():
    always_held.acquire()
    while True:
        time.sleep(1)
        with lock:
            time.sleep(0.4)

def work():
    with lock:
        pass

if __name__ == "__main__":
    threading.Thread(target=hold, daemon=True).start()
    time.sleep(0.1)
    child = mp.Process(target=work)
    child.start()
    child.join()
)py");
  fv::Run run = script.run(newest_python(), "fork");
  fv::Observation seen = fv::observe(run);
  INFO(told(seen));
  CHECK(seen.outcome == "ok");
  run.force_lines = {(script.folder() / "main.py").string() + ":11"};
  seen = fv::observe(run);
  INFO(told(seen));
  CHECK(seen.outcome == "hangs");
}
