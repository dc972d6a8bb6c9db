// Which threads may be alive and which locks held where a launch forks.
#include <catch2/catch_test_macros.hpp>

#include "tests/support/program.h"

using namespace forklint::tests;

namespace {

// Source: what starts a thread and what ends it are often in different functions. The lines of the header are 1 to 4.
constexpr const char* header = "import multiprocessing as mp\nimport threading\nlock = threading.Lock()\ndef work(*args): pass\n";
constexpr const char* launch = "mp.Process(target=work).start()\n";

std::string live_in(const std::string& before) { return live(Modelled(header + before + launch)); }
std::string held_in(const std::string& text) { return held(Modelled(header + text)); }

}  // namespace

TEST_CASE("a thread in facts is alive from its start to its join") {
  auto live_after = [](const std::string& method) {
    std::string text = R"(
scope 0 module ""
  %0 import "threading" extra 0
  %1 attribute "Thread" %0
  %2 call %1
  %3 bind "t" %2
  %4 read "t"
  %5 attribute "start" %4
  %6 call %5
  %7 read "t"
  %8 attribute ")" + method + R"(" %7
  %9 call %8
  %10 import "os" extra 0
  %11 attribute "fork" %10
  %12 call %11
)";
    return live(Modelled({facts_file("main.py", text)}));
  };
  CHECK(live_after("is_alive") == "%6");
  CHECK(live_after("join") == "");
}

TEST_CASE("a thread is alive when it was started before and not joined") {
  CHECK(live_in("t = threading.Thread(target=work)\nt.start()\n") == "6");
  CHECK(live_in("t = threading.Thread(target=work)\n") == "");
  CHECK(live_in("t = threading.Thread(target=work)\nt.start()\nt.join()\n") == "");
  CHECK(live(Modelled(std::string(header) + launch + "threading.Thread(target=work).start()\n")) == "");
}

TEST_CASE("threads of a list are joined one by one") {
  std::string start = "ts = [threading.Thread(target=work) for i in range(3)]\nfor t in ts: t.start()\n";
  CHECK(live_in(start) != "");
  CHECK(live_in(start + "for t in ts: t.join()\n") == "");
}

TEST_CASE("a thread that is started under a condition may be alive") {
  CHECK(live_in("import sys\nt = threading.Thread(target=work)\nif sys.argv[1:]:\n    t.start()\n") == "8?");
}

TEST_CASE("a run that starts a thread in another arm, or leaves after it, does not come here") {
  std::string test = "import sys\nt = threading.Thread(target=work)\nif sys.argv[1:]:\n    t.start()\n";
  auto live_at_end = [&](const std::string& rest) { return live(Modelled(header + test + rest)); };
  CHECK(live_at_end("else:\n    " + std::string(launch)) == "");
  CHECK(live_at_end("    raise ValueError\n" + std::string(launch)) == "");
  CHECK(live_at_end("    print()\n" + std::string(launch)) == "8?");
  std::string loop = "import sys\nfor i in range(2):\n    if i:\n        threading.Thread(target=work).start()\n";
  CHECK(live(Modelled(header + loop + "    else:\n        " + launch)) != "");
}

TEST_CASE("a decorator from outside is called without what it wraps, and does not run then") {
  std::string decorator = "from somewhere import made_decorator\n@made_decorator\ndef watched(call, name=None):\n    threading.Thread(target=work).start()\n    return call()\n";
  CHECK(live_in(decorator + "@watched(name='x')\ndef read(): pass\n") == "");
  CHECK(live_in(decorator + "watched(work, name='x')\n") != "");
}

TEST_CASE("a method of a builtin that is named like a change of a container changes nothing") {
  CHECK(live_in("def f(known):\n    set.update(known, [1])\nf(set())\n") == "");
}

TEST_CASE("generators over generators of the same name come to an end") {
  std::string text = "def cleaned(docs):\n";
  for (int i = 0; i < 20; ++i) text += "    if docs: docs = (str(d) for d in docs)\n";
  CHECK(live_in(text + "    return list(docs)\ncleaned([1])\n") == "");
}

TEST_CASE("a thread held by an object lives until its method joins it") {
  std::string owner = "class A:\n    def __init__(self):\n        self.t = threading.Thread(target=work)\n        self.t.start()\n    def stop(self): self.t.join()\n";
  CHECK(live_in(owner + "a = A()\n") == "8");
  CHECK(live_in(owner + "a = A()\na.stop()\n") == "");
  CHECK(live_in(owner) == "");
}

