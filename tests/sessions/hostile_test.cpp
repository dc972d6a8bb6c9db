// Trees and files that no friend would write: the rest is still analysed, nothing waits, nothing is written.
#include <catch2/catch_test_macros.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "tests/sessions/session.h"

namespace {

namespace fs = std::filesystem;

constexpr std::string_view bad = "import multiprocessing\n\n\ndef work():\n    pass\n\n\nmultiprocessing.Process(target=work).start()\n";

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

std::string repeated(std::string_view text, size_t times) {
  std::string result;
  for (size_t i = 0; i < times; ++i) result += text;
  return result;
}

std::vector<std::string> concise(std::vector<std::string> more) {
  more.insert(more.end(), {"--output-format", "concise", "--select", "PSM101,PSM9"});
  return more;
}

void make_pipe(const Session& session, const char* name) { REQUIRE(::mkfifo((session.folder() / name).c_str(), 0600) == 0); }

void make_link(const Session& session, const char* to, const char* name) { fs::create_symlink(to, session.folder() / name); }

}  // namespace

TEST_CASE("what is named like Python and is none is said, and the rest is analysed") {
  Session session;
  session.write("src/bad.py", bad).write("src/folder.py/good.py", "x = 1\n").write("secret.py", bad);
  session.write("src/latin.py", "x = '\xE9'\n").write("src/cut.ipynb", R"({"nbformat": 4, "cells": [{"cell_type": "code", "source": ["import mu)");
  session.write("src/nul.py", std::string_view("x = 1\n\0", 7)).write("src/long.py", "x = '" + std::string(5'000'000, 'a') + "'\n");
  make_pipe(session, "src/pipe.py");
  make_link(session, "nowhere", "src/dangling.py");
  make_link(session, "..", "src/loop");
  make_link(session, "/dev/zero", "src/zero.py");
  make_link(session, "../secret.py", "src/out.py");
  Ended ended = session.run(concise({"src"}));
  CHECK(ended.status == 1);
  CHECK(ended.out.starts_with("src/bad.py:8:1: PSM101 "));
  CHECK(std::count(ended.out.begin(), ended.out.end(), '\n') == 1);
  for (const char* line : {"src/cut.ipynb: line 1: truncated or broken notebook", "src/dangling.py: link to nothing", "src/latin.py: line 1: byte 0xe9",
                           "src/long.py: 5,000,007 bytes, over the limit", "src/loop: link to a folder, not followed", "src/nul.py: line 2: NUL byte",
                           "src/out.py: link out of the folder, not followed", "src/pipe.py: is a pipe", "src/zero.py: is a device"})
    CHECK(has(ended.err, "skipped " + std::string(line)));
  CHECK(session.run(concise({"src/long.py", "--max-file-size", "0"})).status == 0);
}

TEST_CASE("named by the user the same are findings, at their line, or status 2 when there is nothing else") {
  Session session;
  session.write("bad.py", bad).write("nul.py", std::string_view("x = 1\n\0", 7));
  make_pipe(session, "pipe.py");
  make_link(session, "nowhere", "dangling.py");
  Ended ended = session.run(concise({"nul.py", "bad.py", "pipe.py", "dangling.py"}));
  CHECK(ended.status == 1);
  CHECK(has(ended.out, "bad.py:8:1: PSM101 "));
  CHECK(has(ended.out, "nul.py:2:1: PSM903 NUL byte\n"));
  CHECK(has(ended.out, "pipe.py:1:1: PSM903 is a pipe\n"));
  CHECK(has(ended.out, "dangling.py:1:1: PSM903 No such file or directory\n"));
  for (const char* name : {"pipe.py", "dangling.py", "/dev/zero"}) {
    ended = session.run(concise({name}));
    CHECK(ended.status == 2);
    CHECK(has(ended.err, "forklint: " + std::string(name) + ": "));
  }
}

