// C and C++ through the real programs: databases, broken input, limits.
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <fstream>

#include "tests/sessions/session.h"

namespace {

namespace fs = std::filesystem;

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

// A child that leaves through its parent's exit handler: reported whatever else is there.
constexpr std::string_view bad = R"(#include <stdlib.h>
#include <unistd.h>
#include <sys/wait.h>
static void remove_state(void) { unlink("state"); }
int main(void) {
  atexit(remove_state);
  pid_t pid = fork();
  if (pid == 0) exit(0);
  waitpid(pid, NULL, 0);
  return 0;
}
)";

std::string repeated(std::string_view text, size_t times) {
  std::string result;
  for (size_t i = 0; i < times; ++i) result += text;
  return result;
}

const std::vector<std::string> frontend = {"FORKLINT_CLANG=" FORKLINT_CLANG_BINARY};

Ended check(const Session& session, std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--output-format", "concise"});
  return session.run(arguments, "", frontend);
}

}  // namespace

TEST_CASE("one run takes both languages; facts of both are printed") {
  Session session;
  session.write("a.c", bad).write("b.py", "import multiprocessing\nmultiprocessing.Process(target=print).start()\n");
  Ended ended = check(session, {"."});
  CHECK(ended.status == 1);
  CHECK(has(ended.out, "a.c:8:"));
  CHECK(has(ended.out, "b.py:2:"));
  Ended facts = session.run({"facts", "a.c"}, "", frontend);
  CHECK(facts.status == 0);
  CHECK(has(facts.out, "read \"fork\""));
}

TEST_CASE("a folder of many programs: what one opens is not in what another one starts") {
  Session session;
  session.write("shows.c", "#include <fcntl.h>\nstatic int log_file;\nint main(void) { log_file = open(\"log\", O_RDONLY); return log_file < 0; }\n");
  session.write("starts.c", "#include <unistd.h>\nint main(void) { return execl(\"/bin/true\", \"true\", (char *)0); }\n");
  CHECK(check(session, {"."}).status == 0);
  session.write("starts.c", "#include <unistd.h>\nvoid start(void) { execl(\"/bin/true\", \"true\", (char *)0); }\n");
  session.write("shows.c", "#include <fcntl.h>\nvoid start(void);\nstatic int log_file;\nint main(void) { log_file = open(\"log\", O_RDONLY); start(); return log_file < 0; }\n");
  Ended ended = check(session, {"."});
  CHECK(has(ended.out, "shows.c:4:29: PSM412"));
}

TEST_CASE("a pool of processes that a row describes: what its tasks change by reference is lost") {
  Session session;
  session.write("farm.h", R"(#pragma once
#include <functional>
namespace farm {
enum class Kind { threads, processes };
struct Pool { void submit(std::function<void()> task); };  // of processes
struct Crew { void submit(std::function<void()> task); };  // of threads
void run(Kind kind, std::function<void(int)> task);
}
)");
  session.write("a.cpp", R"(#include "farm.h"
void count(int& found, int more) { found += more; }
int main() {
  int one = 0, two = 0, three = 0, four = 0;
  farm::Pool pool;
  farm::Crew crew;
  pool.submit([&one] { ++one; });
  pool.submit(std::bind(count, std::ref(two), 1));
  pool.submit(std::bind(count, three, 1));
  crew.submit([&three] { ++three; });
  farm::run(farm::Kind::processes, [&](int number) { four = number; });
  farm::run(farm::Kind::threads, [&](int number) { three = number; });
  return one + two + three + four;
}
)");
  session.write("mine.toml", R"([[native]]
names = ["farm::Pool::submit"]
source = "ours"
process-pool = true
task = "0"
[[native]]
names = ["farm::run"]
source = "ours"
process-pool = true
task = "1"
selects = "0"
selected = ["1"]
)");
  Ended ended = check(session, {"a.cpp", "--knowledge", "mine.toml", "--", "-std=c++20"});
  CHECK(ended.status == 1);
  for (std::string_view place : {"a.cpp:7:", "a.cpp:8:", "a.cpp:11:"}) CHECK(has(ended.out, place));
  for (std::string_view place : {"a.cpp:9:", "a.cpp:10:", "a.cpp:12:"}) CHECK_FALSE(has(ended.out, place));
  CHECK(check(session, {"a.cpp", "--", "-std=c++20"}).status == 0);
}

