// Whether what is sent can be pickled, why not, and under which methods that matters.
#include <catch2/catch_test_macros.hpp>

#include "tests/support/program.h"

using namespace forklint::tests;
using forklint::knowledge::Pickler;

namespace {

// Source in these tests: whether a value can be pickled depends on where it is defined, which facts text spreads over
// many lines.
constexpr const char* header = "import multiprocessing as mp\nimport threading\ndef work(*args): pass\n";

// What is wrong with `x`, as a task or, with `process_start`, as an argument of a process; empty: nothing known.
std::string problem_of(const std::string& text, Pickler pickler = Pickler::pickle, bool process_start = false) {
  Modelled it(header + text);
  forklint::model::PickleContext context{.pickler = pickler, .process_start = process_start};
  for (forklint::model::ValueId value : it.model().evaluator().module_member(0, "x"))
    if (auto problem = it.model().pickling().problem(value, context)) return problem->what;
  return "";
}

bool crosses(const std::string& text, Pickler pickler = Pickler::pickle, bool process_start = false) { return problem_of(text, pickler, process_start).empty(); }

// What of the payload of the first launch cannot cross.
std::string crossings_of(const std::string& text) { return crossings(Modelled(header + text)); }

}  // namespace

TEST_CASE("a lambda in facts cannot be pickled, a function can") {
  auto crossing = [](std::string_view value) {
    std::string text = R"(
scope 0 module ""
  %0 import "multiprocessing" extra 0
  %1 import_from "Process" %0
  %2 )" + std::string(value) + R"( extra 1
  %3 bind "work" %2
  %4 read "work"
  %5 call %1 target=%4
  %6 attribute "start" %5
  %7 call %6
scope 1 )" + std::string(value.substr(0, value.find(' '))) + R"( "work" parent 0 by %2
  %8 null
  %9 return_ %8
)";
    return crossings(Modelled({facts_file("main.py", text)}));
  };
  CHECK(crossing("lambda") == "a lambda [spawn forkserver]");
  CHECK(crossing("function \"work\"") == "");
}

TEST_CASE("functions and classes are found by name at module level only") {
  CHECK(crosses("x = work\n"));
  CHECK_FALSE(crosses("x = lambda: 1\n"));
  CHECK_FALSE(crosses("def make():\n    def inner(): pass\n    return inner\nx = make()\n"));
  CHECK(crosses("class A: pass\nx = A()\n"));
  CHECK_FALSE(crosses("def make():\n    class A: pass\n    return A()\nx = make()\n"));
  CHECK_FALSE(crosses("def make():\n    class A: pass\n    return A\nx = make()\n"));
}

TEST_CASE("objects of libraries are judged by their rows") {
  CHECK_FALSE(crosses("x = threading.Lock()\n"));
  CHECK_FALSE(crosses("x = open('f')\n"));
  CHECK_FALSE(crosses("x = threading\n"));
  CHECK_FALSE(crosses("x = (i for i in range(3))\n"));
  CHECK(crosses("import pathlib\nx = pathlib.Path('f')\n"));
  CHECK(crosses("x = 'text'\n"));
}

TEST_CASE("obstacles are found in containers and partials") {
  CHECK_FALSE(crosses("x = [1, (2, threading.Lock())]\n"));
  CHECK_FALSE(crosses("x = {'a': lambda: 1}\n"));
  CHECK_FALSE(crosses("from functools import partial\nx = partial(work, lambda: 1)\n"));
  CHECK_FALSE(crosses("from functools import partial\nx = partial(lambda: 1)\n"));
  CHECK(crosses("from functools import partial\nx = partial(work, 1)\n"));
  CHECK(crosses("x = [1, (2, 'a')]\n"));
}

