// Which launches are reached from a program, and what their children run.
#include <catch2/catch_test_macros.hpp>

#include "tests/support/program.h"

using namespace forklint::tests;

namespace {

// Nearly all programs here are Python source: three lines of it are thirty of facts.
constexpr const char* import_mp = "import multiprocessing as mp\n";

std::string launches_of(const std::string& text) { return launches(Modelled(import_mp + text)); }

// Whether the first launch is reached while main runs as the program only, or when it is imported as well.
bool guarded(const std::string& text) {
  Modelled it(import_mp + text);
  REQUIRE(!it.model().launches().empty());
  return it.model().launches()[0].condition.guard == forklint::model::Guard::main_only;
}

}  // namespace

TEST_CASE("a launch in facts: the start of a process, not its construction") {
  std::string made = R"(
scope 0 module ""
  %0 import "multiprocessing" extra 0
  %1 import_from "Process" %0
  %2 bind "Process" %1
  %3 read "Process"
  %4 call %3
  %5 bind "p" %4
)";
  std::string started = made + "  %6 read \"p\"\n  %7 attribute \"start\" %6\n  %8 call %7\n";
  CHECK(launches(Modelled({facts_file("main.py", made)})) == "");
  CHECK(launches(Modelled({facts_file("main.py", started)})) == "%8:Process");
}

TEST_CASE("a pool launches when it is made, an executor at its first task") {
  CHECK(launches_of("mp.Pool()\n") == "2:Pool");
  CHECK(launches_of("from concurrent.futures import ProcessPoolExecutor\nex = ProcessPoolExecutor()\nex.submit(print)\n") == "4:ProcessPoolExecutor");
  CHECK(launches_of("from concurrent.futures import ProcessPoolExecutor\nex = ProcessPoolExecutor()\n") == "");
}

TEST_CASE("a launch is reached through calls, and not in what nobody could call") {
  CHECK(launches_of("def low(): mp.Process().start()\ndef high(): low()\nhigh()\n") == "2:Process");
  CHECK(launches_of("def low(): mp.Process()\ndef high(): low()\nhigh()\n") == "");
}

TEST_CASE("a launch in a function is reached from module level only when something calls it") {
  CHECK_FALSE(guarded("def go(): mp.Process().start()\ngo()\n"));
  CHECK(guarded("def go(): mp.Process().start()\nif __name__ == '__main__':\n    go()\n"));
  Modelled uncalled(std::string(import_mp) + "def go(): mp.Process().start()\n");
  REQUIRE(uncalled.model().launches().size() == 1);
  CHECK(uncalled.model().trace_of(uncalled.model().launches()[0]).entry == forklint::model::Entry::function);
}

TEST_CASE("a launch is reached through methods, of bases as well") {
  std::string classes = "class A:\n    def go(self): self.low()\nclass B(A):\n    def low(self): mp.Process().start()\n";
  CHECK(guarded(classes + "if __name__ == '__main__':\n    B().go()\n"));
  CHECK_FALSE(guarded(classes + "B().go()\n"));
}

TEST_CASE("a launch is reached in a class body and in a constructor") {
  CHECK(launches_of("class A:\n    pool = mp.Pool()\n") == "3:Pool");
  CHECK_FALSE(guarded("class A:\n    pool = mp.Pool()\n"));
  CHECK_FALSE(guarded("class A:\n    def __init__(self): self.pool = mp.Pool()\nA()\n"));
  CHECK(guarded("class A:\n    def __init__(self): self.pool = mp.Pool()\nif __name__ == '__main__':\n    A()\n"));
}

TEST_CASE("a launch is reached through a decorator that wraps or runs what it decorates") {
  std::string wrapper = "def twice(f):\n    def inner(*args):\n        return f(*args)\n    return inner\n@twice\ndef go(): mp.Process().start()\n";
  CHECK_FALSE(guarded(wrapper + "go()\n"));
  CHECK(guarded(wrapper + "if __name__ == '__main__':\n    go()\n"));
  CHECK_FALSE(guarded("def run(f):\n    f()\n    return f\n@run\ndef go(): mp.Process().start()\n"));
}

TEST_CASE("a command of an application is reached where the application is run") {
  std::string command = "import click\n@click.command()\ndef go(): mp.Process().start()\n";
  CHECK_FALSE(guarded(command + "go()\n"));
  CHECK(guarded(command + "if __name__ == '__main__':\n    go()\n"));
  std::string app = "import typer\napp = typer.Typer()\n@app.command()\ndef go(): mp.Process().start()\n";
  CHECK_FALSE(guarded(app + "app()\n"));
  CHECK(guarded(app + "if __name__ == '__main__':\n    app()\n"));
}

