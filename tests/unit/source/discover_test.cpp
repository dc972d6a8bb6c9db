#include "analyzer/source/discover.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include "analyzer/source/shebang.h"
#include "tests/unit/source/tree.h"

using namespace forklint::source;
using forklint::source::test::Tree;

namespace {

// The working folder, for as long as this lives.
struct Inside {
  std::filesystem::path before = std::filesystem::current_path();
  explicit Inside(const Tree& tree) { std::filesystem::current_path(tree.root); }
  Inside(const Inside&) = delete;
  ~Inside() { std::filesystem::current_path(before); }
};

std::string names(const Discovered& discovered) {
  std::string text;
  for (const Found& file : discovered.files) text += (text.empty() ? "" : " ") + file.path;
  return text;
}

std::string reason(const std::vector<Skip>& skips, const std::string& path) {
  const auto skip = std::ranges::find(skips, path, &Skip::path);
  return skip == skips.end() ? "none" : skip->reason;
}

// Without the rights of root, if this process has them.
struct Unprivileged {
  bool was_root = ::geteuid() == 0;
  Unprivileged() {
    if (was_root && ::seteuid(65534) != 0) was_root = false;
  }
  Unprivileged(const Unprivileged&) = delete;
  ~Unprivileged() {
    if (was_root && ::seteuid(0) != 0) std::abort();
  }
};

}  // namespace

TEST_CASE("Python, notebooks, C and C++ are found by suffix, sorted") {
  const Tree tree;
  for (const char* name : {"z.py", "a.pyw", "b.pyi", "n.ipynb", "c.txt", "d.pyc", "e.cpp", "h.h", "i.hpp", "o.o", ".hidden.py", "sub/m.py", "README"}) tree.write(name);
  const Discovered discovered = discover({tree.root.string()}, {});
  CHECK(tree.found() == ".hidden.py a.pyw b.pyi e.cpp h.h i.hpp n.ipynb sub/m.py z.py");
  CHECK(discovered.files[2].kind == Kind::stub);
  CHECK(discovered.files[3].kind == Kind::cpp);
  CHECK(discovered.files[4].kind == Kind::c);
  CHECK(discovered.files[6].kind == Kind::notebook);
  CHECK(discovered.skipped.empty());
  CHECK(discovered.errors.empty());
}

TEST_CASE("paths are shown as the user names them, and each file once") {
  const Tree tree;
  tree.write("a.py");
  tree.write("sub/b.py");
  const Inside inside(tree);
  CHECK(names(discover({"."}, {})) == "a.py sub/b.py");
  CHECK(names(discover({"./"}, {})) == "a.py sub/b.py");
  CHECK(names(discover({"./sub//"}, {})) == "sub/b.py");
  CHECK(names(discover({"sub/b.py", ".", "./a.py", tree.path("a.py"), "sub"}, {})) == "a.py sub/b.py");
  CHECK(names(discover({tree.path("a.py")}, {})) == tree.path("a.py"));
  CHECK(names(discover({"../" + tree.root.filename().string()}, {})) ==
        "../" + tree.root.filename().string() + "/a.py ../" + tree.root.filename().string() + "/sub/b.py");
  CHECK(discover({}, {}).files.empty());
}

TEST_CASE("scripts without suffix are found by their first line") {
  const Tree tree;
  tree.write("tool", "#!/usr/bin/env python3\n");
  tree.write("shell", "#!/bin/sh\n# python\n");
  tree.write("data", "x = 1\n");
  tree.write("tool.sh", "#!/usr/bin/env python3\n");
  CHECK(tree.found() == "tool");
}

TEST_CASE("which first lines ask for Python") {
  for (const char* line : {"#!/usr/bin/python", "#!python3", "#! /usr/local/bin/python3.12 -u\n", "#!/usr/bin/env python", "#!/usr/bin/env -S python3 -I",
                           "#!/usr/bin/env -i A=b pypy3\r\n", "#!/usr/bin/pypy", "#!/opt/python3.14t"}) {
    INFO(line);
    CHECK(asks_for_python(line));
  }
  for (const char* line : {"", "#!", "#!/bin/sh", "#!/usr/bin/env", "#!/usr/bin/env bash python", "/usr/bin/python", "#!/usr/bin/python-config",
                           "#!/bin/sh\npython", "#!/usr/bin/pythonista", "#!/usr/bin/pyp", "#!/usr/bin/py"}) {
    INFO(line);
    CHECK_FALSE(asks_for_python(line));
  }
}