TEST_CASE("obstacles are found in attributes, of bases as well, and through bound methods") {
  std::string locked = "class A:\n    def __init__(self): self.lock = threading.Lock()\n    def go(self): pass\n";
  CHECK_FALSE(crosses(locked + "x = A()\n"));
  CHECK_FALSE(crosses(locked + "class B(A): pass\nx = B()\n"));
  CHECK_FALSE(crosses(locked + "x = A().go\n"));
  CHECK(crosses(locked + "x = A\n"));
  CHECK(crosses("class A:\n    def __init__(self): self.n = 1\n    def go(self): pass\nx = A().go\n"));
  CHECK(crosses("class A:\n    lock = threading.Lock()\nx = A()\n"));  // of the class, which goes by name
}

TEST_CASE("dill and cloudpickle take functions and classes by value, but not everything") {
  for (Pickler pickler : {Pickler::dill, Pickler::cloudpickle}) {
    CHECK(crosses("x = lambda: 1\n", pickler));
    CHECK(crosses("def make():\n    class A: pass\n    return A()\nx = make()\n", pickler));
  }
  CHECK(crosses("x = threading.Lock()\n", Pickler::dill));
  CHECK_FALSE(crosses("x = threading.Lock()\n", Pickler::cloudpickle));
  CHECK_FALSE(crosses("x = (i for i in range(3))\n", Pickler::dill));
  CHECK_FALSE(crosses("x = (i for i in range(3))\n", Pickler::cloudpickle));
}

TEST_CASE("primitives of multiprocessing cross only while a process starts") {
  CHECK_FALSE(crosses("x = mp.Lock()\n"));
  CHECK(crosses("x = mp.Lock()\n", Pickler::pickle, true));
  CHECK_FALSE(crosses("x = threading.Lock()\n", Pickler::pickle, true));
}

TEST_CASE("the payload of a process is pickled for fresh children only") {
  CHECK(crossings_of("mp.Process(target=lambda: 1).start()\n") == "a lambda [spawn forkserver]");
  CHECK(crossings_of("mp.get_context('fork').Process(target=lambda: 1).start()\n") == "");
  CHECK(crossings_of("mp.Process(target=work, args=(threading.Lock(),)).start()\n").ends_with("[spawn forkserver]"));
  CHECK(crossings_of("mp.Process(target=work, args=(mp.Lock(),)).start()\n") == "");
}

TEST_CASE("a process object is sent with its attributes") {
  std::string worker = "class W(mp.Process):\n    def __init__(self, what):\n        super().__init__()\n        self.what = what\n    def run(self): pass\n";
  CHECK(crossings_of(worker + "W(threading.Lock()).start()\n").ends_with("[spawn forkserver]"));
  CHECK(crossings_of(worker + "W(1).start()\n") == "");
}

TEST_CASE("tasks of pools are pickled under every method, their initializers for fresh workers only") {
  CHECK(crossings_of("mp.Pool().map(lambda i: i, [1])\n") == "a lambda [fork spawn forkserver]");
  CHECK(crossings_of("mp.get_context('fork').Pool().map(lambda i: i, [1])\n") == "a lambda [fork]");
  CHECK(crossings_of("mp.Pool().map(work, [1])\n") == "");
  CHECK(crossings_of("mp.Pool(2, lambda: 1)\n") == "a lambda [spawn forkserver]");
  CHECK(crossings_of("mp.Pool(2, work, (mp.Lock(),))\n") == "");
  CHECK(crossings_of("mp.Pool().apply(work, (mp.Lock(),))\n").ends_with("[fork spawn forkserver]"));
  CHECK(crossings_of("mp.Pool().map(work, [threading.Lock()])\n").ends_with("[fork spawn forkserver]"));
}

TEST_CASE("tasks of an executor are pickled under every method") {
  std::string made = "from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor\n";
  CHECK(crossings_of(made + "ProcessPoolExecutor().submit(lambda: 1)\n") == "a lambda [fork spawn forkserver]");
  CHECK(crossings_of(made + "ProcessPoolExecutor().submit(work, 1)\n") == "");
  CHECK(launches(Modelled(header + made + "ThreadPoolExecutor().submit(lambda: 1)\n")) == "");
}

