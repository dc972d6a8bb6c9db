#include <catch2/catch_session.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>

#include "forklint/runtime/exit_info.h"
#include "forklint/runtime/fd.h"

using namespace forklint::runtime;

int main(int argc, char** argv) { return Catch::Session().run(argc, argv); }

TEST_CASE("an error says what was tried and why it failed") {
  CHECK(system_error("open /no", ENOENT).error().what == "open /no: No such file or directory");
}

TEST_CASE("exits are described as people call them") {
  CHECK(describe({.code = 3}) == "exit status 3");
  CHECK(describe({.signal = 9}) == "SIGKILL");
  CHECK(describe({.signal = 11, .core = true}) == "SIGSEGV (core dumped)");
}
