#include <catch2/catch_test_macros.hpp>

#include "tests/unit/reporters/sample.h"

using namespace forklint;
using namespace forklint::reporters;

namespace {

std::string full(const engine::Analysis& analysis, Style style = {}) {
  std::string out;
  print_full(out, analysis, style);
  return out;
}

// One file, one finding at `what`.
engine::Analysis one(std::string path, std::string text, std::string_view what) {
  engine::Analysis a;
  a.files.push_back(sample::file(std::move(path), std::move(text)));
  engine::Finding finding;
  finding.code = "PSM101";
  finding.name = "launch-at-import";
  finding.message = "m";
  finding.place = sample::at(a, 0, what);
  a.result.findings.push_back(finding);
  return a;
}

std::string line(const std::string& text, size_t number) {
  size_t begin = 0;
  while (--number) begin = text.find('\n', begin) + 1;
  return text.substr(begin, text.find('\n', begin) - begin);
}

}  // namespace

TEST_CASE("full shows the source, the path of labels, the outcomes and the help") {
  CHECK(full(sample::analysis()) == R"(error[PSM201] unpicklable-callable: a lambda cannot be sent to a child process
  --> app.py:6:15
   |
 6 |     tools.launch(lambda: 1)
   |                  ^^^^^^^^^ 1. made here
   |
  ::: tools.py:2:5
   |
 2 |     Process(target=work).start()
   |     ---------------------------- 2. launched here
   |
   = spawn, forkserver: raises PicklingError
   = help: define a function at module level

warning[PSM101] launch-at-import: a process is launched when this module is imported
  --> app.py:8:1
   |
 8 | Process(target=main).start()
   | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
   |
   = spawn: raises RuntimeError
   = forkserver: starts processes without end
   = confidence: possible
   = help: guard it (may change what the program does)

)");
}

TEST_CASE("labels of one file are shown in the order of its lines, numbered in the order of the path") {
  engine::Analysis a = sample::analysis();
  a.result.findings.resize(1);
  engine::Finding& finding = a.result.findings[0];
  finding.labels = {{sample::at(a, 0, "main()"), "runs"},
                    {sample::at(a, 0, "Process(target"), "launches"},
                    {sample::at(a, 0, "import tools"), "imports"},
                    {sample::at(a, 0, "tools.launch"), "calls"}};
  finding.outcomes.clear();
  finding.fixes.clear();
  CHECK(full(a) == R"(error[PSM201] unpicklable-callable: a lambda cannot be sent to a child process
  --> app.py:6:15
   |
 2 | import tools
   | ------------ 3. imports
...
 5 | def main():
   |     ------ 1. runs
 6 |     tools.launch(lambda: 1)
   |                  ^^^^^^^^^
   |     ------------ 4. calls
...
 8 | Process(target=main).start()
   | -------------- 2. launches
   |
)" "\n");
}

TEST_CASE("colour is only added") {
  std::string plain = full(sample::analysis());
  std::string coloured = full(sample::analysis(), {.color = true});
  CHECK(coloured.find("\x1b[1;31merror[PSM201]\x1b[0m") != std::string::npos);
  for (size_t escape; (escape = coloured.find('\x1b')) != std::string::npos;)
    coloured.erase(escape, coloured.find('m', escape) + 1 - escape);
  CHECK(coloured == plain);
}

TEST_CASE("carets stand under what they point at") {
  CHECK(line(full(one("a.py", "x = '日本' + go()\n", "go()")), 5) == "   |              ^^^^");
  CHECK(line(full(one("a.py", "e\xCC\x81 = go()\n", "go()")), 5) == "   |     ^^^^");  // a combining accent
  CHECK(line(full(one("a.py", "\tif x:\tgo()\n", "go()")), 5) == "   |              ^^^^");
  CHECK(line(full(one("a.py", "go(\n1)\n", "go(\n1)")), 5) == "   | ^^^");
  CHECK(line(full(one("a.py", "go()\r\n", "go()\r\n")), 5) == "   | ^^^^");
  CHECK(line(full(one("a.py", "go()", "")), 5) == "   | ^");
}

TEST_CASE("a long line is shown around the place") {
  std::string text = full(one("a.py", std::string(3000000, 'a') + "go()" + std::string(3000000, 'b'), "go()"));
  CHECK(text.size() < 1000);
  std::string source = line(text, 4), carets = line(text, 5);
  CHECK(source.starts_with(" 1 | …a"));
  CHECK(source.ends_with("b…"));
  CHECK(source.find("go()") - 2 == carets.find("^^^^"));  // the ellipsis is three bytes wide
}

TEST_CASE("nothing from a file steers the terminal") {
  engine::Analysis a = one("a\x1b[2J\n::error::x.py", "\x1b]0;x\x07 = '\xE2\x80\xAE' + go() \xC2\x9B\n", "go()");
  a.result.findings[0].message = "name 'a\x1b[31m\nb\u202E'";
  std::string text = full(a);
  for (std::string_view bad : {"\x1b", "\x07", "\xC2\x9B", "\xE2\x80\xAE"}) CHECK(text.find(bad) == std::string::npos);
  CHECK(text.find("a␛[2J\\n::error::x.py:1:") != std::string::npos);
  CHECK(text.find("name 'a␛[31m\\nb\uFFFD'") != std::string::npos);
  CHECK(line(text, 5).find("^^^^") != std::string::npos);
}

TEST_CASE("a file that could not be read has no source to show") {
  engine::Analysis a;
  a.files.push_back({.path = "gone.py"});
  engine::Finding finding;
  finding.code = "PSM903";
  finding.name = "unreadable-source";
  finding.message = "no such file";
  finding.severity = engine::Severity::error;
  a.result.findings.push_back(finding);
  CHECK(full(a) == "error[PSM903] unreadable-source: no such file\n  --> gone.py:1:1\n\n");
}
