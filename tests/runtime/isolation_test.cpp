// Private folders, shared memory and network, and that they go.
#include <catch2/catch_session.hpp>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>

#include "process_helpers.h"

using namespace forklint::runtime;
using namespace std::chrono_literals;

int main(int argc, char** argv) { return Catch::Session().run(argc, argv); }

TEST_CASE("a private TMPDIR is removed with what is in it") {
  std::string folder;
  {
    auto child = launch({.argv = {"sh", "-c", "mkdir -p $TMPDIR/a/b; echo x > $TMPDIR/a/b/c; chmod 0 $TMPDIR/a; echo $TMPDIR"}, .isolation = {.tmp = true}});
    REQUIRE(child);
    folder = child->private_tmp();
    CHECK(child->wait()->ok());
    CHECK(child->output() == folder + "\n");
    CHECK(std::filesystem::exists(folder + "/a"));
  }
  CHECK(!std::filesystem::exists(folder));
}

TEST_CASE("a private /dev/shm is empty at first and gone at last") {
  auto child = launch({.argv = {"sh", "-c", "ls -A /dev/shm; echo x > /dev/shm/psm_forklint_test; ls /dev/shm"}, .isolation = {.shm = true}});
  REQUIRE(child);
  if (!child->has_namespaces()) SKIP("namespaces are not allowed here");
  CHECK(child->wait()->ok());
  CHECK(child->output() == "psm_forklint_test\n");
  CHECK(!std::filesystem::exists("/dev/shm/psm_forklint_test"));
}

TEST_CASE("without namespaces: what the tree holds is removed, what is merely new is told, what was there stays") {
  const std::string held = own("/dev/shm/psm_@_held"), let_go = own("/dev/shm/psm_@_let_go"), old = own("/dev/shm/psm_@_old");
  std::ofstream(old) << "old";
  {
    auto child = launch({.argv = {"sh", "-c", "exec 5> " + held + "; echo > " + let_go + "; exec 6< " + old + "; echo ready; sleep 20; true"},
                         .isolation = {.shm = true, .namespaces = false}});
    REQUIRE(child);
    CHECK(!child->has_namespaces());
    while (child->output().empty()) REQUIRE(child->wait_until(Clock::now() + 10ms));
    REQUIRE(child->kill_tree(0ms));
    auto left = child->leftovers();
    CHECK(std::ranges::find(left, own("psm_@_let_go")) != left.end());
    CHECK(std::ranges::find(left, own("psm_@_held")) == left.end());
  }
  CHECK(!std::filesystem::exists(held));
  CHECK(std::filesystem::exists(let_go));
  CHECK(std::filesystem::exists(old));
  std::filesystem::remove(let_go);
  std::filesystem::remove(old);
}

TEST_CASE("without a network there is a loopback, and nothing else") {
  auto done = run({.argv = {"sh", "-c", "tail -n +3 /proc/net/dev | cut -d: -f1"}, .isolation = {.no_network = true}});
  if (!done && done.error().number == EPERM) SKIP("namespaces are not allowed here");
  REQUIRE(done);
  CHECK(done->output == "    lo\n");
  auto talk = run({.argv = {"python3", "-c", "import socket; s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname(), 2)"},
                   .isolation = {.no_network = true}});
  REQUIRE(talk);
  CHECK(talk->exit.ok());
}
