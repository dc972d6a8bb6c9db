// Units through the real forklint-clang.
#include "tests/unit/units/tree.h"

using namespace forklint;
using namespace forklint::test;

TEST_CASE("flags come from the user, from a database, or are guessed from where headers stand") {
  Tree tree;
  tree.write("src/a.c", "#include \"x.h\"\n#ifdef WANTED\nint wanted(void) { return X; }\n#endif\nint f(void) { return X; }\n").write("headers/x.h", "#define X 1\n");
  Natives guessed = tree.analyse();
  CHECK(guessed.notes.empty());
  CHECK_FALSE(has_name(guessed, "wanted"));
  CHECK(has_name(tree.analyse({.flags = std::vector<std::string>{"-DWANTED", "-I" + (tree.path / "headers").string()}}), "wanted"));
  tree.write("build/compile_commands.json", R"([{"directory": "..", "file": "src/a.c", "command": "ccache gcc -fconcepts -fplugin=/no.so -fanalyzer @no.rsp -DWANTED=1 -Iheaders -Werror -o a.o -c src/a.c"}])", false);
  Natives commanded = tree.analyse();
  CHECK(commanded.notes.empty());
  CHECK(has_name(commanded, "wanted"));
  tree.write("build/compile_commands.json", "[{", false);
  Natives broken = tree.analyse();
  REQUIRE(broken.notes.size() == 1);
  CHECK(broken.notes[0].find("not JSON") != std::string::npos);
  CHECK(has_name(broken, "f"));
}

TEST_CASE("headers come with the sources that include them, once, and by themselves where none does") {
  Tree tree;
  tree.write("a.c", "#include \"x.h\"\nint a(void) { return x(); }\n").write("b.c", "#include \"x.h\"\nint b(void) { return x(); }\n");
  tree.write("x.h", "#ifndef X\n#define X\nstatic inline int x(void) { return 1; }\n#endif\n").write("alone.h", "inline int alone() { return 2; }\n").write("beside.h", "int y;\n", false);
  CHECK(tree.seen(tree.analyse()) == "a.c b.c x.h alone.h");
}

