// What names, attributes, elements and results may hold.
#include <catch2/catch_test_macros.hpp>

#include "tests/support/program.h"

using namespace forklint::tests;

namespace {

// What `x` holds at the end of a module. Source, because a value is often several scopes away from the name.
std::string x_of(const std::string& text) { return holds(Modelled("import multiprocessing as mp\ndef work(): pass\ndef other(): pass\n" + text), "x"); }

}  // namespace

TEST_CASE("a value in facts: what the name was bound to last") {
  std::string text = R"(
scope 0 module ""
  %0 number "1"
  %1 bind "x" %0
  %2 string "two"
  %3 bind "x" %2
)";
  CHECK(holds(Modelled({facts_file("main.py", text)}), "x") == "constant two");
}

TEST_CASE("both arms of a branch may have bound a name") {
  std::string text = R"(
scope 0 module ""
  %0 read "unknown_condition"
  then_arm #0 %0 {
    %1 number "1"
    %2 bind "x" %1
  }
  else_arm #0 %0 {
    %3 number "2"
    %4 bind "x" %3
  }
)";
  CHECK(holds(Modelled({facts_file("main.py", text)}), "x") == "constant 1; constant 2");
}

TEST_CASE("assignments are followed") {
  CHECK(x_of("x = work\n") == "function work");
  CHECK(x_of("y = work\nz = y\nx = z\n") == "function work");
  CHECK(x_of("x, y = work, other\n") == "function work");
  CHECK(x_of("y, x = work, other\n") == "function other");
  CHECK(x_of("x = work if mp else other\n").find("function work") != std::string::npos);
  CHECK(x_of("x = work\nx = other\n") == "function other");
}

TEST_CASE("attributes are followed across the methods of a class") {
  CHECK(x_of("class A:\n    def __init__(self): self.f = work\n    def get(self): return self.f\nx = A().get()\n") == "function work");
  CHECK(x_of("class A:\n    def set(self): self.f = work\n    def get(self): return self.g\nx = A().get()\n") == "unknown");
}

TEST_CASE("attributes and methods are found in bases, the nearest first") {
  std::string base = "class A:\n    f = work\n    def get(self): return 1\n";
  CHECK(x_of(base + "class B(A): pass\nx = B().get()\n") == "constant 1");
  CHECK(x_of(base + "class B(A):\n    def get(self): return 2\nx = B().get()\n") == "constant 2");
  CHECK(x_of(base + "class B(A):\n    def get(self): return super().get()\nx = B().get()\n") == "constant 1");
  CHECK(x_of(base + "x = A.f\n") == "function work");
}

TEST_CASE("what a constructor is given becomes what the object holds") {
  std::string box = "class Box:\n    def __init__(self, f, n=1):\n        self.f = f\n        self.n = n\n";
  CHECK(x_of(box + "x = Box(work).f\n") == "function work");
  CHECK(x_of(box + "x = Box(other).f\n") == "function other");
  CHECK(x_of(box + "x = Box(other).n\n") == "constant 1");
  CHECK(x_of(box + "x = Box(other, n=2).n\n") == "constant 2");
}

TEST_CASE("containers are looked into") {
  CHECK(x_of("x = [work, other][1]\n") == "function other");
  CHECK(x_of("x = {'a': work, 'b': other}['b']\n") == "function other");
  CHECK(x_of("for x in (work,): pass\n") == "function work");
  CHECK(x_of("fs = []\nfs.append(work)\nx = fs[0]\n").find("function work") != std::string::npos);
  CHECK(x_of("fs = {}\nfs['a'] = work\nx = fs['a']\n").find("function work") != std::string::npos);
  CHECK(x_of("x = [f for f in [work]][0]\n") == "function work");
}

TEST_CASE("functions return what they return") {
  CHECK(x_of("def make(): return work\nx = make()\n") == "function work");
  CHECK(x_of("def make(f): return f\nx = make(other)\n") == "function other");
  CHECK(x_of("def make():\n    if mp: return work\n    return other\nx = make()\n").find("function other") != std::string::npos);
}

TEST_CASE("closures keep what they were made with") {
  CHECK(x_of("def make(f):\n    def inner(): return f\n    return inner\nx = make(work)()\n") == "function work");
  CHECK(x_of("def make(f):\n    def inner(): return f\n    return inner\nx = make(work)\n") == "function inner");
  CHECK(x_of("def make(f): return lambda: f\nx = make(other)()\n") == "function other");
}

