#include <catch2/catch_test_macros.hpp>
#include <algorithm>
#include <fstream>
#include <iterator>

#include <llvm/Support/JSON.h>

#include "analyzer/reporters/version.h"
#include "tests/unit/reporters/sample.h"

using namespace forklint;
using namespace forklint::reporters;

namespace {

template <class Print, class... Arguments>
std::string printed(Print print, const engine::Analysis& analysis, Arguments... arguments) {
  std::string out;
  print(out, analysis, arguments...);
  return out;
}

llvm::json::Object json_of(const engine::Analysis& analysis) {
  auto value = llvm::json::parse(printed(print_json, analysis));
  REQUIRE(bool(value));
  return std::move(*value->getAsObject());
}

}  // namespace

TEST_CASE("concise is a line a finding") {
  CHECK(printed(print_concise, sample::analysis(), Style{}) ==
        "app.py:6:15: PSM201 a lambda cannot be sent to a child process [spawn, forkserver]\n"
        "app.py:8:1: PSM101 a process is launched when this module is imported [spawn, forkserver]\n");
  engine::Analysis a = sample::analysis();
  a.files[0].path = "x\n::error file=a.py::\x1b[1m.py";
  std::string out = printed(print_concise, a, Style{});
  CHECK(std::ranges::count(out, '\n') == 2);
  CHECK(out.find('\x1b') == std::string::npos);
}

TEST_CASE("the matrix is a table with notes") {
  CHECK(printed(print_matrix, sample::analysis(), Style{}) ==
        "launch      launcher  chosen by  fork  spawn              forkserver\n"
        "───────────────────────────────────────────────────────────────────────────\n"
        "app.py:8    Process   default    ok    RuntimeError [1]   storms [1]\n"
        "tools.py:2  Process   explicit   -     PicklingError [2]  PicklingError [2]\n"
        "\n"
        "  ok         works\n"
        "  SomeError  this exception is raised, in the parent or in the child\n"
        "  storms     children start children without end\n"
        "  -          this launch cannot start that way\n"
        "\n"
        "[1] PSM101 launch-at-import: a process is launched when this module is imported\n"
        "    app.py:8:1\n"
        "[2] PSM201 unpicklable-callable: a lambda cannot be sent to a child process\n"
        "    app.py:6:15\n");
}

TEST_CASE("the matrix names launchers in full where there is room, and threading where some launch can use it") {
  engine::Analysis a = sample::analysis();
  std::string wide = printed(print_matrix, a, Style{.width = 120});
  CHECK(wide.find("app.py:8    multiprocessing.Process  default ") != std::string::npos);
  CHECK(wide.find("threading") == std::string::npos);
  a.result.launches[0].methods |= engine::StartMethod::threading;
  a.result.findings[0].launch = -1;
  a.result.launches[1].findings.clear();
  wide = printed(print_matrix, a, Style{.width = 120});
  CHECK(wide.substr(0, wide.find('\n')).ends_with("forkserver     threading"));
  CHECK(wide.find("?  ") != std::string::npos);  // nothing is said of threading there
  CHECK(wide.find("\nNot tied to a launch\n- PSM201 ") != std::string::npos);
}

TEST_CASE("a matrix without launches says so") {
  engine::Analysis a;
  a.result.files_seen = 1;
  CHECK(printed(print_matrix, a, Style{}) == "No launches in 1 file\n");
}

TEST_CASE("json is the object of the design") {
  llvm::json::Object root = json_of(sample::analysis());
  CHECK(*root.getInteger("schema_version") == 1);
  CHECK(*root.getObject("tool")->getString("name") == "forklint");
  CHECK(std::string_view(*root.getObject("tool")->getString("version")) == version);

  const llvm::json::Array& findings = *root.getArray("findings");
  REQUIRE(findings.size() == 2);
  const llvm::json::Object& lambda = *findings[0].getAsObject();
  CHECK(*lambda.getString("code") == "PSM201");
  CHECK(*lambda.getString("name") == "unpicklable-callable");
  CHECK(*lambda.getString("severity") == "error");
  CHECK(*lambda.getString("confidence") == "certain");
  CHECK(*lambda.getString("path") == "app.py");
  CHECK(*lambda.getInteger("launch") == 1);
  const llvm::json::Object& range = *lambda.getObject("range");
  CHECK(*range.getObject("start")->getInteger("line") == 6);
  CHECK(*range.getObject("start")->getInteger("column") == 15);
  CHECK(*range.getObject("end")->getInteger("column") == 24);
  CHECK(lambda.getObject("outcomes")->size() == 2);
  CHECK(*lambda.getObject("outcomes")->getString("spawn") == "raises:PicklingError");
  REQUIRE(lambda.getArray("labels")->size() == 2);
  CHECK(*(*lambda.getArray("labels"))[1].getAsObject()->getString("path") == "tools.py");
  CHECK(*(*lambda.getArray("labels"))[1].getAsObject()->getString("text") == "launched here");
  CHECK(*(*lambda.getArray("fixes"))[0].getAsObject()->getString("safety") == "display");

  const llvm::json::Array& launches = *root.getArray("launches");
  REQUIRE(launches.size() == 2);
  const llvm::json::Object& launch = *launches[1].getAsObject();
  CHECK(*launch.getString("launcher") == "multiprocessing.Process");
  CHECK(*launch.getString("chosen_by") == "explicit");
  CHECK(launch.getArray("methods")->size() == 2);
  CHECK(*launch.getObject("outcomes")->getString("fork") == "unavailable");
  CHECK(*(*launch.getArray("findings"))[0].getAsInteger() == 0);

  CHECK(*root.getObject("files")->getInteger("seen") == 3);
  CHECK(*root.getObject("files")->getInteger("analysed") == 2);
  CHECK(*(*root.getObject("files")->getArray("skipped"))[0].getAsObject()->getString("path") == "big.py");
}

