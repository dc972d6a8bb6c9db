#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include <llvm/Support/JSON.h>

#include "tests/sessions/session.h"

namespace {

constexpr std::string_view bad =
    "import multiprocessing\n\n\ndef work():\n    pass\n\n\nmultiprocessing.Process(target=work).start()\n";
constexpr std::string_view good =
    "import multiprocessing\n\n\ndef work():\n    pass\n\n\n"
    "if __name__ == '__main__':\n    process = multiprocessing.Process(target=work)\n    process.start()\n    process.join()\n";

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

// Only what these tests are about; other rules may have something to say, too.
std::vector<std::string> only(std::vector<std::string> more) {
  more.insert(more.end(), {"--select", "PSM101"});
  return more;
}

llvm::json::Object json(const std::string& text) {
  auto value = llvm::json::parse(text);
  REQUIRE(bool(value));
  return std::move(*value->getAsObject());
}

size_t lines(const std::string& text) { return size_t(std::count(text.begin(), text.end(), '\n')); }

}  // namespace

TEST_CASE("status 0 without findings, 1 with, 0 with --exit-zero") {
  Session session;
  session.write("bad.py", bad).write("good.py", good);
  CHECK(session.run(only({"check", "good.py"})).status == 0);
  CHECK(session.run(only({"check", "bad.py"})).status == 1);
  CHECK(session.run(only({"check", "bad.py", "--exit-zero"})).status == 0);
  CHECK(session.run(only({"matrix", "bad.py"})).status == 1);
  CHECK(session.run(only({"matrix", "good.py"})).status == 0);
}

TEST_CASE("without a command the paths are checked, without a path the working folder") {
  Session session;
  session.write("bad.py", bad).write("deep/bad.py", bad);
  CHECK(lines(session.run(only({"bad.py", "--output-format", "concise"})).out) == 1);
  CHECK(lines(session.run(only({"--output-format=concise"})).out) == 2);
  CHECK(lines(session.run(only({"check", "--output-format", "concise"})).out) == 2);
  CHECK(session.run({}).status == 1);
}

TEST_CASE("full shows the place, and the summary goes to standard error") {
  Session session;
  session.write("bad.py", bad);
  Ended ended = session.run(only({"bad.py"}));
  CHECK(has(ended.out, "[PSM101] launch-at-import: "));
  CHECK(has(ended.out, "  --> bad.py:8:1\n"));
  CHECK(has(ended.out, " 8 | multiprocessing.Process(target=work).start()\n"));
  CHECK(has(ended.out, "^^^"));
  CHECK(has(ended.err, "1 finding ("));
  CHECK_FALSE(has(ended.out, "\x1b"));
  CHECK(session.run(only({"bad.py", "--quiet"})).err.empty());
}

TEST_CASE("concise") {
  Session session;
  session.write("sub/bad.py", bad);
  Ended ended = session.run(only({"sub", "--output-format", "concise"}));
  CHECK(ended.out.starts_with("sub/bad.py:8:1: PSM101 "));
}

TEST_CASE("json of check and matrix") {
  Session session;
  session.write("bad.py", bad).write("good.py", good);
  for (const char* command : {"check", "matrix"}) {
    Ended ended = session.run(only({command, ".", "--output-format", "json"}));
    CHECK(ended.status == 1);
    llvm::json::Object root = json(ended.out);
    CHECK(*root.getInteger("schema_version") == 1);
    REQUIRE(root.getArray("findings")->size() == 1);
    const llvm::json::Object& finding = *(*root.getArray("findings"))[0].getAsObject();
    CHECK(*finding.getString("name") == "launch-at-import");
    CHECK(*finding.getString("path") == "bad.py");
    CHECK(*finding.getObject("range")->getObject("start")->getInteger("line") == 8);
    CHECK_FALSE(finding.getObject("outcomes")->get("fork"));
    CHECK(finding.getObject("outcomes")->get("spawn"));
    CHECK(root.getArray("launches")->size() == 2);
    CHECK(*root.getObject("files")->getInteger("seen") == 2);
  }
}

TEST_CASE("the matrix has a row for each launch") {
  Session session;
  session.write("bad.py", bad).write("good.py", good);
  std::string out = session.run(only({"matrix"})).out;
  CHECK(out.starts_with("launch "));
  CHECK(has(out, "\nbad.py:8 "));
  CHECK(has(out, "\ngood.py:"));
  CHECK(has(out, "[1] PSM101 launch-at-import: "));
  session.write("bad.py", "x = 1\n").write("good.py", "");
  CHECK(session.run({"matrix"}).out == "No launches in 2 files\n");
}

