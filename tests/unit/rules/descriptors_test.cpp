// leaked-descriptor on small files of C, as `forklint facts` prints them.
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/rules/findings.h"

using namespace forklint::tests;


namespace {

// static int listener;
// static void close_at_exec(int fd) { fcntl(fd, F_SETFD, fcntl(fd, F_GETFD) | FD_CLOEXEC); }
// static void seal(int fd) { close_at_exec(fd); }
// int main(void) {
//   listener = socket(AF_INET, SOCK_STREAM, 0);
//   WRAPPER(listener);
//   execl("/bin/true", "true", (char *)0);
// }
std::string opens_and(const std::string& wrapper) {
  return R"facts(
language c
scope 0 module ""
  %0 read "int"
  %1 declare "listener@w.c" %0
  %2 read "int"
  %3 function "close_at_exec@w.c" extra 1
  %4 bind "close_at_exec@w.c" %3
  %5 read "int"
  %6 function "seal@w.c" extra 2
  %7 bind "seal@w.c" %6
  %8 function "main" extra 3
  %9 bind "main" %8
scope 1 function "close_at_exec@w.c" parent 0 by %3
  parameter "fd" positional : %2
  %10 read "fcntl"
  %11 read "fd"
  %12 number "2"
  %13 read "fcntl"
  %14 read "fd"
  %15 number "1"
  %16 call %13 %14 %15
  %17 number "1"
  %18 binary "|" %16 %17
  %19 call %10 %11 %12 %18
scope 2 function "seal@w.c" parent 0 by %6
  parameter "fd" positional : %5
  %20 read "close_at_exec@w.c"
  %21 read "fd"
  %22 call %20 %21
scope 3 function "main" parent 0 by %8
  %23 read "socket"
  %24 number "2"
  %25 number "1"
  %26 number "0"
  %27 call %23 %24 %25 %26
  %28 bind "listener@w.c" %27
  %29 read ")facts" + wrapper + R"facts("
  %30 read "listener@w.c"
  %31 call %29 %30
  %32 read "execl"
  %33 string "/bin/true"
  %34 string "true"
  %35 null
  %36 call %32 %33 %34 %35
)facts";
}

}  // namespace

TEST_CASE("leaked-descriptor: a function that sets the flag on its parameter sees to the descriptor, however far away it does") {
  using forklint::rules::leaked_descriptor;
  CHECK(found(leaked_descriptor, opens_and("close_at_exec@w.c")).empty());
  CHECK(found(leaked_descriptor, opens_and("seal@w.c")).empty());
  CHECK(found(leaked_descriptor, opens_and("listen")) == "found");
}