TEST_CASE("json stays valid whatever names and messages hold, and counts columns in characters") {
  engine::Analysis a = sample::analysis();
  a.files[0] = sample::file("b\xFF\"\n\x1b.py", "é日 = lambda: 1\n");
  a.result.findings.resize(1);
  a.result.findings[0].place = sample::at(a, 0, "lambda: 1");
  a.result.findings[0].labels.clear();
  a.result.findings[0].message = "\x80 \xED\xA0\x80 \\ \x01";
  a.result.findings[0].launch = -1;
  llvm::json::Object root = json_of(a);
  const llvm::json::Object& finding = *(*root.getArray("findings"))[0].getAsObject();
  CHECK(*finding.getString("path") == "b\xEF\xBF\xBD\"\n\x1b.py");
  CHECK(*finding.getObject("range")->getObject("start")->getInteger("column") == 6);
  CHECK(finding.get("launch")->getAsNull());
}

TEST_CASE("statistics and summary") {
  engine::Analysis a = sample::analysis();
  for (int i = 0; i < 10; ++i) a.result.findings.push_back(a.result.findings[0]);
  CHECK(printed(print_statistics, a, Style{}) == "11  PSM201  unpicklable-callable\n 1  PSM101  launch-at-import\n");
  CHECK(printed(print_statistics_json, a).find("\"count\": 11") != std::string::npos);
  CHECK(printed(print_summary, a, Style{}) ==
        "12 findings (11 errors, 1 warning) in 3 files\nskipped big.py: 5 MiB is more than 4 MiB\n");
  a.result.findings.clear();
  a.result.skipped.clear();
  a.result.files_seen = 1;
  CHECK(printed(print_summary, a, Style{}) == "No findings in 1 file\n");
}

TEST_CASE("outcomes are told in words") {
  CHECK(phrase("raises:TypeError") == "raises TypeError");
  CHECK(phrase("crashes:SIGSEGV") == "crashes with SIGSEGV");
  CHECK(phrase("exits:3") == "exits with status 3");
  CHECK(phrase("wrong") == "finishes with a wrong result");
  CHECK(phrase("raises:\x1b[1m").find('\x1b') == std::string::npos);
}

TEST_CASE("the version is that of the build") {
  std::ifstream in(FORKLINT_SOURCE_DIR "/CMakeLists.txt");
  std::string text(std::istreambuf_iterator<char>(in), {});
  CHECK(text.find("project(forklint VERSION " + std::string(version) + " ") != std::string::npos);
}

TEST_CASE("where the matrix is too wide, the folder of all launches is said once") {
  engine::Analysis a = sample::analysis();
  a.files[0].path = "some/long/folder/apps/app.py";
  a.files[1].path = "some/long/folder/apart/tools.py";
  std::string out = printed(print_matrix, a, Style{});
  CHECK(out.starts_with("in some/long/folder/\nlaunch "));
  CHECK(out.find("\napps/app.py:8 ") != std::string::npos);
  CHECK(out.find("\napart/tools.py:2 ") != std::string::npos);
  CHECK(printed(print_matrix, a, Style{.width = 120}).starts_with("launch "));
}

TEST_CASE("and how the method is chosen, when it is the same for all") {
  engine::Analysis a = sample::analysis();
  a.files[0].path = "application_with_long_name.py";
  CHECK(printed(print_matrix, a, Style{}).starts_with("launch  "));  // default and explicit
  a.result.launches[1].chosen_by = "default";
  CHECK(printed(print_matrix, a, Style{}).starts_with("chosen by: default\nlaunch  "));
  CHECK(printed(print_matrix, a, Style{}).find("chosen by  ") == std::string::npos);
}