TEST_CASE("errors are counted, not told one by one; the rest of the unit is there") {
  Tree tree;
  std::string text = "#include <nothing.h>\n";
  for (int i = 0; i < 10'000; ++i) text += "int f" + std::to_string(i) + "(void) { return missing.x(; }\n";
  tree.write("a.c", text + "int last(void) { return fork(); }\n").write("b.c", "int b(void) { return 1; }\n");
  const Natives natives = tree.analyse();
  CHECK(natives.skipped.empty());
  REQUIRE(natives.notes.size() == 1);
  CHECK(natives.notes[0] == "1 of 2 C and C++ units had errors and are read as far as they go, first missing header: nothing.h");
  CHECK(has_name(natives, "last"));
  CHECK(has_name(natives, "fork"));
  CHECK(natives.files[0].facts.problems.size() == 20);
}

TEST_CASE("a unit that takes too long, or goes away, or ends its worker costs itself alone") {
  Tree tree;
  tree.write("a.c", "int a(void) { return 1; }\n").write("gone.c", "int gone(void) { return 1; }\n");
  tree.write("bomb.cpp", "template <int N, int M> struct T { static constexpr long value = T<N - 1, M>::value + T<N - 1, M + (1 << N)>::value; };\n"
                         "template <int M> struct T<0, M> { static constexpr long value = M; };\nlong f() { return T<24, 0>::value; }\n");
  tree.write("loop.c", "#include \"loop.h\"\nint loop(void) { return 1; }\n").write("loop.h", "#include \"loop.h\"\n");
  fs::remove(tree.path / "gone.c");
  const Natives natives = tree.analyse({.time = std::chrono::seconds(10)});
  CHECK(has_name(natives, "a"));
  CHECK(has_name(natives, "loop"));
  REQUIRE(natives.skipped.size() == 2);
  for (const source::Skip& skip : natives.skipped) {
    INFO(skip.path << ": " << skip.reason);
    const bool known = skip.reason == "takes more than 10 s" || skip.reason == "needs more than 2048 MiB of memory" || skip.reason == "the file is not there";
    CHECK(known);
  }
}

TEST_CASE("a worker with too little memory says so") {
  Tree tree;
  std::string text = "#define A0 1,1,1,1,1,1,1,1\n";
  for (int i = 1; i < 8; ++i) {
    const std::string inner = "A" + std::to_string(i - 1);
    text += "#define A" + std::to_string(i) + " " + inner + "," + inner + "," + inner + "," + inner + "," + inner + "," + inner + "," + inner + "," + inner + "\n";
  }
  tree.write("a.c", text + "int a[] = {A7};\n");
  const Natives natives = tree.analyse({.time = std::chrono::seconds(300), .memory = 600u << 20});
  REQUIRE(natives.skipped.size() == 1);
  CHECK(natives.skipped[0].reason == "needs more than 600 MiB of memory");
}

TEST_CASE("without forklint-clang there is one note") {
  Tree tree;
  tree.write("a.c", "int a;\n");
  ::setenv("FORKLINT_CLANG", "/no/such", 1);
  const Natives natives = tree.analyse();
  CHECK(natives.notes == std::vector<std::string>{"1 C or C++ file is not analysed: cannot run /no/such"});
}

TEST_CASE("nothing that starts anything: no unit matters") {
  Tree tree;
  tree.write("a.c", "// fork() in a comment\nint a(void) { return puts(\"fork\"); }\n").write("b.cpp", "#include <vector>\nint b() { return 1; }\n");
  CHECK(tree.relevant().empty());
  CHECK(units::analyse(tree.files, {}, nullptr).files.size() == 2);
  const auto knowledge = knowledge::Knowledge::built_in();
  CHECK(units::analyse(tree.files, {}, &knowledge).files.empty());
}

TEST_CASE("what matters: who starts, what that calls, who calls it, and what waits") {
  Tree tree;
  tree.write("start.c", "#include <unistd.h>\n#include \"wrap.h\"\nint child(void);\nint start(void) { if (fork() == 0) child(); return 0; }\n");
  tree.write("child.c", "int helper(void);\nint child(void) { return helper(); }\n").write("helper.c", "int helper(void) { return 1; }\n");
  tree.write("main.c", "int start(void);\nint main(void) { return start(); }\n").write("other.c", "int other(void) { return 1; }\nint unrelated(int child2) { return child2; }\n");
  tree.write("waiter.c", "int waiter(void) { return waitpid(-1, 0, 0); }\n").write("wrap.h", "#define WRAP 1\n");
  CHECK(tree.relevant() == "start.c child.c helper.c main.c waiter.c");
}

TEST_CASE("what starts in a header makes a source that includes it matter") {
  Tree tree;
  tree.write("a.c", "int a(void) { return 1; }\n").write("b.c", "#include \"run.h\"\nint b(void) { return 1; }\n").write("c.c", "#include \"run.h\"\nint c(void) { return 1; }\n");
  tree.write("run.h", "static inline int run(void) { return fork(); }\n");
  CHECK(tree.relevant() == "b.c run.h");
}

TEST_CASE("a name is followed where its declaration is seen, not to all that are called so") {
  Tree tree;
  tree.write("job.h", "struct Job { void run(); };\nvoid start(const Job& job);\n").write("other.h", "struct Other { void run(); };\n");
  tree.write("start.cpp", "#include \"job.h\"\nvoid start(Job& job) { if (fork() == 0) job.run(); }\n");
  tree.write("job.cpp", "#include \"job.h\"\nvoid Job::run() {}\n").write("other.cpp", "#include \"other.h\"\nvoid Other::run() {}\n");
  tree.write("local.cpp", "namespace { void run() {} }\nvoid local() { run(); }\n");
  tree.write("caller.cpp", "#include \"job.h\"\nvoid caller(Job& job) { start(job); }\n");
  CHECK(tree.relevant() == "start.cpp job.cpp caller.cpp job.h");
}

TEST_CASE("what is only called like what starts something does not matter") {
  Tree tree;
  tree.write("names.h", "enum class Method { spawn, fork };\nstruct Fork { int child; bool thread = false; };\n");
  tree.write("names.cpp", "#include \"names.h\"\nint f(const Fork& fork) { return fork.child + fork.thread; }\nbool g(Method m) { return m == Method::fork; }\nint h() { int async = 1; return async; }\n");
  CHECK(tree.relevant().empty());
  tree.write("a.cpp", "#include <thread>\nint a() { std::thread([] {}).join(); return 1; }\n");
  tree.write("b.cpp", "using namespace std;\nint b() { thread([] {}).join(); return 1; }\n").write("c.cpp", "using std::thread;\nint c() { thread([] {}).join(); return 1; }\n");
  tree.write("d.cpp", "namespace library = std;\nint d() { library::thread([] {}).join(); return 1; }\n").write("e.cpp", "int e(Y* y) { return y->thread(); }\n");
  CHECK(tree.relevant() == "a.cpp b.cpp c.cpp d.cpp");
}

TEST_CASE("of what threads run matters what they begin with, and the way to locks") {
  Tree tree;
  tree.write("run.h", "void entry();\nvoid far();\nvoid farther();\nvoid way();\nvoid locks();\n");
  tree.write("start.cpp", "#include <thread>\n#include \"run.h\"\nvoid start() { std::thread(entry).detach(); }\n").write("entry.cpp", "#include \"run.h\"\nvoid entry() { far(); way(); }\n");
  tree.write("far.cpp", "#include \"run.h\"\nvoid far() { farther(); }\n").write("farther.cpp", "#include \"run.h\"\nvoid farther() {}\n");
  tree.write("way.cpp", "#include \"run.h\"\nvoid way() { locks(); }\n").write("locks.cpp", "#include <mutex>\n#include \"run.h\"\nstatic std::mutex lock;\nvoid locks() { std::lock_guard guard(lock); }\n");
  CHECK(tree.relevant() == "start.cpp entry.cpp way.cpp locks.cpp");
}

TEST_CASE("another program runs no code of this one, and the initialisers of a constructor are no functions") {
  Tree tree;
  tree.write("run.h", "struct Run { Run(int a, int b) noexcept; int first_, second_; void go(); };\nvoid after();\n");
  tree.write("run.cpp", "#include \"run.h\"\nRun::Run(int a, int b) noexcept : first_{a}, second_(b) { system(\"true\"); }\nvoid Run::go() { after(); }\n");
  tree.write("after.cpp", "#include \"run.h\"\nvoid after() {}\n").write("reader.cpp", "#include \"run.h\"\nint reader(Run& run) { return run.first_ + run.second_; }\n");
  tree.write("maker.cpp", "#include \"run.h\"\nvoid maker() { Run run(1, 2); run.go(); }\n");
  CHECK(tree.relevant() == "run.cpp maker.cpp run.h");
}

TEST_CASE("where flags are guessed, headers of known libraries come from the greatest folder that is there") {
  Tree tree;
  tree.write("uses.cpp", "#include <lib/x.h>\nint uses() { return 1; }\n").write("v1.9/lib/x.h", "", false).write("v1.11/lib/x.h", "", false);
  knowledge::Knowledge knowledge;
  const std::string folder = tree.path.string();
  REQUIRE(knowledge.add("[[native]]\nnames = [\"lib::*\"]\nheaders = [\"lib/\"]\nheader-folders = [\"" + folder + "/v1.*\", \"" + folder + "/absent\"]\n"
                        "[[native]]\nnames = [\"other::*\"]\nheaders = [\"other/\"]\nheader-folders = [\"" + folder + "\"]\n", "mine.toml"));
  const std::vector<std::string> words = units::plan_units(tree.files, {}, &knowledge.natives()).sources[0].command.arguments;
  CHECK(words == std::vector<std::string>{"c++", "-isystem", folder + "/v1.11"});
}
