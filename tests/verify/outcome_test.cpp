// Each word of an outcome, by a program that has it.
#include "tests/verify/scripts.h"

#include <algorithm>

namespace {

constexpr std::string_view guarded = R"py(
import multiprocessing as mp

def work():
    print("worked", flush=True)

if __name__ == "__main__":
    child = mp.Process(target=work)
    child.start()
    child.join()
)py";

constexpr std::string_view unguarded_process = R"py(
import multiprocessing as mp

def work():
    pass

child = mp.Process(target=work)
child.start()
child.join()
)py";

constexpr std::string_view lambda_target = R"py(
import multiprocessing as mp

if __name__ == "__main__":
    child = mp.Process(target=lambda: None)
    child.start()
    child.join()
)py";

constexpr std::string_view lost_global = R"py(
import multiprocessing as mp

setting = 1

def work():
    print(setting, flush=True)

if __name__ == "__main__":
    setting = 2
    child = mp.Process(target=work)
    child.start()
    child.join()
)py";

constexpr std::string_view failing_initializer = R"py(
import multiprocessing as mp

def prepare():
    raise KeyError("nothing")

def work(n):
    return n

if __name__ == "__main__":
    with mp.Pool(2, prepare) as pool:
        pool.map(work, [1])
)py";

}  // namespace

TEST_CASE("a right program is ok under every method, and the method is the one that was chosen") {
  Script script(guarded);
  for (const char* method : {"fork", "spawn", "forkserver"}) {
    fv::Run run = script.run(newest_python(), method);
    run.prints = "worked";
    fv::Observation seen = fv::observe(run);
    INFO(told(seen));
    CHECK(seen.outcome == "ok");
    CHECK(seen.method == method);
    CHECK(seen.injected);
    CHECK(seen.python == newest_python().version);
    REQUIRE(!seen.processes.empty());
    CHECK(seen.processes.front().role == "main");
    CHECK(seen.processes.front().code == 0);
  }
}

TEST_CASE("the exception of a child counts, although the program ends with status 0") {
  Script script(unguarded_process);
  fv::Observation seen = fv::observe(script.run(newest_python(), "spawn"));
  INFO(told(seen));
  CHECK(fv::agrees("raises:RuntimeError", seen));
  CHECK(!fv::agrees("raises:TypeError", seen));
  auto failed = std::ranges::find(seen.processes, "RuntimeError", &fv::ProcessSeen::exception);
  REQUIRE(failed != seen.processes.end());
  CHECK(failed->code == 1);
  CHECK(failed->message.find("bootstrapping") != std::string::npos);
  CHECK(fv::observe(script.run(newest_python(), "fork")).outcome == "ok");
}

TEST_CASE("the cause stands before what follows from it") {
  Script script(lambda_target);
  fv::Observation seen = fv::observe(script.run(newest_python(), "spawn"));
  INFO(told(seen));
  CHECK(fv::agrees("raises:PicklingError", seen));
  CHECK(seen.code == 1);
}

TEST_CASE("another output than the right one is wrong") {
  Script script(lost_global);
  fv::Run run = script.run(newest_python(), "spawn");
  run.prints = "2";
  CHECK(fv::observe(run).outcome == "wrong");
  run.start_method = "fork";
  CHECK(fv::observe(run).outcome == "ok");
}

TEST_CASE("exit statuses and signals of the main program") {
  CHECK(fv::observe(Script("import sys; sys.exit(3)").run(newest_python(), "")).outcome == "exits:3");
  fv::Observation seen = fv::observe(Script("import os, signal; os.kill(os.getpid(), signal.SIGKILL)").run(newest_python(), ""));
  CHECK(seen.outcome == "crashes:SIGKILL");
  CHECK(seen.signal == 9);
}

TEST_CASE("what cannot be started says why") {
  Script script("");
  fv::Run run = script.run({"/no/such/python", "3.13.0"}, "");
  fv::Observation seen = fv::observe(run);
  CHECK(seen.outcome == "unavailable");
  CHECK(seen.inconclusive.find("/no/such/python") != std::string::npos);
  run.folder = "/no/such/folder";
  CHECK(fv::observe(run).outcome == "unavailable");
}

TEST_CASE("children that die and are replaced without end are a storm, not a hang") {
  fv::Observation seen = fv::observe(Script(failing_initializer).run(newest_python(), "fork"));
  INFO(told(seen));
  CHECK(seen.outcome == "storms");
  CHECK(seen.proof == "storm");
}

TEST_CASE("a loop of the program itself that starts failing children has an end, and is no storm") {
  Script script(R"py(
import multiprocessing as mp

def work():
    raise ValueError("no")

if __name__ == "__main__":
    for n in range(8):
        child = mp.Process(target=work)
        child.start()
        child.join()
)py");
  fv::Observation seen = fv::observe(script.run(newest_python(), "fork"));
  INFO(told(seen));
  CHECK(seen.outcome == "raises:ValueError");
}

TEST_CASE("lines are told that were executed, and those alone") {
  Script script("def used():\n    return 1\n\n\ndef unused():\n    return 2\n\n\nused()\n");
  fv::Run run = script.run(newest_python(), "");
  run.use = fv::Folder::in_place;
  std::string path = std::filesystem::canonical(script.folder() / "main.py").string();
  run.watch_lines = {path + ":2", path + ":6"};
  fv::Observation seen = fv::observe(run);
  INFO(told(seen));
  CHECK(seen.reached == std::vector<std::string>{path + ":2"});
}

TEST_CASE("an interpreter's own sitecustomize is loaded after ours") {
  Script script("import sitecustomize; print(sitecustomize.mine)");
  std::ofstream(script.folder() / "sitecustomize.py") << "mine = 'here'\n";
  fv::Run run = script.run(newest_python(), "fork");
  run.use = fv::Folder::in_place;
  run.environment = {"PYTHONPATH=" + script.folder().string()};
  run.prints = "here";
  fv::Observation seen = fv::observe(run);
  INFO(told(seen));
  CHECK(seen.outcome == "ok");
  CHECK(seen.injected);
}

TEST_CASE("fresh processes have hash seeds of their own, the same in every run") {
  Script script(R"py(
import multiprocessing as mp

def work(parent):
    print(hash("text") == parent, hash("text"), flush=True)

if __name__ == "__main__":
    for n in range(2):
        child = mp.Process(target=work, args=(hash("text"),))
        child.start()
        child.join()
)py");
  fv::Observation spawned = fv::observe(script.run(newest_python(), "spawn"));
  CHECK(spawned.out.find("True") == std::string::npos);
  CHECK(spawned.out == fv::observe(script.run(newest_python(), "spawn")).out);
  CHECK(fv::observe(script.run(newest_python(), "fork")).out.find("False") == std::string::npos);
}