TEST_CASE("generated programs are analysed quietly") {
  Session session;
  std::string launch = "\nmultiprocessing.Process(target=print, args=(x,)).start()\n";
  for (const std::string& text :
       {"x = 1" + repeated(" + 1", 50000), "x = 'a'" + repeated(" + 'a'", 20000), "x = a" + repeated(" or a", 20000), "x = a" + repeated(".b()", 50000),
        "x = " + repeated("1 if a else ", 20000) + "2", "x = {" + repeated("'a': 1, ", 20000) + "}",
        "if a: x = 1\n" + repeated("elif b: x = f(x)\n", 5000), "x = 1\n" + repeated("if b: x = f(x)\n", 5000)}) {
    session.write("a.py", "import multiprocessing\n" + text + launch);
    Ended ended = session.run(concise({"a.py"}));
    CHECK(ended.status == 1);
    CHECK(std::count(ended.out.begin(), ended.out.end(), '\n') == 1);
    CHECK(has(ended.out, "PSM101"));
  }
  session.write("a.py", "import multiprocessing\nif a: pass\n" + repeated("elif b: multiprocessing.Process(target=print).start()\n", 5000));
  CHECK(session.run(concise({"a.py"})).status == 1);
}

TEST_CASE("nesting that nobody reads is said, and other files are analysed") {
  Session session;
  std::string launch = "\nmultiprocessing.Process(target=print).start()\n";
  session.write("bad.py", bad).write("deep.py", "import multiprocessing\nx = " + repeated("(", 1'000'000) + repeated(")", 1'000'000) + launch);
  session.write("calls.py", "import multiprocessing\nx = " + repeated("f(", 100'000) + repeated(")", 100'000) + launch);
  session.write("signs.py", "import multiprocessing\nx = " + repeated("-", 100'000) + "1" + launch);
  Ended ended = session.run(concise({"."}));
  CHECK(ended.status == 1);
  CHECK(has(ended.out, "bad.py:8:1: PSM101 "));
  CHECK(has(ended.out, "calls.py:2:2006: PSM903 more than 1000 brackets are open here, so the file is not read\n"));
  CHECK(has(ended.out, "deep.py:2:1005: PSM903 more than 1000 brackets are open here, so the file is not read\n"));
  CHECK(has(ended.out, "signs.py:2:1004: PSM903 nested more than 1000 deep; what could be read is analysed\n"));
  CHECK(has(ended.out, "signs.py:3:1: PSM101 "));
}

TEST_CASE("a hostile configuration is status 2, or is not there") {
  Session session;
  session.write("bad.py", bad);
  auto error = [&](std::string_view text) {
    session.write("pyproject.toml", text);
    Ended ended = session.run(concise({"bad.py"}));
    CHECK(ended.status == 2);
    CHECK(ended.out.empty());
    return ended.err;
  };
  CHECK(error("[tool.forklint]\nselect = 3\n") == "forklint: pyproject.toml:2:10: PSM902 invalid-configuration: 'select' must be an array of strings, not an integer\n");
  CHECK(has(error("\n[tool.forklint\n"), "pyproject.toml:2:15: PSM902 "));
  CHECK(has(error("[tool]\nforklint = 5\n"), "pyproject.toml:2:12: PSM902 "));
  CHECK(has(error("\xFF\xFE[tool.forklint]\n"), "pyproject.toml:1:1: PSM902 "));
  CHECK(has(error("[tool.forklint]\n\nselect = " + repeated("[", 100'000)), "pyproject.toml:3:"));
  CHECK(has(error("[tool.forklint]\n" + repeated("a.", 100'000) + "b = 1\n"), "pyproject.toml:2:1: PSM902 invalid-configuration: a key of more than 100 parts\n"));
  CHECK(has(error("[tool.forklint]\nknowledge = ['gone.toml']\n"), "gone.toml: No such file or directory"));
  make_pipe(session, "pipe.toml");
  CHECK(has(error("[tool.forklint]\nknowledge = ['pipe.toml']\n"), "pipe.toml: is a pipe"));
  fs::remove(session.folder() / "pyproject.toml");
  make_pipe(session, "pyproject.toml");
  make_link(session, "/dev/zero", "forklint.toml");
  CHECK(session.run(concise({"bad.py"})).status == 1);
  CHECK(session.run(concise({"bad.py", "--config", "pipe.toml"})).status == 2);
}

TEST_CASE("nothing is written but the output") {
  Session session;
  session.write("bad.py", bad).write("src/bad.py", bad).write("pyproject.toml", "[tool.forklint]\n");
  auto files = [&] {
    std::map<std::string, fs::file_time_type> result;
    for (const auto& entry : fs::recursive_directory_iterator(session.folder())) result.emplace(entry.path().string(), entry.last_write_time());
    return result;
  };
  const auto before = files();
  for (const char* command : {"check", "matrix"}) CHECK(session.run({command, "."}).status == 1);
  CHECK(session.run({"facts", "bad.py"}).status == 0);
  CHECK(files() == before);
}
