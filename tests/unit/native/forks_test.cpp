// Which code only the child runs, in every way of asking for the result of a fork.
#include "tests/unit/native/program.h"

using forklint::model::native::dump;
using forklint::tests::Program;

namespace {

// int main() { pid = fork(); BODY }, with the result in %4 and `pid`; events of BODY count from 7.
std::string main_with(const std::string& body) {
  return R"(
scope 0 module ""
  %0 function "main" extra 1
  %1 bind "main" %0
scope 1 function "main" parent 0 by %0
  %2 read "pid_t"
  %3 declare "pid" %2
  %4 read "fork"
  %5 call %4
  %6 bind "pid" %5
)" + body;
}

std::string call(int id, const std::string& name) {
  return "%" + std::to_string(id) + " read \"" + name + "\"\n%" + std::to_string(id + 1) + " call %" + std::to_string(id) + "\n";
}

std::string only_line(const Program& program) {
  std::string text = dump(*program, "main");
  return text.substr(text.find("\n  ") + 3);
}

}  // namespace

TEST_CASE("the child is the arm of pid == 0") {
  Program program({main_with(R"(
  %7 read "pid"
  %8 number "0"
  %9 compare "==" %7 %8
  then_arm #0 %9 {
)" + call(10, "printf") + call(12, "_exit") + "}\n" + call(14, "wait"))});
  CHECK(only_line(program) == "fork %5 child printf _exit, now\n");
}

TEST_CASE("the child is the arm of !pid, and may run on") {
  Program program({main_with(R"(
  %7 read "pid"
  %8 unary "not" %7
  then_arm #0 %8 {
)" + call(9, "printf") + "}\n" + call(11, "wait"))});
  CHECK(only_line(program) == "fork %5 child printf, shared, main ends\n");
}

TEST_CASE("the child is the else of if (pid)") {
  Program program({main_with(R"(
  %7 read "pid"
  then_arm #0 %7 {
)" + call(8, "wait") + "}\n else_arm #0 %7 {\n" + call(10, "execv") + call(12, "_exit") + "}\n")});
  CHECK(only_line(program) == "fork %5 child execv _exit, exec, now\n");
}

TEST_CASE("the child is what is left when failure and parent returned") {
  Program program({main_with(R"(
  %7 read "pid"
  %8 number "-1"
  %9 compare "==" %7 %8
  then_arm #0 %9 {
    %10 return_
  }
  %11 read "pid"
  %12 number "0"
  %13 compare ">" %11 %12
  then_arm #1 %13 {
)" + call(14, "wait") + "%16 return_\n}\n" + call(17, "execl") + call(19, "_exit"))});
  CHECK(only_line(program) == "fork %5 child execl _exit, exec, now\n");
}

TEST_CASE("the child is the case 0 of a switch") {
  Program program({main_with(R"(
  %7 read "pid"
  %8 number "-1"
  %9 compare "==" %7 %8
  then_arm #0 %9 {
)" + call(10, "perror") + R"( }
  %12 number "0"
  %13 compare "==" %7 %12
  then_arm #0 %13 {
)" + call(14, "puts") + call(16, "_exit") + R"( }
  else_arm #0 %13 {
)" + call(18, "wait") + "}\n")});
  CHECK(only_line(program) == "fork %5 child puts _exit, now\n");
}

TEST_CASE("a failed fork is not the default of a switch that has a case for it") {
  Program program({main_with(R"(
  %7 read "pid"
  %8 number "-1"
  %9 compare "==" %7 %8
  then_arm #0 %9 {
)" + call(10, "perror") + R"( }
  %12 number "0"
  %13 compare "==" %7 %12
  then_arm #0 %13 {
)" + call(14, "_exit") + R"( }
  else_arm #0 %13 {
)" + call(16, "kill") + "}\n")});
  const auto& site = program->forks().sites().at(0);
  CHECK(program->forks().sides_at(site, 11) == forklint::model::native::side_failed);
  CHECK(program->forks().sides_at(site, 17) == forklint::model::native::side_parent);
}

TEST_CASE("a daemon's parent is gone: the child is the program") {
  Program program({main_with(R"(
  %7 read "pid"
  %8 number "0"
  %9 compare ">" %7 %8
  then_arm #0 %9 {
)" + call(10, "_exit") + "}\n" + call(12, "setsid") + call(14, "printf"))});
  CHECK(only_line(program) == "fork %5 heir child, main ends\n");
}

TEST_CASE("a function that returns the result is a fork of its callers") {
  Program program({R"(
scope 0 module ""
  %0 function "start" extra 1
  %1 bind "start" %0
  %2 function "main" extra 2
  %3 bind "main" %2
scope 1 function "start" parent 0 by %0
  %4 read "fork"
  %5 call %4
  %6 bind "p" %5
  %7 read "p"
  %8 return_ %7
scope 2 function "main" parent 0 by %2
  %9 read "start"
  %10 call %9
  %11 number "0"
  %12 compare "==" %10 %11
  then_arm #0 %12 {
    %13 read "puts"
    %14 call %13
    %15 read "exit"
    %16 call %15
  }
  %17 read "wait"
  %18 call %17
)"});
  CHECK(only_line(program) == "fork %10 child puts exit, cleanup\n");
  CHECK(dump(*program, "start") == "start: forks (fork)\n  fork %5 returned untested child, returns\n");
}

TEST_CASE("a loop around a fork: the child runs on into the next round") {
  Program program({R"(
scope 0 module ""
  %0 function "main" extra 1
  %1 bind "main" %0
scope 1 function "main" parent 0 by %0
  %2 read "n"
  loop #0 %2 {
    %3 read "fork"
    %4 call %3
    %5 number "0"
    %6 compare "==" %4 %5
    then_arm #1 %6 {
      %7 read "puts"
      %8 call %7
    }
    %9 read "usleep"
    %10 call %9
  }
)"});
  CHECK(only_line(program) == "fork %4 child puts, shared, main ends\n");
}

TEST_CASE("effects come with the shortest way, and a child's are not its parent's") {
  Program program({R"(
scope 0 module ""
  %0 function "run" extra 1
  %1 bind "run" %0
  %2 function "main" extra 2
  %3 bind "main" %2
scope 1 function "run" parent 0 by %0
  %4 read "fork"
  %5 call %4
  %6 bind "p" %5
  %7 read "p"
  %8 number "0"
  %9 compare "==" %7 %8
  then_arm #0 %9 {
    %10 read "setenv"
    %11 call %10
    %12 read "execv"
    %13 call %12
    %14 read "_exit"
    %15 call %14
  }
  %16 read "waitpid"
  %17 call %16
scope 2 function "main" parent 0 by %2
  %18 read "run"
  %19 call %18
  %20 read "pthread_create"
  %21 call %20
)"});
  CHECK(dump(*program, "main") == "main: forks (run > fork), starts-thread (pthread_create), repaired (pthread_create), execs (run > execv), waits (run > waitpid)\n");
}