TEST_CASE("rules are selected by code, prefix and name, and an unknown one is named") {
  Session session;
  session.write("bad.py", bad);
  for (const char* selector : {"PSM101", "PSM1", "psm10", "launch-at-import", "PSM201,PSM101", "ALL"})
    CHECK(session.run({"bad.py", "--select", selector}).status == 1);
  CHECK(session.run({"bad.py", "--select", "PSM1", "--ignore", "PSM101"}).status == 0);
  CHECK(session.run({"bad.py", "--select", "PSM201", "--extend-select", "launch-at-import"}).status == 1);
  CHECK(session.run({"bad.py", "--select", "PSM201", "--select", "PSM101"}).status == 1);
  Ended ended = session.run({"bad.py", "--select", "PSM1o1"});
  CHECK(ended.status == 2);
  CHECK(has(ended.err, "--select: unknown rule 'PSM1o1', did you mean 'PSM101'?"));
  CHECK(ended.out.empty());
}

TEST_CASE("filters by start method and severity") {
  Session session;
  session.write("bad.py", bad);
  CHECK(session.run(only({"bad.py", "--start-method", "fork"})).status == 0);
  CHECK(session.run(only({"bad.py", "--start-method", "fork,spawn"})).status == 1);
  CHECK(session.run(only({"bad.py", "--severity", "info", "--min-confidence", "possible"})).status == 1);
  CHECK(session.run(only({"bad.py", "--platform", "linux", "--target-python", "3.13"})).status == 0);
  CHECK(session.run(only({"bad.py", "--platform", "linux", "--target-python", "3.9-3.14"})).status == 1);
  CHECK(session.run(only({"bad.py", "--platform", "linux,windows", "--target-python", ">=3.9,<3.14"})).status == 1);
}

TEST_CASE("suppressions") {
  Session session;
  std::string line = "multiprocessing.Process(target=work).start()";
  std::string head(bad.substr(0, bad.find("\nmulti") + 1));
  for (std::string comment : {"  # noqa", "  # noqa: PSM101", "  # forklint: ignore[launch-at-import] on purpose", "  # forklint: ignore"}) {
    session.write("a.py", head + line + comment + "\n");
    CHECK(session.run({"a.py", "--select", "PSM101,PSM901"}).status == 0);
  }
  session.write("a.py", head + "# forklint: ignore[PSM101]\n" + line + "\n");
  CHECK(session.run({"a.py", "--select", "PSM101,PSM901"}).status == 0);
  session.write("a.py", "# forklint: ignore-file\n" + std::string(bad));
  CHECK(session.run({"a.py", "--select", "PSM101,PSM901"}).status == 0);
  session.write("a.py", head + line + "  # noqa: E501\n");
  CHECK(session.run({"a.py", "--select", "PSM101,PSM901"}).status == 1);
}

TEST_CASE("an unused suppression is a finding when its rule was on") {
  Session session;
  std::string text(good);
  text.insert(text.find("process.join()") + 14, "  # noqa: PSM101");
  session.write("a.py", text);
  CHECK(has(session.run({"a.py", "--select", "PSM101,PSM901", "--output-format", "concise"}).out, ": PSM901 "));
  CHECK(session.run({"a.py", "--select", "PSM201,PSM901"}).status == 0);
}

TEST_CASE("standard input") {
  Session session;
  Ended ended = session.run(only({"-", "--output-format", "concise"}), bad);
  CHECK(ended.status == 1);
  CHECK(ended.out.starts_with("<stdin>:8:1: PSM101 "));
  session.write("sub/forklint.toml", "ignore = ['PSM101']\n");
  ended = session.run({"check", "-", "--stdin-filename", "sub/x.py"}, bad);
  CHECK_FALSE(has(ended.out, "PSM101"));
  ended = session.run(only({"check", "-", "--stdin-filename", "x.py", "--output-format", "concise"}), bad);
  CHECK(ended.out.starts_with("x.py:8:1: "));
  CHECK(session.run({"-", "x.py"}, bad).status == 2);
  CHECK(session.run(only({"-"}), "").status == 0);
}

TEST_CASE("what cannot be read is said") {
  Session session;
  session.write("good.py", good).write("latin.py", "# coding: utf-8\nx = '\xE9'\n");
  Ended ended = session.run({"nowhere.py"});
  CHECK(ended.status == 2);
  CHECK(has(ended.err, "nowhere.py"));
  ended = session.run(only({"nowhere.py", "good.py"}));
  CHECK(ended.status == 1);
  CHECK(has(ended.out, "PSM903"));
  CHECK(session.run(only({"latin.py"})).status == 1);
  ended = session.run(only({"."}));
  CHECK(ended.status == 0);
  CHECK(has(ended.err, "skipped latin.py: "));
  session.write("big.py", std::string(2000, '#'));
  CHECK(has(session.run(only({".", "--max-file-size", "1k"})).err, "skipped big.py: "));
}