TEST_CASE("an executor has threads from its first task until it is closed") {
  std::string import = "from concurrent.futures import ThreadPoolExecutor as E\n";
  CHECK(live_in(import + "e = E()\ne.submit(work)\n") != "");
  CHECK(live_in(import + "e = E()\ne.submit(work)\ne.shutdown()\n") == "");
  CHECK(live_in(import + "with E() as e:\n    e.submit(work)\n") == "");
  CHECK(live(Modelled(header + import + "with E() as e:\n    e.submit(work)\n    " + launch)) != "");
}

TEST_CASE("a pool has helper threads until it is joined or left") {
  auto live_at_process = [](const std::string& before) {
    Modelled it(header + before + launch);
    return live(it, it.model().launches().size() - 1);
  };
  CHECK(live_at_process("pool = mp.Pool()\n") == "5");
  CHECK(live_at_process("with mp.Pool() as pool: pool.map(work, [1])\n") == "");
  CHECK(live_at_process("pool = mp.Pool()\npool.close()\npool.join()\n") == "");
}

TEST_CASE("a queue has a thread once something was put on it") {
  CHECK(live_in("q = mp.Queue()\n") == "");
  CHECK(live_in("q = mp.Queue()\nq.put(1)\n") == "6");
  CHECK(live_in("q = mp.Queue()\nq.put(1)\nq.close()\nq.join_thread()\n") == "");
  CHECK(live_in("q = mp.SimpleQueue()\nq.put(1)\n") == "");
}

TEST_CASE("an imported module may start a thread") {
  auto live_with = [](const std::string& tools) {
    return live(Modelled({{"main.py", "import multiprocessing as mp\nimport tools\nmp.Process().start()\n"}, {"tools.py", "import threading\ndef go(): threading.Thread().start()\n" + tools}}));
  };
  CHECK(live_with("go()\n") == "tools.py:2");
  CHECK(live_with("") == "");
}

TEST_CASE("a call of a library may start a thread") {
  CHECK(live_in("from apscheduler.schedulers.background import BackgroundScheduler\ns = BackgroundScheduler()\ns.start()\n") != "");
  CHECK(live_in("from apscheduler.schedulers.background import BackgroundScheduler\ns = BackgroundScheduler()\n") == "");
}

TEST_CASE("a subclass of Thread is a thread") {
  CHECK(live_in("class T(threading.Thread):\n    def run(self): pass\nT().start()\n") == "7");
  CHECK(live_in("class T:\n    def start(self): pass\nT().start()\n") == "");
}

TEST_CASE("a launch in a thread sees the main thread") {
  std::string threaded = "def go(): mp.Process(target=work).start()\n";
  CHECK(live(Modelled(header + threaded + "threading.Thread(target=go).start()\n")) == "main");
  CHECK(live(Modelled(header + threaded + "go()\n")) == "");
}

TEST_CASE("a lock is held inside its with statement") {
  CHECK(held_in(std::string("with lock:\n    ") + launch) == "5");
  CHECK(held_in(std::string("with lock: pass\n") + launch) == "");
}

TEST_CASE("an empty block gives back its own lock only") {
  CHECK(held_in(std::string("with lock:\n    with threading.Lock(): pass\n    ") + launch) == "5");
  CHECK(held_in(std::string("with lock, threading.Lock(): pass\n") + launch) == "");
}

TEST_CASE("a lock is held from acquire to release") {
  CHECK(held_in(std::string("lock.acquire()\n") + launch) == "5");
  CHECK(held_in(std::string("lock.acquire()\nlock.release()\n") + launch) == "");
}

TEST_CASE("a lock is held by a caller of what launches") {
  std::string go = "def go(): mp.Process(target=work).start()\n";
  CHECK(held_in(go + "with lock:\n    go()\n") == "6");
  CHECK(held_in(go + "with lock:\n    pass\ngo()\n") == "");
}

TEST_CASE("a lock may be held by another thread that is alive") {
  std::string thread = "def hold():\n    with lock: pass\nt = threading.Thread(target=hold)\nt.start()\n";
  CHECK(held_in(thread + launch).find("other") != std::string::npos);
  CHECK(held_in(thread + "t.join()\n" + launch) == "");
}
