// Forks and what their children do in small files of C, and what `forklint facts` says of them.
#pragma once

namespace forklint::tests::sources {

// int deliver(void) {
//   int forked = 0;
//   for (int i = 0; i < 2; i++) {
//     if (fork() == 0) { forked++; continue; }
//     sleep(1);
//   }
//   if (forked) _exit(0);
//   return 0;
// }
inline constexpr const char* counts = R"facts(
scope 0 module ""
  %0 function "deliver" extra 1
  %1 bind "deliver" %0
scope 1 function "deliver" parent 0 by %0
  %2 read "int"
  %3 declare "forked" %2
  %4 number "0"
  %5 bind "forked" %4
  %6 read "int"
  %7 declare "i" %6
  %8 number "0"
  %9 bind "i" %8
  loop #0 %12 {
    %10 read "i"
    %11 number "2"
    %12 compare "<" %10 %11
    %13 read "fork"
    %14 call %13
    %15 number "0"
    %16 compare "==" %14 %15
    then_arm #1 %16 {
      %17 read "forked"
      %18 number "1"
      %19 augment "forked" %18
      %20 continue_
    }
    %21 read "sleep"
    %22 number "1"
    %23 call %21 %22
    %24 read "i"
    %25 number "1"
    %26 augment "i" %25
  }
  %27 read "forked"
  then_arm #2 %27 {
    %28 read "_exit"
    %29 number "0"
    %30 call %28 %29
  }
  %31 number "0"
  %32 return_ %31
)facts";

// struct context { int pid; };
// int note(struct context *c) {
//   if (fork() == 0) c->pid = getpid();
//   return 0;
// }
inline constexpr const char* note = R"facts(
scope 0 module ""
  %0 class_ "context" extra 1
  %1 bind "context" %0
  %2 read "context"
  %3 unary "*" %2
  %4 function "note" extra 2
  %5 bind "note" %4
scope 1 class "context" parent 0 by %0
  %6 read "int"
  %7 declare "context::pid" %6
scope 2 function "note" parent 0 by %4
  parameter "c" positional : %3
  %8 read "fork"
  %9 call %8
  %10 number "0"
  %11 compare "==" %9 %10
  then_arm #0 %11 {
    %12 read "getpid"
    %13 call %12
    %14 read "c"
    %15 set_attribute "context::pid" %14 %13
  }
  %16 number "0"
  %17 return_ %16
)facts";

// struct context { int pid; };
// int is_child(struct context *c) { return c->pid; }
inline constexpr const char* reader = R"facts(
scope 0 module ""
  %0 class_ "context" extra 1
  %1 bind "context" %0
  %2 read "context"
  %3 unary "*" %2
  %4 function "is_child" extra 2
  %5 bind "is_child" %4
scope 1 class "context" parent 0 by %0
  %6 read "int"
  %7 declare "context::pid" %6
scope 2 function "is_child" parent 0 by %4
  parameter "c" positional : %3
  %8 read "c"
  %9 attribute "context::pid" %8
  %10 return_ %9
)facts";

// int fork_or_end(void) { int pid = fork(); if (pid < 0) err(1, "x"); return pid; }
// int main(void) { int child = fork_or_end(); if (child > 0) return 0; sleep(1); _exit(0); }
inline constexpr const char* ends = R"facts(
scope 0 module ""
  %0 function "fork_or_end" extra 1
  %1 bind "fork_or_end" %0
  %2 function "main" extra 2
  %3 bind "main" %2
scope 1 function "fork_or_end" parent 0 by %0
  %4 read "int"
  %5 declare "pid" %4
  %6 read "fork"
  %7 call %6
  %8 bind "pid" %7
  %9 read "pid"
  %10 number "0"
  %11 compare "<" %9 %10
  then_arm #0 %11 {
    %12 read "err"
    %13 number "1"
    %14 string "x"
    %15 call %12 %13 %14
  }
  %16 read "pid"
  %17 return_ %16
scope 2 function "main" parent 0 by %2
  %18 read "int"
  %19 declare "child" %18
  %20 read "fork_or_end"
  %21 call %20
  %22 bind "child" %21
  %23 read "child"
  %24 number "0"
  %25 compare ">" %23 %24
  then_arm #1 %25 {
    %26 number "0"
    %27 return_ %26
  }
  %28 read "sleep"
  %29 number "1"
  %30 call %28 %29
  %31 read "_exit"
  %32 number "0"
  %33 call %31 %32
)facts";

// int maps(const char *users) {
//   if (users) {
//     int pid = fork();
//     if (pid == 0 && users) _exit(0);
//   }
//   sleep(1);
//   return 0;
// }
inline constexpr const char* known = R"facts(
scope 0 module ""
  %0 read "char"
  %1 unary "*" %0
  %2 function "maps" extra 1
  %3 bind "maps" %2
scope 1 function "maps" parent 0 by %2
  parameter "users" positional : %1
  %4 read "users"
  then_arm #0 %4 {
    %5 read "int"
    %6 declare "pid" %5
    %7 read "fork"
    %8 call %7
    %9 bind "pid" %8
    %10 read "pid"
    %11 number "0"
    %12 compare "==" %10 %11
    then_arm #1 %12 {
      %13 read "users"
    }
    %14 boolean_operation "and" %12 %13
    then_arm #2 %14 {
      %15 read "_exit"
      %16 number "0"
      %17 call %15 %16
    }
  }
  %18 read "sleep"
  %19 number "1"
  %20 call %18 %19
  %21 number "0"
  %22 return_ %21
)facts";

}  // namespace forklint::tests::sources
