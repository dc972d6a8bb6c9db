// Streams, exit handlers and descriptors in small files of C, and what `forklint facts` says of them.
#pragma once

namespace forklint::tests::sources {

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