TEST_CASE("the first lines that are read are limited, and the limit is said") {
  const Tree tree;
  for (int i = 0; i < 1100; ++i) tree.write("blobs/" + std::to_string(100000 + i), "#!/usr/bin/python\n");
  const Discovered discovered = discover({tree.root.string()}, {});
  CHECK(discovered.files.size() == 1024);
  CHECK(reason(discovered.skipped, tree.root.string()).starts_with("too many files without suffix"));
}

TEST_CASE("default excludes, unless named") {
  const Tree tree;
  for (const std::string& name : default_excludes()) tree.write(name + "/a.py");
  tree.write("src/venv/lib/b.py");
  tree.write("src/builder/c.py");
  CHECK(tree.found() == "src/builder/c.py");
  CHECK(names(discover({tree.path("venv"), tree.path("dist/a.py")}, {})) == tree.path("dist/a.py") + " " + tree.path("venv/a.py"));
  DiscoverOptions forced;
  forced.force_exclude = true;
  forced.exclude_root = tree.root.string();
  CHECK(discover({tree.path("venv"), tree.path("dist/a.py")}, forced).files.empty());
}

TEST_CASE("excludes of the user") {
  const Tree tree;
  for (const char* name : {"a.py", "a_test.py", "gen/b.py", "src/gen/c.py", "src/d.py", "build/e.py"}) tree.write(name);
  DiscoverOptions options;
  options.exclude_root = tree.root.string();
  options.extend_exclude = {"*_test.py", "/gen"};
  CHECK(tree.found(options) == "a.py src/d.py src/gen/c.py");
  options.extend_exclude = {"src/*.py", "gen"};
  CHECK(tree.found(options) == "a.py a_test.py");
  options.extend_exclude.clear();
  options.exclude = {"src"};
  CHECK(tree.found(options) == "a.py a_test.py build/e.py gen/b.py");
  CHECK(names(discover({tree.path("src/d.py")}, options)) == tree.path("src/d.py"));
  options.force_exclude = true;
  CHECK(discover({tree.path("src/d.py"), tree.path("src/gen")}, options).files.empty());
  CHECK(names(discover({tree.path("a.py")}, options)) == tree.path("a.py"));
}

TEST_CASE("links to folders are not followed, and loops end") {
  const Tree tree;
  tree.write("src/a.py");
  tree.write("elsewhere/b.py");
  REQUIRE(::symlink("..", tree.path("src/loop").c_str()) == 0);
  REQUIRE(::symlink("self", tree.path("src/self").c_str()) == 0);
  REQUIRE(::symlink("../elsewhere", tree.path("src/link").c_str()) == 0);
  const Discovered discovered = discover({tree.path("src")}, {});
  CHECK(names(discovered) == tree.path("src/a.py"));
  CHECK(reason(discovered.skipped, tree.path("src/loop")) == "link to a folder, not followed");
  CHECK(reason(discovered.skipped, tree.path("src/link")) == "link to a folder, not followed");
  CHECK(names(discover({tree.path("src/link")}, {})) == tree.path("src/link/b.py"));
}

TEST_CASE("links to files count once with their file, those that lead out of the folder not at all") {
  const Tree tree;
  tree.write("src/z.py");
  tree.write("src/other.txt");
  tree.write("other.py");
  tree.write("src2/other.py");
  REQUIRE(::symlink("z.py", tree.path("src/a.py").c_str()) == 0);
  REQUIRE(::symlink("other.txt", tree.path("src/b.py").c_str()) == 0);
  REQUIRE(::symlink("../other.py", tree.path("src/out.py").c_str()) == 0);
  REQUIRE(::symlink("../src2/other.py", tree.path("src/out2.py").c_str()) == 0);
  REQUIRE(::symlink("gone.py", tree.path("src/c.py").c_str()) == 0);
  REQUIRE(::symlink("user@host.1234", tree.path("src/.#z.py").c_str()) == 0);
  const Discovered discovered = discover({tree.path("src")}, {});
  CHECK(names(discovered) == tree.path("src/b.py") + " " + tree.path("src/z.py"));
  REQUIRE(discovered.skipped.size() == 3);
  CHECK(reason(discovered.skipped, tree.path("src/c.py")) == "link to nothing");
  CHECK(reason(discovered.skipped, tree.path("src/out.py")) == "link out of the folder, not followed");
  CHECK(reason(discovered.skipped, tree.path("src/out2.py")) == "link out of the folder, not followed");
  CHECK(names(discover({tree.path("src/out.py")}, {})) == tree.path("src/out.py"));
}