TEST_CASE("a launch is reached through a lambda, a partial and a generator") {
  CHECK_FALSE(guarded("(lambda: mp.Process().start())()\n"));
  CHECK_FALSE(guarded("from functools import partial\ndef go(n): mp.Process().start()\npartial(go, 1)()\n"));
  CHECK_FALSE(guarded("def go():\n    mp.Process().start()\n    yield 1\nlist(go())\n"));
}

TEST_CASE("a launch is reached by importing the module that makes it") {
  Modelled direct({{"main.py", "import tools\n"}, {"tools.py", "import multiprocessing as mp\nmp.Pool()\n"}});
  CHECK(launches(direct) == "tools.py:2:Pool");
  CHECK(direct.model().imported(1));
  CHECK_FALSE(direct.model().imported(0));
  CHECK(direct.model().launches().size() == 2);  // by main and by itself
  Modelled called({{"main.py", "import tools\ntools.go()\n"}, {"tools.py", "import multiprocessing as mp\ndef go(): mp.Pool()\n"}});
  CHECK(called.model().launches().size() == 1);
}

TEST_CASE("a launch is reached through packages, relative imports and names handed on") {
  std::string inner = "import multiprocessing as mp\ndef go(): mp.Pool()\n";
  CHECK(Modelled({{"main.py", "import pkg\npkg.go()\n"}, {"pkg/__init__.py", "from .inner import go\n"}, {"pkg/inner.py", inner}}).model().launches().size() == 1);
  CHECK(launches(Modelled({{"main.py", "import pkg.inner\npkg.inner.go()\n"}, {"pkg/__init__.py", ""}, {"pkg/inner.py", inner}})) == "pkg/inner.py:2:Pool");
  // What is launched while a package is imported for one of its modules.
  CHECK(Modelled({{"main.py", "import pkg.inner\n"}, {"pkg/__init__.py", "import multiprocessing as mp\nmp.Pool()\n"}, {"pkg/inner.py", ""}}).model().launches().size() >= 2);
}

TEST_CASE("one launch of a function that two callers share is one place") {
  CHECK(launches_of("def go(): mp.Process().start()\ngo()\ngo()\n") == "2:Process");
}

TEST_CASE("raw forks and library launchers are launches") {
  CHECK(launches(Modelled("import os\nos.fork()\n")) == "2:fork");
  CHECK(launches(Modelled("import os\nos.getpid()\n")) == "");
  CHECK(launches(Modelled("from joblib import Parallel, delayed\nParallel(n_jobs=2)(delayed(print)(i) for i in range(3))\n")) == "2:Parallel");
  CHECK(launches(Modelled("from joblib import Parallel, delayed\nParallel(n_jobs=1)(delayed(print)(i) for i in range(3))\n")) == "");
}

TEST_CASE("the children run the target, the initializer, the tasks, the run method") {
  CHECK(workers(Modelled("import multiprocessing as mp\ndef work(): pass\nmp.Process(target=work).start()\n")) == "work");
  CHECK(workers(Modelled("import multiprocessing as mp\ndef init(): pass\ndef work(x): pass\npool = mp.Pool(2, init)\npool.map(work, [1])\n")) == "init work");
  CHECK(workers(Modelled("import multiprocessing as mp\nclass W(mp.Process):\n    def run(self): pass\nW().start()\n")) == "run");
  CHECK(workers(Modelled("import multiprocessing as mp\ndef work(): pass\nmp.Process().start()\n")) == "");
}

TEST_CASE("a target reaches the launch through helpers of this and other modules") {
  CHECK(workers(Modelled("import multiprocessing as mp\ndef start(fn): mp.Process(target=fn).start()\ndef work(): pass\nstart(work)\n")) == "work");
  Modelled across({{"main.py", "from tools import start\ndef work(): pass\nstart(fn=work)\n"}, {"tools.py", "import multiprocessing as mp\ndef start(fn):\n    ctx = mp.get_context('spawn')\n    ctx.Process(target=fn).start()\n"}});
  CHECK(workers(across) == "work");
  CHECK(method(across) == "spawn explicit");
}

TEST_CASE("a target reaches the launch through forwarded arguments") {
  CHECK(workers(Modelled("import multiprocessing as mp\ndef start(*args, **kwargs): mp.Process(*args, **kwargs).start()\ndef work(): pass\nstart(target=work)\n")) == "work");
  CHECK(workers(Modelled("import multiprocessing as mp\ndef start(*args, **kwargs): mp.Process().start()\ndef work(): pass\nstart(target=work)\n")) == "");
}
