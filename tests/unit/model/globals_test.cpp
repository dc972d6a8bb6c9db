// Which variables fresh children lack: what the parent may have written, what worker code reads, what repairs it.
#include <catch2/catch_test_macros.hpp>

#include "tests/support/program.h"

using namespace forklint::tests;

namespace {

// Source: a write in one function, a read in another and a launch in a third are what these tests are about.
constexpr const char* header = "import multiprocessing as mp\nFACTOR = 1\nTABLE = {}\n";
constexpr const char* reader = "def work(n): return n * FACTOR\n";

// What the children of the first launch lack. `body` is what main does, guarded.
std::string lost_in(const std::string& top, const std::string& body) {
  return lost(Modelled(header + top + "def main():\n    global FACTOR\n" + body + "if __name__ == '__main__':\n    main()\n"));
}

}  // namespace

TEST_CASE("a write below the guard, in facts, does not reach a fresh child") {
  // if __name__ == "__main__": FACTOR = 2; Process(target=work).start()   with work reading FACTOR
  auto lost_when_written = [](const std::string& name) {
    std::string text = R"(
scope 0 module ""
  %0 import "multiprocessing" extra 0
  %1 import_from "Process" %0
  %2 number "1"
  %3 bind "FACTOR" %2
  %4 function "work" extra 1
  %5 bind "work" %4
  %6 read "__name__"
  %7 string "__main__"
  %8 compare "==" %6 %7
  then_arm #0 %8 {
    %9 number "2"
    %10 bind ")" + name + R"(" %9
    %11 read "work"
    %12 call %1 target=%11
    %13 attribute "start" %12
    %14 call %13
  }
scope 1 function "work" parent 0 by %4
  %15 read "FACTOR"
  %16 return_ %15
)";
    return lost(Modelled({facts_file("main.py", text)}));
  };
  CHECK(lost_when_written("FACTOR") == "FACTOR");
  CHECK(lost_when_written("OTHER") == "");
}

TEST_CASE("only what is written before the launch and read by the worker is missed") {
  CHECK(lost_in(reader, "    FACTOR = 2\n    mp.Process(target=work, args=(1,)).start()\n") == "FACTOR");
  CHECK(lost_in(reader, "    mp.Process(target=work, args=(1,)).start()\n    FACTOR = 2\n") == "");
  CHECK(lost_in("def work(n): return n\n", "    FACTOR = 2\n    mp.Process(target=work, args=(1,)).start()\n") == "");
}

TEST_CASE("what is written at import time fresh children write again") {
  CHECK(lost(Modelled(std::string(header) + reader + "FACTOR = 2\nif __name__ == '__main__':\n    mp.Process(target=work, args=(1,)).start()\n")) == "");
}

TEST_CASE("a write may be far away from main") {
  CHECK(lost_in(std::string(reader) + "def low():\n    global FACTOR\n    FACTOR = 2\ndef high(): low()\n", "    high()\n    mp.Process(target=work, args=(1,)).start()\n") == "FACTOR");
  CHECK(lost_in(std::string(reader) + "def low():\n    FACTOR = 2\ndef high(): low()\n", "    high()\n    mp.Process(target=work, args=(1,)).start()\n") == "");
}

TEST_CASE("a read may be far away from the target") {
  CHECK(lost_in("def low(): return FACTOR\ndef high(): return low()\ndef work(): return high()\n", "    FACTOR = 2\n    mp.Process(target=work).start()\n") == "FACTOR");
  CHECK(lost_in("def low(): return 1\ndef high(): return low()\ndef work(): return high()\n", "    FACTOR = 2\n    mp.Process(target=work).start()\n") == "");
}

TEST_CASE("a parameter of the same name is no read of the global") {
  CHECK(lost_in("def work(FACTOR): return FACTOR\n", "    FACTOR = 2\n    mp.Process(target=work, args=(FACTOR,)).start()\n") == "");
}

TEST_CASE("an object that is changed in place is missed as well") {
  std::string reads = "def work(): return TABLE['a']\n";
  CHECK(lost_in(reads, "    TABLE['a'] = 1\n    mp.Process(target=work).start()\n") == "TABLE in place");
  CHECK(lost_in(reads, "    TABLE.update(a=1)\n    mp.Process(target=work).start()\n") == "TABLE in place");
  CHECK(lost_in(reads, "    TABLE.get('a')\n    mp.Process(target=work).start()\n") == "");
}

TEST_CASE("a name that only the parent binds is not there at all") {
  std::string top = "def work(): return model\n";
  CHECK(lost(Modelled(header + top + "if __name__ == '__main__':\n    model = 1\n    mp.Process(target=work).start()\n")) == "model undefined");
  CHECK(lost(Modelled(header + top + "model = 1\nif __name__ == '__main__':\n    mp.Process(target=work).start()\n")) == "");
}

