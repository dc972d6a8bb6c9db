// Small files of C and what `forklint facts` says of them.
#pragma once

namespace forklint::tests::sources {

// static pthread_mutex_t lock, other;
// static void update(void) { pthread_mutex_lock(&lock); }
// void *work(void *p) { pthread_mutex_lock(&other); return p; }
// int main(void) {
//   pthread_create(0, 0, work, 0);
//   pthread_mutex_lock(&lock);
//   if (fork() == 0) { update(); pthread_mutex_lock(&other); _exit(0); }
//   pthread_mutex_unlock(&lock);
// }
inline constexpr const char* held = R"facts(
scope 0 module ""
  %0 read "pthread_mutex_t"
  %1 declare "lock@held.c" %0
  %2 read "pthread_mutex_t"
  %3 declare "other@held.c" %2
  %4 function "update@held.c" extra 1
  %5 bind "update@held.c" %4
  %6 read "void"
  %7 unary "*" %6
  %8 function "work" extra 2
  %9 bind "work" %8
  %10 function "main" extra 3
  %11 bind "main" %10
scope 1 function "update@held.c" parent 0 by %4
  %12 read "pthread_mutex_lock"
  %13 read "lock@held.c"
  %14 unary "&" %13
  %15 call %12 %14
scope 2 function "work" parent 0 by %8
  parameter "p" positional : %7
  %16 read "pthread_mutex_lock"
  %17 read "other@held.c"
  %18 unary "&" %17
  %19 call %16 %18
  %20 read "p"
  %21 return_ %20
scope 3 function "main" parent 0 by %10
  %22 read "pthread_create"
  %23 null
  %24 null
  %25 read "work"
  %26 null
  %27 call %22 %23 %24 %25 %26
  %28 read "pthread_mutex_lock"
  %29 read "lock@held.c"
  %30 unary "&" %29
  %31 call %28 %30
  %32 read "fork"
  %33 call %32
  %34 number "0"
  %35 compare "==" %33 %34
  then_arm #0 %35 {
    %36 read "update@held.c"
    %37 call %36
    %38 read "pthread_mutex_lock"
    %39 read "other@held.c"
    %40 unary "&" %39
    %41 call %38 %40
    %42 read "_exit"
    %43 number "0"
    %44 call %42 %43
  }
  %45 read "pthread_mutex_unlock"
  %46 read "lock@held.c"
  %47 unary "&" %46
  %48 call %45 %47
)facts";

// static pthread_mutex_t lock, other;
// static void take(void) { pthread_mutex_lock(&lock); }
// int main(void) { pthread_atfork(take, take, take); }
inline constexpr const char* handlers = R"facts(
scope 0 module ""
  %0 read "pthread_mutex_t"
  %1 declare "lock@handlers.c" %0
  %2 read "pthread_mutex_t"
  %3 declare "other@handlers.c" %2
  %4 function "take@handlers.c" extra 1
  %5 bind "take@handlers.c" %4
  %6 function "main" extra 2
  %7 bind "main" %6
scope 1 function "take@handlers.c" parent 0 by %4
  %8 read "pthread_mutex_lock"
  %9 read "lock@handlers.c"
  %10 unary "&" %9
  %11 call %8 %10
scope 2 function "main" parent 0 by %6
  %12 read "pthread_atfork"
  %13 read "take@handlers.c"
  %14 read "take@handlers.c"
  %15 read "take@handlers.c"
  %16 call %12 %13 %14 %15
)facts";

// static void failed(void) { syslog(3, "x"); abort(); }
// void *work(void *p) { setenv("a", "b", 1); failed(); return p; }
// void unused(void) { tzset(); }
// int main(void) { pthread_create(0, 0, work, 0); tzset(); fork(); }
inline constexpr const char* taken = R"facts(
scope 0 module ""
  %0 function "failed@taken.c" extra 1
  %1 bind "failed@taken.c" %0
  %2 read "void"
  %3 unary "*" %2
  %4 function "work" extra 2
  %5 bind "work" %4
  %6 function "unused" extra 3
  %7 bind "unused" %6
  %8 function "main" extra 4
  %9 bind "main" %8
scope 1 function "failed@taken.c" parent 0 by %0
  %10 read "syslog"
  %11 number "3"
  %12 string "x"
  %13 call %10 %11 %12
  %14 read "abort"
  %15 call %14
scope 2 function "work" parent 0 by %4
  parameter "p" positional : %3
  %16 read "setenv"
  %17 string "a"
  %18 string "b"
  %19 number "1"
  %20 call %16 %17 %18 %19
  %21 read "failed@taken.c"
  %22 call %21
  %23 read "p"
  %24 return_ %23
scope 3 function "unused" parent 0 by %6
  %25 read "tzset"
  %26 call %25
scope 4 function "main" parent 0 by %8
  %27 read "pthread_create"
  %28 null
  %29 null
  %30 read "work"
  %31 null
  %32 call %27 %28 %29 %30 %31
  %33 read "tzset"
  %34 call %33
  %35 read "fork"
  %36 call %35
)facts";

// void start(void *(*run)(void *)) { pthread_create(0, 0, run, 0); }
// int main(void) { start(0); }
inline constexpr const char* unknown_thread = R"facts(
scope 0 module ""
  %0 read "void *(void *)"
  %1 unary "*" %0
  %2 function "start" extra 1
  %3 bind "start" %2
  %4 function "main" extra 2
  %5 bind "main" %4
scope 1 function "start" parent 0 by %2
  parameter "run" positional : %1
  %6 read "pthread_create"
  %7 null
  %8 null
  %9 read "run"
  %10 null
  %11 call %6 %7 %8 %9 %10
