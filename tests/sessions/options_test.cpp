#include <catch2/catch_test_macros.hpp>

#include "tests/sessions/session.h"

namespace {

constexpr std::string_view bad =
    "import multiprocessing\n\n\ndef work():\n    pass\n\n\nmultiprocessing.Process(target=work).start()\n";

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("wrong usage is status 2, with a hint") {
  Session session;
  Ended ended = session.run({"check", "--selct", "PSM101"});
  CHECK(ended.status == 2);
  CHECK(has(ended.err, "did you mean '--select'?"));
  CHECK(ended.out.empty());
  CHECK(session.run({"check", "--output-format", "xml"}).status == 2);
  CHECK(has(session.run({"--output-format", "jsno"}).err, "did you mean 'json'?"));
  CHECK(session.run({"--severity", "fatal"}).status == 2);
  CHECK(session.run({"--target-python", "two"}).status == 2);
  CHECK(session.run({"--max-file-size", "much"}).status == 2);
  CHECK(session.run({"--jobs", "many"}).status == 2);
  CHECK(session.run({"--select"}).status == 2);
  CHECK(session.run({"--color", "pink"}).status == 2);
  CHECK(session.run({"facts"}).status == 2);
  CHECK(session.run({"rule", "PSM000"}).status == 2);
}

TEST_CASE("help and version") {
  Session session;
  Ended ended = session.run({"--help"});
  CHECK(ended.status == 0);
  CHECK(has(ended.out, "matrix"));
  ended = session.run({"check", "--help"});
  CHECK(ended.status == 0);
  for (std::string option : {"--select", "--ignore", "--extend-select", "--severity", "--min-confidence", "--start-method",
                             "--target-python", "--platform", "--config", "--no-config", "--show-files", "--statistics",
                             "--output-file", "--output-format", "--exit-zero", "--no-cache", "--knowledge", "--stdin-filename",
                             "--exclude", "--extend-exclude", "--force-exclude", "--no-respect-gitignore", "--max-file-size",
                             "--jobs", "--quiet", "--color"})
    CHECK(has(ended.out, option));
  CHECK(session.run({"version"}).out.starts_with("forklint 0."));
  CHECK(session.run({"--version"}).out == session.run({"version"}).out);
}

TEST_CASE("rules are listed and explained") {
  Session session;
  std::string list = session.run({"rule"}).out;
  CHECK(has(list, "PSM101  launch-at-import "));
  Ended by_code = session.run({"rule", "psm101"});
  CHECK(by_code.status == 0);
  CHECK(has(by_code.out, "PSM101 launch-at-import\n"));
  CHECK(has(by_code.out, "\n## What happens\n"));
  CHECK(has(by_code.out, "severity: "));
  CHECK(by_code.out == session.run({"rule", "launch-at-import"}).out);
  CHECK(session.run({"rule", "--all"}).out.size() > 3 * by_code.out.size());
  CHECK(has(session.run({"rule", "launch-on-import"}).err, "did you mean 'launch-at-import'?"));
}

TEST_CASE("facts of a file") {
  Session session;
  session.write("a.py", "import os\nos.fork()\n");
  Ended ended = session.run({"facts", "a.py"});
  CHECK(ended.status == 0);
  CHECK(has(ended.out, "\"os\""));
  CHECK(session.run({"facts", "-"}, "import os\nos.fork()\n").out == ended.out);
  CHECK(session.run({"facts", "b.py"}).status == 2);
}

TEST_CASE("the nearest configuration counts, the command line stands above it") {
  Session session;
  session.write("bad.py", bad).write("pyproject.toml", "[tool.forklint]\nselect = ['PSM101']\noutput-format = 'concise'\n");
  CHECK(session.run({"bad.py"}).out.starts_with("bad.py:8:1: PSM101"));
  CHECK(session.run({"bad.py", "--select", "PSM201"}).status == 0);
  CHECK(session.run({"bad.py", "--output-format", "full"}).out.find("-->") != std::string::npos);
  CHECK(has(session.run({"bad.py", "--no-config"}).out, "-->"));
  session.write("other.toml", "ignore = ['PSM']\n");
  CHECK(session.run({"bad.py", "--config", "other.toml"}).status == 0);
  CHECK(session.run({"bad.py", "--config", "none.toml"}).status == 2);
  session.write("pyproject.toml", "[tool.forklint]\nselect = ['PSM101']\n[tool.forklint.per-file-ignores]\n'b*.py' = ['PSM1']\n");
  CHECK(session.run({"bad.py"}).status == 0);
  session.write("pyproject.toml", "[project]\nrequires-python = '==3.12.*'\n[tool.forklint]\nselect = ['PSM101']\nplatform = 'linux'\n");
  CHECK(session.run({"bad.py"}).status == 0);
  CHECK(session.run({"bad.py", "--target-python", "3.14"}).status == 1);
}

TEST_CASE("an invalid configuration is status 2 and says where") {
  Session session;
  session.write("bad.py", bad).write("pyproject.toml", "[tool.forklint]\nselct = ['PSM101']\n");
  Ended ended = session.run({"bad.py"});
  CHECK(ended.status == 2);
  CHECK(ended.err == "forklint: pyproject.toml:2:1: PSM902 invalid-configuration: unknown key 'selct', did you mean 'select'?\n");
  CHECK(ended.out.empty());
}

TEST_CASE("which files are analysed") {
  Session session;
  session.write("a.py", "").write("b.py", "").write("venv/c.py", "").write("out/d.py", "").write(".gitignore", "out/\n");
  CHECK(session.run({"--show-files"}).out == "a.py\nb.py\n");
  CHECK(session.run({"--show-files", "--no-respect-gitignore"}).out == "a.py\nb.py\nout/d.py\n");
  CHECK(session.run({"--show-files", "--exclude", "a.py"}).out == "b.py\nvenv/c.py\n");
  CHECK(session.run({"--show-files", "--extend-exclude", "a.py,b.py"}).out.empty());
  CHECK(session.run({"check", "--show-files", "venv/c.py"}).out == "venv/c.py\n");
  CHECK(session.run({"check", "--show-files", "venv/c.py", "--force-exclude"}).out.empty());
}

TEST_CASE("output to a file takes the place of the old one at once") {
  Session session;
  session.write("bad.py", bad).write("report.txt", "old");
  Ended ended = session.run({"bad.py", "--select", "PSM101", "--output-format", "concise", "-o", "report.txt"});
  CHECK(ended.status == 1);
  CHECK(ended.out.empty());
  CHECK(session.read("report.txt").starts_with("bad.py:8:1: PSM101"));
  for (const auto& entry : std::filesystem::directory_iterator(session.folder()))
    CHECK_FALSE(entry.path().string().ends_with(".tmp"));
  CHECK(session.run({"bad.py", "-o", "no/such/folder.txt"}).status == 2);
}

TEST_CASE("statistics") {
  Session session;
  session.write("a.py", bad).write("b.py", bad);
  CHECK(session.run({"--select", "PSM101", "--statistics"}).out == "2  PSM101  launch-at-import\n");
  CHECK(has(session.run({"--select", "PSM101", "--statistics", "--output-format", "json"}).out, "\"count\": 2"));
}

TEST_CASE("colour: the option beats NO_COLOR, which beats FORCE_COLOR") {
  Session session;
  session.write("bad.py", bad);
  auto coloured = [&](std::vector<std::string> arguments, const std::vector<std::string>& environment) {
    arguments.insert(arguments.end(), {"bad.py", "--select", "PSM101"});
    return has(session.run(arguments, "", environment).out, "\x1b[");
  };
  CHECK_FALSE(coloured({"check"}, {"TERM=xterm"}));
  CHECK(coloured({"check"}, {"FORCE_COLOR=1"}));
  CHECK_FALSE(coloured({"check"}, {"FORCE_COLOR=1", "NO_COLOR=1"}));
  CHECK(coloured({"check", "--color", "always"}, {"NO_COLOR=1"}));
  CHECK_FALSE(coloured({"check", "--color=never"}, {"FORCE_COLOR=1"}));
  CHECK(coloured({"matrix", "--color", "always"}, {}));
}

TEST_CASE("knowledge of the user's own") {
  Session session;
  session.write("bad.py", bad).write("mine.toml", "[[api]]\nnames = ['farm.grow']\nlunch = 1\n");
  Ended ended = session.run({"bad.py", "--knowledge", "mine.toml"});
  CHECK(ended.status == 2);
  CHECK(has(ended.err, "mine.toml:3:"));
  CHECK(session.run({"bad.py", "--knowledge", "none.toml"}).status == 2);
  session.write("mine.toml", "[[api]]\nnames = ['farm.grow']\nsource = 'ours'\n");
  CHECK(session.run({"bad.py", "--select", "PSM101", "--knowledge", "mine.toml"}).status == 1);
}

TEST_CASE("hostile names do not reach the terminal") {
  Session session;
  session.write("a\x1b[31m\n::error::.py", bad);
  for (const char* format : {"full", "concise"}) {
    Ended ended = session.run({".", "--select", "PSM101", "--output-format", format});
    CHECK(ended.status == 1);
    CHECK_FALSE(has(ended.out, "\x1b"));
    CHECK_FALSE(has(ended.out, "\n::error"));
  }
  CHECK_FALSE(has(session.run({"matrix", "--select", "PSM101"}).out, "\x1b"));
  CHECK_FALSE(has(session.run({"--show-files"}).out, "\x1b"));
}

TEST_CASE("the result does not depend on the number of threads") {
  Session session;
  for (int i = 0; i < 20; ++i) session.write("f" + std::to_string(i) + ".py", bad);
  std::string one = session.run({"--jobs", "1", "--no-cache", "--output-format", "json"}).out;
  CHECK(one.size() > 1000);
  CHECK(session.run({"-j4", "--output-format", "json"}).out == one);
}