TEST_CASE("a library that pickles by value takes lambdas") {
  CHECK(crossings_of("from joblib import Parallel, delayed\nParallel(n_jobs=2)(delayed(lambda: 1)() for i in range(3))\n") == "");
  CHECK(crossings_of("from joblib import Parallel, delayed\nParallel(n_jobs=2, backend='multiprocessing')(delayed(work)(threading.Lock()) for i in range(3))\n") != "");
}

TEST_CASE("__getstate__ leaves out what it deletes") {
  std::string init = "class A:\n    def __init__(self):\n        self.lock = threading.Lock()\n        self.f = lambda: 1\n";
  std::string state = "    def __getstate__(self):\n        state = self.__dict__.copy()\n";
  CHECK(crosses(init + state + "        del state['lock']\n        state.pop('f', None)\n        return state\nx = A()\n"));
  CHECK_FALSE(crosses(init + state + "        del state['lock']\n        return state\nx = A()\n"));
}

TEST_CASE("__reduce__ and copyreg say how an object is pickled") {
  std::string locked = "class A:\n    def __init__(self): self.lock = threading.Lock()\n";
  CHECK(crosses(locked + "    def __reduce__(self): return (A, ())\nx = A()\n"));
  CHECK(crosses("import copyreg\n" + locked + "copyreg.pickle(A, lambda a: (A, ()))\nx = A()\n"));
  CHECK_FALSE(crosses("import copyreg\n" + locked + "class B: pass\ncopyreg.pickle(B, lambda b: (B, ()))\nx = A()\n"));
}

TEST_CASE("a wrapper that looks like what it wraps is found by that name") {
  std::string named = "import functools\ndef deco(f):\n    @functools.wraps(f)\n    def inner(*args): return f(*args)\n    return inner\n";
  std::string plain = "def deco(f):\n    def inner(*args): return f(*args)\n    return inner\n";
  CHECK(crosses(named + "@deco\ndef x(): pass\n"));
  CHECK_FALSE(crosses(plain + "@deco\ndef x(): pass\n"));
  CHECK_FALSE(crosses(named + "def low(): pass\nx = deco(low)\n"));  // low is the bare function, not this
}

TEST_CASE("a property is computed, not sent") {
  CHECK(crosses("class A:\n    @property\n    def lock(self): return threading.Lock()\nx = A()\n"));
  CHECK_FALSE(crosses("class A:\n    @property\n    def lock(self): return self._lock\n    def __init__(self): self._lock = threading.Lock()\nx = A()\n"));
}

TEST_CASE("slots are sent as attributes are") {
  CHECK_FALSE(crosses("class A:\n    __slots__ = ('lock',)\n    def __init__(self): self.lock = threading.Lock()\nx = A()\n"));
  CHECK(crosses("class A:\n    __slots__ = ('n',)\n    def __init__(self): self.n = 1\nx = A()\n"));
}

TEST_CASE("fields of dataclasses are sent, with their default factories") {
  std::string import = "from dataclasses import dataclass, field\n";
  CHECK_FALSE(crosses(import + "@dataclass\nclass A:\n    lock: object = field(default_factory=threading.Lock)\nx = A()\n"));
  CHECK_FALSE(crosses(import + "@dataclass\nclass A:\n    f: object\nx = A(lambda: 1)\n"));
  CHECK(crosses(import + "@dataclass\nclass A:\n    f: object\nx = A(work)\n"));
  CHECK(crosses(import + "@dataclass\nclass A:\n    names: list = field(default_factory=list)\nx = A()\n"));
}

TEST_CASE("an object that holds itself is looked into once") {
  CHECK(crosses("class A:\n    def __init__(self): self.me = self\nx = A()\n"));
  CHECK(crosses("x = []\nx.append(x)\n"));
}
