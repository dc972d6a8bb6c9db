// Positions, line ends, and reading from disk.
#include "analyzer/source/file.h"

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/source/tree.h"

using namespace forklint::source;
using forklint::source::test::Tree;

namespace {

File decoded(std::string bytes, Kind kind = Kind::python) {
  auto file = decode("a.py", kind, std::move(bytes));
  REQUIRE(file);
  return *file;
}

}  // namespace

TEST_CASE("a position counts lines and code points from 1") {
  const File file = decoded("a = 1\nb = '\xC3\xA9\xF0\x9F\x90\x8D'; c\n");
  CHECK(file.position(0) == Position{1, 1});
  CHECK(file.position(4) == Position{1, 5});
  CHECK(file.position(5) == Position{1, 6});
  CHECK(file.position(6) == Position{2, 1});
  const auto c = static_cast<uint32_t>(file.text.find("c\n"));
  CHECK(file.position(c) == Position{2, 11});
  CHECK(file.position(static_cast<uint32_t>(file.text.size())) == Position{3, 1});
  CHECK(file.position(4000) == Position{3, 1});
}

TEST_CASE("an empty file has one empty line") {
  const File file = decoded("");
  CHECK(file.position(0) == Position{1, 1});
  CHECK(file.line(0).empty());
  CHECK(file.line_starts == std::vector<uint32_t>{0});
}

TEST_CASE("CR LF stays, and its line is shown without it") {
  const File file = decoded("a\r\nbc\r\n");
  CHECK(file.text == "a\r\nbc\r\n");
  CHECK(file.verbatim);
  CHECK(file.position(3) == Position{2, 1});
  CHECK(file.line(0) == "a");
  CHECK(file.line(4) == "bc");
}

TEST_CASE("a lone CR ends a line") {
  const File file = decoded("a\rb\r\nc\r");
  CHECK(file.text == "a\nb\r\nc\n");
  CHECK_FALSE(file.verbatim);
  CHECK(file.position(2) == Position{2, 1});
  CHECK(file.position(5) == Position{3, 1});
  CHECK(file.position(7) == Position{4, 1});
}

TEST_CASE("form feeds and other separators end no line") {
  const File file = decoded("a\f\v\xE2\x80\xA8z\n\fb\n");
  CHECK(file.line_starts.size() == 3);
  CHECK(file.position(static_cast<uint32_t>(file.text.find('b'))) == Position{2, 2});
}

TEST_CASE("a byte order mark is no text") {
  const File file = decoded("\xEF\xBB\xBFx = 1\n");
  CHECK(file.text == "x = 1\n");
  CHECK(file.byte_order_mark);
  CHECK(file.verbatim);
  CHECK(file.position(0) == Position{1, 1});
}

TEST_CASE("reading gives what decoding gives") {
  const Tree tree;
  for (const size_t size : {size_t{0}, size_t{1}, size_t{4095}, size_t{4096}, size_t{70000}}) {
    const std::string bytes(size, '#');
    const auto file = read(tree.write("a.py", bytes), Kind::python, 0);
    REQUIRE(file);
    CHECK(file->text == bytes);
  }
}

TEST_CASE("a file over the limit is refused, with both sizes") {
  const Tree tree;
  const std::string path = tree.write("a.py", std::string(1234567, '\n'));
  CHECK(read(path, Kind::python, 1234567));
  CHECK(read(path, Kind::python, 1000).error() == "1,234,567 bytes, over the limit of 1,000 bytes");
}

TEST_CASE("what cannot be read says why, and nothing waits") {
  const Tree tree;
  CHECK(read(tree.path("gone.py"), Kind::python, 0).error() == "No such file or directory");
  CHECK(read(tree.root.string(), Kind::python, 0).error() == "is a folder");
  REQUIRE(::mkfifo(tree.path("pipe.py").c_str(), 0600) == 0);
  CHECK(read(tree.path("pipe.py"), Kind::python, 0).error() == "is a pipe");
  CHECK(read("/dev/zero", Kind::python, 0).error() == "is a device");
  REQUIRE(::symlink("loop.py", tree.path("loop.py").c_str()) == 0);
  CHECK(read(tree.path("loop.py"), Kind::python, 0).error() == "Too many levels of symbolic links");
}

TEST_CASE("a file of /proc, whose size is said to be 0, is read to its end") {
  const auto file = read("/proc/self/status", Kind::python, 0);
  REQUIRE(file);
  CHECK(file->text.find("ctxt_switches") != std::string::npos);
}