TEST_CASE("an import below the guard is missed") {
  std::string top = "def work(): return math.pi\n";
  CHECK(lost(Modelled(header + top + "if __name__ == '__main__':\n    import math\n    mp.Process(target=work).start()\n")) == "math import undefined");
  CHECK(lost(Modelled(header + ("import math\n" + top) + "if __name__ == '__main__':\n    mp.Process(target=work).start()\n")) == "");
}

TEST_CASE("attributes of classes and of module-level objects are missed too") {
  std::string client = "class Client:\n    retries = 1\n    other = 2\n    def get(self): return self.retries\nCLIENT = Client()\n";
  CHECK(lost_in(client + "def work(): return Client.retries\n", "    Client.retries = 5\n    mp.Process(target=work).start()\n") == "Client.retries");
  CHECK(lost_in(client + "def work(): return CLIENT.retries\n", "    CLIENT.retries = 5\n    mp.Process(target=work).start()\n") == "CLIENT in place");
  CHECK(lost_in(client + "def work(): return CLIENT.other\n", "    CLIENT.retries = 5\n    mp.Process(target=work).start()\n") == "");
  CHECK(lost_in(client + "def work(): return CLIENT.other + CLIENT.retries\n", "    CLIENT.retries = 5\n    mp.Process(target=work).start()\n") == "CLIENT in place");
  CHECK(lost_in(client + "def work(): return CLIENT.get()\n", "    CLIENT.retries = 5\n    mp.Process(target=work).start()\n") == "CLIENT in place");
  CHECK(lost_in(client + "def work(): return 1\n", "    Client.retries = 5\n    mp.Process(target=work).start()\n") == "");
}

TEST_CASE("variables of other modules are missed too") {
  auto lost_with = [](const std::string& write) {
    return lost(Modelled({{"main.py", "import multiprocessing as mp\nimport settings\ndef work(): return settings.FACTOR\nif __name__ == '__main__':\n    " + write + "\n    mp.Process(target=work).start()\n"},
                          {"settings.py", "FACTOR = 1\nOTHER = 1\ndef configure(n):\n    global FACTOR\n    FACTOR = n\n"}}));
  };
  CHECK(lost_with("settings.FACTOR = 2").find("FACTOR") != std::string::npos);
  CHECK(lost_with("settings.configure(2)").find("FACTOR") != std::string::npos);
  CHECK(lost_with("settings.OTHER = 2") == "");
}

TEST_CASE("a function that is replaced in its module is a patch") {
  auto lost_with = [](const std::string& write) {
    return lost(Modelled({{"main.py", "import multiprocessing as mp\nimport tools\ndef fast(): pass\ndef work(): tools.go()\nif __name__ == '__main__':\n    " + write + "\n    mp.Process(target=work).start()\n"},
                          {"tools.py", "def go(): pass\ndef other(): pass\n"}}));
  };
  CHECK(lost_with("tools.go = fast").ends_with("patch"));
  CHECK(lost_with("tools.other = fast") == "");
}

TEST_CASE("an initializer that sets the variable repairs it") {
  std::string top = std::string(reader) + "def init(n):\n    global FACTOR\n    FACTOR = n\ndef init_other(n): pass\n";
  CHECK(lost_in(top, "    FACTOR = 2\n    mp.Pool(2, init, (FACTOR,)).map(work, [1])\n") == "");
  CHECK(lost_in(top, "    FACTOR = 2\n    mp.Pool(2, init_other, (FACTOR,)).map(work, [1])\n") == "FACTOR");
  CHECK(lost_in(top, "    FACTOR = 2\n    mp.Pool(2).map(work, [1])\n") == "FACTOR");
}

TEST_CASE("a worker that sets the variable itself before it reads needs nothing") {
  CHECK(lost_in("def work():\n    global FACTOR\n    FACTOR = 3\n    return FACTOR\n", "    FACTOR = 2\n    mp.Process(target=work).start()\n") == "");
  CHECK(lost_in("def work():\n    global FACTOR\n    n = FACTOR\n    FACTOR = 3\n    return n\n", "    FACTOR = 2\n    mp.Process(target=work).start()\n") == "FACTOR");
}

TEST_CASE("tasks read too, and the run method of a process") {
  CHECK(lost_in(reader, "    FACTOR = 2\n    with mp.Pool() as pool:\n        pool.map(work, [1])\n") == "FACTOR");
  CHECK(lost_in("class W(mp.Process):\n    def run(self): print(FACTOR)\n", "    FACTOR = 2\n    W().start()\n") == "FACTOR");
  CHECK(lost_in("class W(mp.Process):\n    def run(self): print(1)\n", "    FACTOR = 2\n    W().start()\n") == "");
}