TEST_CASE("factories make instances of the class that they are given or hold") {
  CHECK(x_of("class A: pass\nclass B: pass\ndef make(cls): return cls()\nx = make(B)\n") == "instance B");
  CHECK(x_of("class A:\n    @classmethod\n    def make(cls): return cls()\nclass B(A): pass\nx = B.make()\n") == "instance B");
  CHECK(x_of("class A: pass\nkinds = {'a': A}\nx = kinds['a']()\n") == "instance A");
}

TEST_CASE("a partial is called with what it holds") {
  std::string partial = "from functools import partial\ndef pick(f, g=None): return f\n";
  CHECK(x_of(partial + "x = partial(pick, work)()\n") == "function work");
  CHECK(x_of(partial + "x = partial(pick, g=work)(other)\n") == "function other");
  CHECK(x_of(partial + "p = partial(pick)\nx = p(other)\n") == "function other");
}

TEST_CASE("forwarded arguments arrive") {
  std::string pick = "def pick(f, *, g=None): return g or f\n";
  CHECK(x_of(pick + "def go(*args): return pick(*args)\nx = go(work)\n").find("function work") != std::string::npos);
  CHECK(x_of(pick + "def go(**kwargs): return pick(other, **kwargs)\nx = go(g=work)\n").find("function work") != std::string::npos);
  CHECK(x_of(pick + "def go(**kwargs): return pick(other)\nx = go(g=work)\n").find("function work") == std::string::npos);
}

TEST_CASE("a class derived from a name that holds a launcher is one") {
  CHECK(launches(Modelled("import multiprocessing as mp\nproc_class = mp.Process\nclass W(proc_class): pass\nW().start()\n")) == "4:Process");
  CHECK(launches(Modelled("import multiprocessing as mp\nproc_class = object\nclass W(proc_class):\n    def start(self): pass\nW().start()\n")) == "");
  CHECK(method(Modelled("import multiprocessing as mp\nctx = mp.get_context('spawn')\nclass W(ctx.Process): pass\nW().start()\n")) == "spawn explicit");
}

TEST_CASE("names are taken from other modules, through packages and stars") {
  auto x = [](const std::string& main) {
    return holds(Modelled({{"main.py", main}, {"pkg/__init__.py", "from .low import work as task\n"}, {"pkg/low.py", "def work(): pass\n_hidden = work\n"}}), "x");
  };
  CHECK(x("from pkg import task\nx = task\n") == "function work");
  CHECK(x("import pkg.low\nx = pkg.low.work\n") == "function work");
  CHECK(x("from pkg.low import *\nx = work\n") == "function work");
  CHECK(x("from pkg.low import *\nx = _hidden\n") != "function work");
  CHECK(x("import pkg\nx = pkg.low\n") == "module pkg.low");
}

TEST_CASE("a global that a function rebinds may hold what that function gives it") {
  CHECK(x_of("x = None\ndef init():\n    global x\n    x = work\n") == "constant None; function work");
  CHECK(x_of("x = None\ndef init():\n    x = work\n") == "constant None");
}

TEST_CASE("objects of libraries are known by what made them") {
  CHECK(x_of("import threading\nx = threading.Lock()\n") == "object threading.Lock");
  CHECK(x_of("import threading\nlock = threading.Lock\nx = lock()\n") == "object threading.Lock");
  CHECK(x_of("x = mp.Queue()\n").starts_with("object multiprocessing."));
  CHECK(x_of("with open('f') as x: pass\n").starts_with("object "));
}

TEST_CASE("functions with yield give generators, async ones coroutines") {
  CHECK(x_of("def go(): yield 1\nx = go()\n") == "generator go");
  CHECK(x_of("async def go(): pass\nx = go()\n") == "coroutine go");
  CHECK(x_of("def go(): yield work\nfor x in go(): pass\n") == "function work");
}

TEST_CASE("an annotation says what a parameter holds when nobody is known to call") {
  // The function from which the launch in W.go is reached.
  auto entry = [](const std::string& function) {
    Modelled it("import multiprocessing as mp\nclass W:\n    def go(self): mp.Pool()\n" + function);
    REQUIRE(it.model().launches().size() == 1);
    const forklint::facts::FileFacts& facts = it.model().program().file(0).facts;
    return std::string(facts.name(facts.scopes[it.model().trace_of(it.model().launches()[0]).scope].name));
  };
  CHECK(entry("def f(w: W): w.go()\n") == "f");
  CHECK(entry("def f(w): w.go()\n") == "go");
}

TEST_CASE("what goes round in circles ends") {
  CHECK(x_of("def f(n): return f(n)\nx = f(1)\n") == "unknown");
  CHECK(x_of("y = x\nx = y\n").find("function") == std::string::npos);
  CHECK(x_of("class A(B): pass\nclass B(A): pass\nx = B().go\n") == "unknown");
}
