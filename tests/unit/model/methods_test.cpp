// The start method of a launch: said by the program, or the default of the versions and platforms in scope.
#include <catch2/catch_test_macros.hpp>

#include "tests/support/program.h"

using namespace forklint::tests;
using forklint::knowledge::StartMethod;
using forklint::model::ModelOptions;

namespace {

// How the first launch of a program chooses; the program starts with the import of multiprocessing. Source, because what
// says the method is often far from what launches.
std::string method_of(const std::string& text, const ModelOptions& options = {}) { return method(Modelled("import multiprocessing as mp\n" + text, options)); }

constexpr const char* any_standard = "fork spawn forkserver standard";

// The conditions under which the first launch runs.
forklint::model::Condition condition_of(const std::string& text) {
  Modelled it("import multiprocessing as mp\nimport sys\n" + text);
  REQUIRE(!it.model().launches().empty());
  return it.model().launches()[0].condition;
}

}  // namespace

TEST_CASE("a method chosen in facts: the context of the constructor") {
  auto launched = [](const std::string& name) {
    std::string text = R"(
scope 0 module ""
  %0 import "multiprocessing" extra 0
  %1 bind "multiprocessing" %0
  %2 read "multiprocessing"
  %3 attribute "get_context" %2
  %4 string ")" + name + R"("
  %5 call %3 %4
  %6 attribute "Pool" %5
  %7 call %6
)";
    return method(Modelled({facts_file("main.py", text)}));
  };
  CHECK(launched("spawn") == "spawn explicit");
  CHECK(launched("fork") == "fork explicit");
}

TEST_CASE("without a word the default counts") {
  CHECK(method_of("mp.Pool()\n") == any_standard);
  CHECK(method_of("mp.Pool()\n", {.standard = StartMethod::spawn}) == "spawn standard");
  CHECK(method_of("mp.get_context().Pool()\n") == any_standard);
  CHECK(method_of("mp.get_context(None).Pool()\n") == any_standard);
}

TEST_CASE("a context says its method, through variables, constants and attributes") {
  CHECK(method_of("ctx = mp.get_context('spawn')\nother = ctx\nother.Pool()\n") == "spawn explicit");
  CHECK(method_of("METHOD = 'forkserver'\nmp.get_context(METHOD).Pool()\n") == "forkserver explicit");
  CHECK(method_of("class A:\n    def __init__(self): self._ctx = mp.get_context('spawn')\n    def go(self): self._ctx.Process().start()\nA().go()\n") == "spawn explicit");
  CHECK(method_of("class A:\n    def __init__(self): self._ctx = mp\n    def go(self): self._ctx.Process().start()\nA().go()\n") == any_standard);
}

TEST_CASE("a context reaches the launch as a parameter, or as its default") {
  CHECK(method_of("def go(method='fork'): mp.get_context(method).Pool()\ngo()\n") == "fork explicit");
  CHECK(method_of("def go(method='fork'): mp.get_context(method).Pool()\ngo('spawn')\n") == "spawn explicit");
  CHECK(method_of("def go(ctx=None):\n    ctx = ctx or mp\n    ctx.Pool()\ngo(mp.get_context('spawn'))\n").starts_with("spawn"));
  CHECK(method_of("def go(method): mp.get_context(method).Pool()\ngo(input())\n").ends_with(" unknown"));
}

TEST_CASE("a constant of another module says the method") {
  Modelled it({{"main.py", "import multiprocessing as mp\nfrom settings import METHOD\nmp.get_context(METHOD).Pool()\n"}, {"settings.py", "METHOD = 'spawn'\n"}});
  CHECK(method(it) == "spawn explicit");
}

TEST_CASE("an executor is given its context") {
  std::string import = "from concurrent.futures import ProcessPoolExecutor as E\n";
  CHECK(method_of(import + "E(mp_context=mp.get_context('spawn')).submit(print)\n") == "spawn explicit");
  CHECK(method_of(import + "E().submit(print)\n") == any_standard);
}

TEST_CASE("a library may fix the method or have a default of its own") {
  CHECK(method(Modelled("import os\nos.fork()\n")) == "fork library");
  CHECK(method(Modelled("from joblib import Parallel, delayed\nParallel(n_jobs=2)(delayed(print)(i) for i in range(3))\n")) == "loky library");
}

TEST_CASE("set_start_method counts from where it is called") {
  CHECK(method_of("mp.set_start_method('spawn')\nmp.Pool()\n") == "spawn explicit");
  CHECK(method_of("mp.Pool()\nmp.set_start_method('spawn')\n") == any_standard);
}

TEST_CASE("set_start_method in an entry point counts for what it calls") {
  CHECK(method_of("def work(): mp.Pool()\ndef main():\n    mp.set_start_method('spawn')\n    work()\nif __name__ == '__main__':\n    main()\n") == "spawn explicit");
  CHECK(method_of("def work(): mp.Pool()\ndef main():\n    work()\nif __name__ == '__main__':\n    main()\n") == any_standard);
}

TEST_CASE("an explicit context is stronger than set_start_method") {
  CHECK(method_of("mp.set_start_method('spawn')\nmp.get_context('fork').Pool()\n") == "fork explicit");
}

TEST_CASE("a forced method replaces the one before") {
  CHECK(method_of("mp.set_start_method('spawn')\nmp.set_start_method('fork', force=True)\nmp.Pool()\n") == "fork explicit");
}

