// C: what each paragraph of the frontend's README says.
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/cpp/tree.h"

using namespace forklint;
using tests::tree_of_c;

TEST_CASE("functions of libc have one name, static ones that of their file") {
  CHECK(tree_of_c(R"(
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
static int helper(void) { return 1; }
int f(const char *name) { open64(name, O_RDONLY); __builtin_printf("x"); if (helper()) __builtin_unreachable(); return helper(); }
)", "f") == R"(call (read "open") (read "name") (number "0")
call (read "printf") (string "x")
then_arm (call (read "helper@a.c")) {
  call (read "__builtin_unreachable")
}
return_ (call (read "helper@a.c"))
)");
}

TEST_CASE("a fork in a condition is bound, compared and branched on") {
  CHECK(tree_of_c(R"(
#include <unistd.h>
int main(void) {
  pid_t pid;
  if ((pid = fork()) == 0) { execlp("ls", "ls", (char *)0); _exit(127); }
  else if (pid < 0) return 1;
  return 0;
}
)", "main") == R"(bind "pid" (call (read "fork"))
then_arm (compare "==" (call (read "fork")) (number "0")) {
  call (read "execlp") (string "ls") (string "ls") (null)
  call (read "_exit") (number "127")
}
else_arm (compare "==" (call (read "fork")) (number "0")) {
  then_arm (compare "<" (read "pid") (number "0")) {
    return_ (number "1")
  }
}
return_ (number "0")
)");
}

TEST_CASE("assignments bind, set attributes and subscripts; pointers and addresses are unary") {
  CHECK(tree_of_c(R"(
struct point { int x; int a[4]; };
int counter;
void f(struct point *p, int *q) {
  struct point here = {.x = 1};
  p->x = here.x;
  here.a[2] = *q;
  *q = counter;
  counter += 2;
  p->x++;
  q = &counter;
}
)", "f") == R"(bind "here" (call (read "point") x=(number "1"))
set_attribute "point::x" (read "p") (attribute "point::x" (read "here"))
set_subscript (attribute "point::a" (read "here")) (number "2") (unary "*" (read "q"))
set_subscript (read "q") (number "0") (read "counter")
augment "counter" (number "2")
attribute "point::x" (read "p")
augment_attribute "point::x" (read "p") (number "1")
bind "q" (unary "&" (read "counter"))
)");
}

TEST_CASE("a switch: labels are conditions, what falls through adds them, default comes last") {
  CHECK(tree_of_c(R"(
int g(int);
void f(int n) {
  switch (n) {
    default: g(9); break;
    case 1: case 2: g(1); break;
    case 3: g(3);
    case 4: g(4); if (n) break; g(5); break;
  }
}
)", "f") == R"(then_arm (boolean_operation "or" (compare "==" (read "n") (number "1")) (compare "==" (read "n") (number "2"))) {
  call (read "g") (number "1")
}
then_arm (compare "==" (read "n") (number "3")) {
  call (read "g") (number "3")
}
then_arm (boolean_operation "or" (compare "==" (read "n") (number "3")) (compare "==" (read "n") (number "4"))) {
  call (read "g") (number "4")
  then_arm (read "n") {
    break_ "switch"
  }
  call (read "g") (number "5")
}
else_arm (boolean_operation "or" (compare "==" (read "n") (number "3")) (compare "==" (read "n") (number "4"))) {
  call (read "g") (number "9")
}
)");
}

TEST_CASE("all arms of a switch share one statement, and a break in the middle names it") {
  const auto facts = tests::facts_of({.text = "int g(void); void f(int n) { switch (n) { case 0: g(); break; case 1: if (n) break; g(); break; default: g(); } }"});
  REQUIRE(facts.size() == 1);
  std::vector<uint32_t> statements;
  for (const facts::Region& region : facts[0].regions)
    if (region.parent == facts::none) statements.push_back(region.statement);
  REQUIRE(statements.size() == 3);
  CHECK(statements == std::vector<uint32_t>(3, statements[0]));
  for (const facts::Event& event : facts[0].events)
    if (event.op == facts::Op::break_) CHECK(event.extra == statements[0]);
}

TEST_CASE("loops hold their condition; a do around a macro's body is none") {
  CHECK(tree_of_c(R"(
int g(int);
#define TWICE(x) do { g(x); g(x); } while (0)
void f(int n) {
  for (int i = 0; i < n; i++) g(i);
  while (g(n)) continue;
  do g(n); while (n);
  TWICE(7);
}
)", "f") == R"(bind "i" (number "0")
loop {
  compare "<" (read "i") (read "n")
  call (read "g") (read "i")
  read "i"
  augment "i" (number "1")
}
loop {
  call (read "g") (read "n")
  continue_
}
loop {
  call (read "g") (read "n")
  read "n"
}
call (read "g") (number "7")
call (read "g") (number "7")
)");
}

TEST_CASE("constants are one number: macros, enumerators, expressions") {
  CHECK(tree_of_c(R"(
#include <signal.h>
enum { four = 4 };
void g(int, ...);
void f(void) { g(SIGCHLD, four + 1, sizeof(char) * 3, 'a', -1); signal(SIGCHLD, SIG_IGN); }
)", "f") == R"(call (read "g") (number "17") (number "5") (number "3") (number "97") (number "-1")
call (read "signal") (number "17") (number "1")
)");
}

TEST_CASE("the second variable of a name has a number; static ones are known by their function") {
  CHECK(tree_of_c(R"(
int f(void) {
  static int calls = 0;
  int n = 1;
  { int n = 2; calls = n; }
  return n;
}
)", "f") == R"(bind "f::calls" (number "0")
bind "n" (number "1")
bind "n#2" (number "2")
bind "f::calls" (read "n#2")
return_ (read "n")
)");
}

TEST_CASE("attributes decorate; a function and its address are one; calls through pointers are calls of a value") {
  const auto facts = tests::facts_of({.text = R"(
#include <stdlib.h>
struct ops { void (*run)(int); };
static void work(int n) { (void)n; }
__attribute__((constructor)) static void init(void) {}
__attribute__((noreturn)) void die(void) { abort(); }
struct ops table = {.run = &work};
void f(struct ops *o) { o->run(1); (*o->run)(2); }
)"});
  REQUIRE(facts.size() == 1);
  CHECK(tests::tree(facts[0], "") == R"(bind "ops" (class_ "ops")
bind "work@a.c" (function "work@a.c")
bind "init@a.c" (decorate (read "constructor") (function "init@a.c"))
bind "die" (decorate (read "noreturn") (function "die"))
bind "table" (call (read "ops") run=(read "work@a.c"))
bind "f" (function "f")
)");
  CHECK(tests::tree(facts[0], "f") == R"(call (attribute "ops::run" (read "o")) (number "1")
call (attribute "ops::run" (read "o")) (number "2")
)");
}

TEST_CASE("behind a call of what is only declared never to return it is said so") {
  CHECK(tree_of_c(R"(
#include <stdlib.h>
void die(int code) __attribute__((noreturn));
__attribute__((noreturn)) void stop(void) { abort(); }
void f(int a) {
  if (a) die(1);
  stop();
}
)", "f") == R"(then_arm (read "a") {
  call (read "die") (number "1")
  unknown "noreturn"
}
call (read "stop")
)");
}

TEST_CASE("goto and labels are unknown, with their names; conditions in expressions have arms") {
  CHECK(tree_of_c(R"(
int f(int a, int b) {
  if (a && !b) goto out;
  return a ? b : 3;
out:
  return 0;
}
)", "f") == R"(then_arm (read "a") {
}
then_arm (boolean_operation "and" (read "a") (unary "not" (read "b"))) {
  unknown "goto out"
}
then_arm (read "a") {
}
else_arm (read "a") {
}
return_ (conditional (read "a") (read "b") (number "3"))
unknown "label out"
return_ (number "0")
)");
}

TEST_CASE("what comes out of a macro stands at its use") {
  const std::string text = "int g(int);\n#define CALL(x) g(x)\nvoid f(void) { CALL(3); }\n";
  const auto facts = tests::facts_of({.text = text});
  REQUIRE(facts.size() == 1);
  for (const facts::Event& event : facts[0].events) {
    if (event.op == facts::Op::call) CHECK(text.substr(event.span.begin, event.span.end - event.span.begin) == "CALL(3)");
    if (event.op == facts::Op::number) CHECK(text.substr(event.span.begin, event.span.end - event.span.begin) == "3");
  }
}

TEST_CASE("functions in headers have facts of their own") {
  const auto facts = tests::facts_of({.text = "#include \"b.h\"\nint f(void) { return twice(2); }\n// file b.h\nstatic inline int twice(int n) { return 2 * n; }\n"});
  REQUIRE(facts.size() == 2);
  CHECK(tests::tree(facts[0], "twice@b.h") == "return_ (binary \"*\" (number \"2\") (read \"n\"))\n");
  CHECK(tests::tree(facts[1], "f") == "return_ (call (read \"twice@b.h\") (number \"2\"))\n");
}

TEST_CASE("errors leave names, and a problem at their place") {
  const auto facts = tests::facts_of({.text = "#include <nothing.h>\nint f(void) { return missing(1) + fork(); }\n"});
  REQUIRE(facts.size() == 1);
  CHECK_FALSE(facts[0].problems.empty());
  CHECK(tests::tree(facts[0], "f").find("(read \"fork\")") != std::string::npos);
}

TEST_CASE("comments that speak to us, with the lines of their statement") {
  const std::string text = "int g(int, int);\nvoid f(void) {\n  g(1,\n    2);  // NOLINT(PSM603)\n  // forklint: ignore\n  g(3, 4);  // nothing\n}\n";
  const auto facts = tests::facts_of({.text = text});
  REQUIRE(facts.size() == 1);
  REQUIRE(facts[0].comments.size() == 2);
  const facts::Span statement = facts[0].comments[0].statement;
  CHECK(text.substr(statement.begin, 4) == "g(1,");
  CHECK(facts[0].comments[1].statement == facts[0].comments[1].span);
}

TEST_CASE("deep nesting ends in a problem, not in a crash") {
  std::string text = "int g(int);\nint f(int a) { return 0";
  for (int i = 0; i < 20000; ++i) text += " + a";
  text += "; }\nint h(int a) {\n";
  for (int i = 0; i < 500; ++i) text += "if (a == " + std::to_string(i) + ") g(a); else ";
  text += "g(0); return 0; }\n";
  const auto facts = tests::facts_of({.text = text});
  REQUIRE(facts.size() == 1);
  CHECK(facts[0].events.size() > 40000);
}