TEST_CASE("what is named like Python and is no file is said") {
  const Tree tree;
  tree.write("a.py");
  tree.write("folder.py/b.py");
  REQUIRE(::mkfifo(tree.path("pipe.py").c_str(), 0600) == 0);
  REQUIRE(::mkfifo(tree.path("pipe").c_str(), 0600) == 0);
  REQUIRE(::symlink("/dev/null", tree.path("null.py").c_str()) == 0);
  const Discovered discovered = discover({tree.root.string()}, {});
  CHECK(tree.found() == "a.py folder.py/b.py");
  CHECK(discovered.skipped.size() == 2);
  CHECK(reason(discovered.skipped, tree.path("pipe.py")) == "is a pipe");
  CHECK(reason(discovered.skipped, tree.path("null.py")) == "is a device");
}

TEST_CASE("named paths that cannot be used are errors") {
  const Tree tree;
  REQUIRE(::mkfifo(tree.path("pipe").c_str(), 0600) == 0);
  tree.write("a.py");
  const Discovered discovered = discover({tree.path("gone"), tree.path("pipe"), "", tree.path("a.py"), tree.path("a.py/b")}, {});
  CHECK(names(discovered) == tree.path("a.py"));
  CHECK(discovered.errors.size() == 4);
  CHECK(reason(discovered.errors, tree.path("gone")) == "No such file or directory");
  CHECK(reason(discovered.errors, tree.path("pipe")) == "is a pipe");
  CHECK(reason(discovered.errors, tree.path("a.py/b")) == "Not a directory");
}

TEST_CASE("what may not be read is said, and the rest goes on") {
  const Tree tree;
  tree.write("a.py");
  tree.write("closed/b.py");
  tree.write("secret.py");
  std::filesystem::permissions(tree.root, std::filesystem::perms{0755});
  std::filesystem::permissions(tree.path("closed"), std::filesystem::perms{0000});
  std::filesystem::permissions(tree.path("secret.py"), std::filesystem::perms{0000});
  Discovered walked, named;
  std::string read_error;
  {
    const Unprivileged now;
    walked = discover({tree.root.string()}, {});
    named = discover({tree.path("secret.py"), tree.path("closed")}, {});
    const auto file = read(tree.path("secret.py"), Kind::python, 0);
    if (!file) read_error = file.error();
  }
  std::filesystem::permissions(tree.path("closed"), std::filesystem::perms{0755});
  CHECK(names(walked) == tree.path("a.py") + " " + tree.path("secret.py"));
  CHECK(reason(walked.skipped, tree.path("closed")) == "folder not read: Permission denied");
  CHECK(reason(named.errors, tree.path("secret.py")) == "Permission denied");
  CHECK(reason(named.errors, tree.path("closed")) == "Permission denied");
  CHECK(read_error == "Permission denied");
}

TEST_CASE("large files are skipped with both sizes") {
  const Tree tree;
  tree.write("large.py", std::string(2001, '\n'));
  tree.write("small.py", std::string(2000, '\n'));
  DiscoverOptions options;
  options.max_file_size = 2000;
  for (const std::string& path : {tree.root.string(), tree.path("large.py")}) {
    const Discovered discovered = discover({path}, options);
    CHECK(reason(discovered.skipped, tree.path("large.py")) == "2,001 bytes, over the limit of 2,000 bytes");
  }
  CHECK(tree.found(options) == "small.py");
  options.max_file_size = 0;
  CHECK(tree.found(options) == "large.py small.py");
}

TEST_CASE("named files of another suffix are taken for Python, C and C++ for what they are") {
  const Tree tree;
  tree.write("script.cgi");
  tree.write("a.cpp");
  const Discovered discovered = discover({tree.path("script.cgi"), tree.path("a.cpp")}, {});
  REQUIRE(discovered.files.size() == 2);
  CHECK(discovered.files[0].kind == Kind::cpp);
  CHECK(discovered.files[1].kind == Kind::python);
}

TEST_CASE("names of any bytes are found") {
  const Tree tree;
  tree.write("new\nline.py");
  tree.write("\xFF\xFE.py");
  tree.write(" .py");
  CHECK(discover({tree.root.string()}, {}).files.size() == 3);
}

TEST_CASE("a deep tree needs no stack") {
  const Tree tree;
  std::string path = "d";
  for (int i = 0; i < 300; ++i) path += "/d";
  tree.write(path + "/a.py");
  CHECK(tree.found() == path + "/a.py");
}

TEST_CASE("a tree deeper than a path may be long is said to be") {
  const Tree tree;
  tree.write("a.py");
  const Inside inside(tree);
  for (int i = 0; i < 30; ++i) {
    const std::string name(200, 'd');
    std::filesystem::create_directory(name);
    std::filesystem::current_path(name);
  }
  const Discovered discovered = discover({tree.root.string()}, {});
  CHECK(names(discovered) == tree.path("a.py"));
  REQUIRE(discovered.skipped.size() == 1);
  CHECK(discovered.skipped[0].reason == "folder not read: File name too long");
}