TEST_CASE("a method that is set under a condition may not be set") {
  std::string text = method_of("import sys\nif len(sys.argv) > 1:\n    mp.set_start_method('spawn')\nmp.Pool()\n");
  CHECK(text.find("spawn") != std::string::npos);
  CHECK(text.find("fork ") != std::string::npos);
}

TEST_CASE("a test of the platform narrows where a launch runs") {
  CHECK(condition_of("if sys.platform == 'win32':\n    mp.Pool()\n").platforms == forklint::model::platform_windows);
  CHECK(condition_of("if sys.platform.startswith('linux'):\n    mp.Pool()\n").platforms == forklint::model::platform_linux);
  CHECK(condition_of("if sys.platform != 'win32':\n    mp.Pool()\n").platforms == (forklint::model::platform_linux | forklint::model::platform_macos));
  CHECK(condition_of("if sys.argv:\n    mp.Pool()\n").platforms == forklint::model::platform_all);
}

TEST_CASE("a test of the version narrows where a launch runs") {
  CHECK(condition_of("if sys.version_info >= (3, 14):\n    mp.Pool()\n").python_from == 14);
  CHECK(condition_of("if sys.version_info < (3, 12):\n    mp.Pool()\n").python_to <= 12);
  CHECK(condition_of("if sys.version_info >= (3, 14):\n    pass\nelse:\n    mp.Pool()\n").python_to <= 14);
  CHECK(condition_of("if sys.argv:\n    mp.Pool()\n").python_from == 0);
}

TEST_CASE("a test of the method narrows under which methods a launch runs") {
  CHECK(words(condition_of("if mp.get_start_method() == 'fork':\n    mp.Pool()\n").methods) == "fork");
  CHECK_FALSE(condition_of("if mp.get_start_method() != 'fork':\n    mp.Pool()\n").methods.has(StartMethod::fork));
  CHECK(condition_of("if sys.argv:\n    mp.Pool()\n").methods.has(StartMethod::fork));
  CHECK_FALSE(condition_of("def go():\n    if mp.get_start_method() == 'fork':\n        return\n    mp.Pool()\ngo()\n").methods.has(StartMethod::fork));
}

TEST_CASE("a test of the platform says on which ones a launch runs, through flags of other modules as well") {
  using namespace forklint::model;
  auto platforms = [](const std::string& test) { return int(condition_of("import os, platform\nIS_WINDOWS = sys.platform.startswith('win')\nif " + test + ":\n    mp.Pool()\n").platforms); };
  CHECK(platforms("IS_WINDOWS") == platform_windows);
  CHECK(platforms("not IS_WINDOWS") == (platform_linux | platform_macos));
  CHECK(platforms("sys.platform[:3] == 'win'") == platform_windows);
  CHECK(platforms("sys.platform.startswith(('win', 'cyg'))") == platform_windows);
  CHECK(platforms("sys.platform not in ('win32', 'cygwin')") == (platform_linux | platform_macos));
  CHECK(platforms("'win' in sys.platform") == (platform_macos | platform_windows));  // darwin has it too
  CHECK(platforms("os.name == 'posix'") == (platform_linux | platform_macos));
  CHECK(platforms("platform.system().lower() == 'darwin'") == platform_macos);
  CHECK(platforms("hasattr(os, 'fork')") == (platform_linux | platform_macos));
  CHECK(platforms("'FORKLINT' in sys.argv") == platform_all);

  Modelled imported({{"main.py", "import multiprocessing as mp\nfrom compat import WINDOWS\nimport compat\nif WINDOWS and not compat.MAC:\n    mp.Pool()\n"},
                     {"compat.py", "import os, sys\nWINDOWS = os.name == 'nt'\nMAC = sys.platform == 'darwin'\n"}});
  REQUIRE(imported.model().launches().size() == 1);
  CHECK(int(imported.model().launches()[0].condition.platforms) == platform_windows);
}

TEST_CASE("a test of the version says for which ones a launch runs") {
  auto versions = [](const std::string& test) {
    auto condition = condition_of("if " + test + ":\n    mp.Pool()\n");
    return std::pair(int(condition.python_from), int(condition.python_to));
  };
  CHECK(versions("sys.version_info >= (3, 14)") == std::pair(14, 255));
  CHECK(versions("sys.version_info[:2] <= (3, 13)") == std::pair(0, 13));
  CHECK(versions("sys.version_info < (3, 13)") == std::pair(0, 12));
  CHECK(versions("sys.version_info.minor > 9") == std::pair(10, 255));
  CHECK(versions("sys.hexversion >= 0x030c0000") == std::pair(12, 255));
  CHECK(versions("not sys.version_info[:2] >= (3, 9)") == std::pair(0, 8));
  CHECK(versions("sys.version_info[0] > 2") == std::pair(0, 255));
  Modelled old("import multiprocessing as mp\nimport sys\nif sys.version_info[0] == 2:\n    mp.Pool()\n");
  CHECK((old.model().launches().empty() || old.model().launches()[0].condition.guard == forklint::model::Guard::never));
}

TEST_CASE("a function runs after the body of its module, which may have chosen") {
  CHECK(method_of("mp.set_start_method('spawn', force=True)\ndef serve():\n    mp.Pool()\n") == "spawn explicit");
  CHECK(method_of("def serve():\n    mp.Pool()\n") == any_standard);
}