TEST_CASE("without forklint-clang Python is analysed, and a note says what is not") {
  Session session;
  session.write("a.c", bad).write("b.py", "import multiprocessing\nmultiprocessing.Process(target=print).start()\n");
  Ended ended = session.run({".", "--output-format", "concise"}, "", {"FORKLINT_CLANG=/no/such"});
  CHECK(has(ended.out, "b.py:2:"));
  CHECK(has(ended.err, "1 C or C++ file is not analysed: cannot run /no/such"));
}

TEST_CASE("flags come from the database, from the command line, or are guessed") {
  Session session;
  session.write("src/a.c", "#ifdef WANTED\n#include \"x.h\"\n" + std::string(bad) + "#endif\n").write("headers/x.h", "#define X 1\n");
  CHECK(check(session, {"src"}).status == 0);
  CHECK(check(session, {"src", "--", "-DWANTED", "-Iheaders"}).status == 1);
  session.write("build/compile_commands.json", R"([{"directory": "..", "file": "src/a.c", "command": "gcc -fconcepts -fplugin=/no/such.so @no.rsp -DWANTED=1 -I headers -o a.o -c src/a.c -Werror -fanalyzer"}])");
  Ended ended = check(session, {"src"});
  CHECK(ended.status == 1);
  CHECK_FALSE(has(ended.err, "note"));
  CHECK(check(session, {"src", "-p", "build"}).status == 1);
  session.write("build/compile_commands.json", "[{\"file\": ");
  ended = check(session, {"src"});
  CHECK(ended.status == 0);
  CHECK(has(ended.err, "compile_commands.json: not JSON: "));
  CHECK(has(ended.err, "how files are compiled is guessed"));
}

TEST_CASE("a file that is gone, a header loop and 10,000 errors: said, and the rest is analysed") {
  Session session;
  session.write("a.c", bad).write("loop.c", "#include \"one.h\"\nvoid f(void) { fork(); }\n").write("one.h", "#include \"two.h\"\n").write("two.h", "#include \"one.h\"\n");
  session.write("errors.c", "#include <unistd.h>\n#include <nothing.h>\n" + repeated("int f() { return missing.x(; }\n", 10'000) + "void g(void) { fork(); }\n");
  session.write("compile_commands.json", R"([{"directory": ".", "file": "gone.c", "command": "cc -c gone.c"}, {"directory": ".", "file": "a.c", "command": "cc -c a.c"}])");
  Ended ended = check(session, {"."});
  CHECK(ended.status == 1);
  CHECK(has(ended.out, "a.c:8:"));
  CHECK(has(ended.err, "C and C++ units had errors"));
  CHECK(has(ended.err, "first missing header: nothing.h"));
}

TEST_CASE("a template bomb costs its own time, a large file nothing") {
  Session session;
  session.write("a.c", bad);
  session.write("bomb.cpp", R"(#include <unistd.h>
template <int N, int M> struct T { static constexpr long value = T<N - 1, M>::value + T<N - 1, M + (1 << N)>::value; };
template <int M> struct T<0, M> { static constexpr long value = M; };
long f() { if (fork() == 0) _exit(0); return T<24, 0>::value; }
)");
  std::ofstream large(session.folder() / "large.c");
  large << "int fork(void);\n" << repeated("int x;\n", 15'000'000);
  large.close();
  const auto begin = std::chrono::steady_clock::now();
  Ended ended = check(session, {".", "--unit-timeout", "3"});
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(120));
  CHECK(has(ended.out, "a.c:8:"));
  CHECK((has(ended.err, "skipped bomb.cpp: takes more than 3 s") || has(ended.err, "skipped bomb.cpp: needs more than 2048 MiB of memory")));
  CHECK(has(ended.err, "skipped large.c: 105,000,016 bytes, over the limit"));
}

TEST_CASE("NOLINT and forklint's own comments keep findings away") {
  Session session;
  for (const char* comment : {"// NOLINT", "// NOLINT(PSM602)", "/* NOLINT(PSM6*, cert-*) */", "// forklint: ignore"}) {
    std::string text(bad);
    text.replace(text.find("exit(0);"), 8, "exit(0);  " + std::string(comment));
    session.write("a.c", text);
    INFO(comment);
    Ended ended = check(session, {"a.c"});
    CHECK_FALSE(has(ended.out, "a.c:8:"));
  }
}