scope 2 function "main" parent 0 by %4
  %12 read "start"
  %13 null
  %14 call %12 %13
)facts";

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

// static void entry(FILE *file) { fputs("x", file); }
// static void describe(FILE *file) { entry(file); }
// void out(void) { describe(stdout); }
// void error(void) { describe(stderr); }
inline constexpr const char* streams = R"facts(
scope 0 module ""
  %0 read "FILE"
  %1 unary "*" %0
  %2 function "entry@streams.c" extra 1
  %3 bind "entry@streams.c" %2
  %4 read "FILE"
  %5 unary "*" %4
  %6 function "describe@streams.c" extra 2
  %7 bind "describe@streams.c" %6
  %8 function "out" extra 3
  %9 bind "out" %8
  %10 function "error" extra 4
  %11 bind "error" %10
scope 1 function "entry@streams.c" parent 0 by %2
  parameter "file" positional : %1
  %12 read "fputs"
  %13 string "x"
  %14 read "file"
  %15 call %12 %13 %14
scope 2 function "describe@streams.c" parent 0 by %6
  parameter "file" positional : %5
  %16 read "entry@streams.c"
  %17 read "file"
  %18 call %16 %17
scope 3 function "out" parent 0 by %8
  %19 read "describe@streams.c"
  %20 read "stdout"
  %21 call %19 %20
scope 4 function "error" parent 0 by %10
  %22 read "describe@streams.c"
  %23 read "stderr"
  %24 call %22 %23
)facts";

// static void flush(void) { fflush(stdout); fclose(stdout); }
// static void forget(void) { unlink("x"); }
// void tidy(void) { atexit(flush); }
// void untidy(void) { atexit(forget); }
inline constexpr const char* exits = R"facts(
scope 0 module ""
  %0 function "flush@exits.c" extra 1
  %1 bind "flush@exits.c" %0
  %2 function "forget@exits.c" extra 2
  %3 bind "forget@exits.c" %2
  %4 function "tidy" extra 3
  %5 bind "tidy" %4
  %6 function "untidy" extra 4
  %7 bind "untidy" %6
scope 1 function "flush@exits.c" parent 0 by %0
  %8 read "fflush"
  %9 read "stdout"
  %10 call %8 %9
  %11 read "fclose"
  %12 read "stdout"
  %13 call %11 %12
scope 2 function "forget@exits.c" parent 0 by %2
  %14 read "unlink"
  %15 string "x"
  %16 call %14 %15
scope 3 function "tidy" parent 0 by %4
  %17 read "atexit"
  %18 read "flush@exits.c"
  %19 call %17 %18
scope 4 function "untidy" parent 0 by %6
  %20 read "atexit"
  %21 read "forget@exits.c"
  %22 call %20 %21
)facts";

// void flushed(void) { fflush(0); fork(); }
// void unflushed(void) { fork(); }
// int main(void) { puts("x"); flushed(); puts("y"); unflushed(); }
inline constexpr const char* callee = R"facts(
scope 0 module ""
  %0 function "flushed" extra 1
  %1 bind "flushed" %0
  %2 function "unflushed" extra 2
  %3 bind "unflushed" %2
  %4 function "main" extra 3
  %5 bind "main" %4
scope 1 function "flushed" parent 0 by %0
  %6 read "fflush"
  %7 null
  %8 call %6 %7
  %9 read "fork"
  %10 call %9
scope 2 function "unflushed" parent 0 by %2
  %11 read "fork"
  %12 call %11
scope 3 function "main" parent 0 by %4
  %13 read "puts"
  %14 string "x"
  %15 call %13 %14
  %16 read "flushed"
  %17 call %16
  %18 read "puts"
  %19 string "y"
  %20 call %18 %19
  %21 read "unflushed"
  %22 call %21
)facts";

// struct worker { int number; };
// static struct worker first = {1};
// int worker(int number) { return fork() + number; }
inline constexpr const char* structure = R"facts(
scope 0 module ""
  %0 class_ "worker" extra 1
  %1 bind "worker" %0
  %2 read "worker"
  %3 declare "first@structure.c" %2
  %4 read "worker"
  %5 number "1"
  %6 call %4 number=%5
  %7 bind "first@structure.c" %6
  %8 read "int"
  %9 function "worker" extra 2
  %10 bind "worker" %9
scope 1 class "worker" parent 0 by %0
  %11 read "int"
  %12 declare "worker::number" %11
scope 2 function "worker" parent 0 by %9
  parameter "number" positional : %8
  %13 read "fork"
  %14 call %13
  %15 read "number"
  %16 binary "+" %14 %15
  %17 return_ %16
)facts";

// void inner(int a, int fd) { close(fd); sleep(a); }
// void outer(int fd) { inner(1, fd); }
// int main(void) { outer(7); }
inline constexpr const char* closes = R"facts(
scope 0 module ""
  %0 read "int"
  %1 read "int"
  %2 function "inner" extra 1
  %3 bind "inner" %2
  %4 read "int"
  %5 function "outer" extra 2
  %6 bind "outer" %5
  %7 function "main" extra 3
  %8 bind "main" %7
scope 1 function "inner" parent 0 by %2
  parameter "a" positional : %0
  parameter "fd" positional : %1
  %9 read "close"
  %10 read "fd"
  %11 call %9 %10
  %12 read "sleep"
  %13 read "a"
  %14 call %12 %13
scope 2 function "outer" parent 0 by %5
  parameter "fd" positional : %4
  %15 read "inner"
  %16 number "1"
  %17 read "fd"
  %18 call %15 %16 %17
scope 3 function "main" parent 0 by %7
  %19 read "outer"
  %20 number "7"
  %21 call %19 %20
)facts";

}  // namespace forklint::tests::sources
